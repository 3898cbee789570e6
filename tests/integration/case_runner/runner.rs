//! The runner itself, on cases made to fail: a runner that lets a difference pass is worse than none.

use acceptance::cases::Folder;
use acceptance::workspace::root;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_difference_and_every_unknown_construct_fails_its_case() {
    let folder = Folder::read(&root().join("tests/integration/case_runner/fixtures")).unwrap();
    let [(file, fault)] = &folder.unreadable[..] else { panic!("{:?}", folder.unreadable) };
    assert!(file.ends_with("not-a-list.json") && fault == "ce n'est pas une liste de cas", "{file}: {fault}");
    let mut counts = [0, 0];
    for case in &folder.cases {
        let outcome = case.run(None).await;
        match (case.id.split('-').next().unwrap(), &outcome) {
            ("PASSES", Ok(())) => counts[0] += 1,
            ("UNKNOWN", Err(difference)) if difference.contains("construction inconnue") => counts[1] += 1,
            ("DIFFERS", Err(difference)) if difference.starts_with("étape ") => counts[1] += 1,
            _ => panic!("{}: {outcome:?}", case.id),
        }
    }
    assert_eq!(counts, [3, 20]);
}
