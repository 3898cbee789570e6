//! The runner itself, on cases made to fail: a runner that lets a difference pass is worse than none.

use std::process::Output;

use acceptance::workspace::{cargo, root};

fn run(filter: Option<&str>) -> Output {
    let mut command = cargo("test").unwrap();
    command
        .args(["--quiet", "--test", "cases", "--"])
        .args(filter)
        .env("CASES_DIR", root().join("tests/integration/case_runner/fixtures"));
    command.output().unwrap()
}

#[test]
fn every_difference_and_every_unknown_construct_fails_its_case() {
    let output = run(None);
    let lines = String::from_utf8(output.stdout).unwrap();
    let mut counts = [0, 0];
    for line in lines.lines().filter(|line| line.contains('-') && !line.contains("not-a-list")) {
        let passes = line.starts_with("ok PASSES-");
        let unknown = line.starts_with("FAILED UNKNOWN-") && line.contains("construction inconnue");
        let differs = line.starts_with("FAILED DIFFERS-") && line.contains(": étape ");
        assert!(passes || unknown || differs, "{line}");
        counts[usize::from(!passes)] += 1;
    }
    assert_eq!(counts, [3, 20], "{lines}");
    assert!(lines.contains("not-a-list.json: ce n'est pas une liste de cas"), "{lines}");
    assert_eq!(lines.lines().last(), Some("3 passed, 21 failed"));
    assert!(!output.status.success());
}

#[test]
fn a_filter_keeps_the_cases_whose_id_contains_it() {
    let output = run(Some("ES-PURE"));
    let lines = String::from_utf8(output.stdout).unwrap();
    assert_eq!(lines.lines().filter(|line| line.starts_with("ok ")).count(), 1, "{lines}");
    assert!(lines.contains("ok PASSES-PURE une règle pure"), "{lines}");
}
