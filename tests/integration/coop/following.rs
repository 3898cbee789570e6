//! What the cases of the coop cannot show: callers at the same time, what breaks off, a Brevo that is down all day.

use acceptance::api::{Answer, Api, Caller};
use acceptance::measured;
use acceptance::world::{Settings, World};
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_sqs::types::QueueAttributeName;
use chrono::TimeDelta;
use domain::api_key::Scope;
use domain::coop::run::EmploiTotals;
use engines::Fault;
use http::{Method, StatusCode};
use passerelle::store::coop::CoopStore;
use passerelle::store::error::CommitError;
use passerelle_local::stand_ins::dataspace::Answer as Told;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use uuid::Uuid;

/// Enough for the SDK's own repetitions to fail too.
const PERSISTENT: usize = 4;

/// A world, and La Coop's own server in it.
pub struct Coop {
    pub world: World,
    api: Api,
    caller: Caller,
}

impl Coop {
    /// A Dataspace that says `payload` of everybody.
    pub async fn start(payload: &Value) -> Self {
        let now = "2026-04-02T00:00:00Z".parse().unwrap();
        let world = World::with(Settings { now, ..Settings::default() }).await;
        world.dataspace.answer_everyone(Told::Person(payload.clone()));
        Self { api: world.coop(), caller: world.caller("coop", Scope::Sync).await, world }
    }

    async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Value {
        let Answer { status, body, .. } = self.api.send(&method, path, &self.caller, body).await;
        assert!(status.is_success(), "{method} {path}: {status} {body}");
        body
    }

    pub async fn register(&self, users: usize) -> Vec<Uuid> {
        let ids: Vec<Uuid> = (1..=users as u128).map(Uuid::from_u128).collect();
        for id in &ids {
            let body = json!({"email": format!("u{}@example.fr", id.as_u128()), "prenom": "A", "nom": "B"});
            self.send(Method::PUT, &format!("/users/{id}"), Some(&body)).await;
        }
        ids
    }

    /// The same request at the same time for all of these users, a user named twice twice.
    async fn all_at_once(&self, users: impl IntoIterator<Item = Uuid>, route: &str) {
        let mut tasks = JoinSet::new();
        for id in users {
            let (api, caller, path) = (self.api.clone(), self.caller.clone(), format!("/users/{id}/{route}"));
            tasks.spawn(async move { api.send(&Method::POST, &path, &caller, None).await });
        }
        for answer in tasks.join_all().await {
            assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        }
    }

    async fn view(&self, user: Uuid) -> Value {
        self.send(Method::GET, &format!("/users/{user}"), None).await
    }

    async fn changes(&self, user: Uuid) -> Vec<Value> {
        let page = self.send(Method::GET, &format!("/users/{user}/changes"), None).await;
        page["items"].as_array().unwrap().clone()
    }

    async fn run(&self) -> Value {
        self.send(Method::GET, "/sync-runs", None).await["items"][0].clone()
    }

    pub fn wait(&self, minutes: i64) {
        self.world.pass(TimeDelta::minutes(minutes));
    }
}

pub fn structure(siret: &str, debuts: &[&str]) -> Value {
    let contrats: Vec<Value> = debuts.iter().map(|debut| json!({"type": "CDD", "date_debut": debut})).collect();
    json!({
        "nom": format!("Structure {siret}"), "siret": siret, "contrats": contrats,
        "adresse": {"nom_voie": "Bourg", "code_postal": "35000", "code_insee": "35238", "nom_commune": "Rennes"},
    })
}

pub fn conseiller(structures: &[Value], lieux: &[Value]) -> Value {
    json!({
        "id": 7, "is_coordinateur": false, "is_conseiller_numerique": true,
        "structures_employeuses": structures, "lieux_activite": lieux,
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_user_followed_32_times_at_once_is_followed_once() {
    let coop = Coop::start(&conseiller(&[structure("20000137800013", &["2024-01-01", "2025-01-01"])], &[])).await;
    let [user] = coop.register(1).await[..] else { panic!("one user") };
    coop.all_at_once([user; 32], "dataspace-sync").await;
    let view = coop.view(user).await;
    assert_eq!((view["emplois"].as_array().unwrap().len(), view["structures"].as_array().unwrap().len()), (2, 1));
    let mut changes: Vec<String> =
        coop.changes(user).await.iter().map(|change| format!("{} {}", change["entity"], change["action"])).collect();
    changes.sort_unstable();
    assert_eq!(changes, [r#""emploi" "created""#, r#""emploi" "created""#, r#""user" "updated""#]);
    coop.world.stack.drain().await.unwrap();
    assert_eq!(coop.world.brevo.take().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn users_of_one_new_structure_followed_at_once_share_it() {
    let coop = Coop::start(&conseiller(&[structure("20000137800013", &["2024-01-01"])], &[])).await;
    let users = coop.register(32).await;
    coop.all_at_once(users.clone(), "dataspace-sync").await;
    let mut structures = Vec::new();
    for user in users {
        structures.push(coop.view(user).await["emplois"][0]["structure"]["id"].clone());
    }
    structures.dedup();
    assert_eq!(structures.len(), 1, "{structures:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn inscriptions_at_once_link_each_place_once() {
    let lieux = [structure("20000137800013", &[]), structure("20001370400016", &[])];
    let coop = Coop::start(&conseiller(&[], &lieux)).await;
    let [user] = coop.register(1).await[..] else { panic!("one user") };
    coop.all_at_once([user; 12], "inscription").await;
    let view = coop.view(user).await;
    assert_eq!((view["lieux"].as_array().unwrap().len(), &view["mediateur"]), (2, &json!(true)));
    let linked = coop.changes(user).await.iter().filter(|change| change["entity"] == "lieu").count();
    assert_eq!(linked, 2);
}

#[tokio::test]
async fn more_new_structures_than_one_transaction_carries_are_made_beforehand() {
    let structures: Vec<Value> = (0..60).map(|i| structure(&format!("{:014}", 300 + i), &["2024-01-01"])).collect();
    let coop = Coop::start(&conseiller(&structures, &[])).await;
    let [user] = coop.register(1).await[..] else { panic!("one user") };
    let report = coop.send(Method::POST, &format!("/users/{user}/dataspace-sync"), None).await;
    assert_eq!((&report["emplois"]["created"], &report["changes"]["structuresSynced"]), (&json!(60), &json!(60)));
    let again = coop.send(Method::POST, &format!("/users/{user}/dataspace-sync"), None).await;
    assert_eq!(again["emplois"]["unchanged"], 60);

    // The history is paged within what one synchronisation changed.
    let path = format!("/users/{user}/changes?limit=50");
    let first = coop.send(Method::GET, &path, None).await;
    let cursor = first["nextCursor"].as_str().unwrap();
    let second = coop.send(Method::GET, &format!("{path}&cursor={cursor}"), None).await;
    assert_eq!((second["items"].as_array().unwrap().len(), &second["nextCursor"]), (11, &Value::Null));
    let ids = [first, second].map(|page| page["items"].as_array().unwrap().clone()).concat();
    let ids: std::collections::BTreeSet<&str> = ids.iter().map(|change| change["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), 61);
}

#[tokio::test]
async fn a_user_who_cannot_be_read_fails_alone_three_times_and_is_kept_as_a_dead_letter() {
    measured::start();
    let coop = Coop::start(&conseiller(&[structure("20000137800013", &["2024-01-01"])], &[])).await;
    let users = coop.register(3).await;
    let dynamodb = aws_sdk_dynamodb::Client::new(coop.world.stack.sdk());
    let variables = coop.world.stack.variables("DataspaceSync");
    let text = |text: &str| AttributeValue::S(text.to_owned());
    dynamodb
        .put_item()
        .table_name(&variables["COOP_TABLE"])
        .item("PK", text(&format!("U#{}", users[1])))
        .item("SK", text("E#broken"))
        .send()
        .await
        .unwrap();
    coop.world.stack.run_nightly().await.unwrap();
    for _ in 0..3 {
        coop.world.stack.drain().await.unwrap();
        let run = coop.run().await;
        let counted = ["total", "synced", "failed", "pending"].map(|name| run[name].as_u64().unwrap());
        assert_eq!((counted, &run["status"]), ([3, 2, 1, 0], &json!("completed")));
        coop.wait(30);
    }
    let queue = aws_sdk_sqs::Client::new(coop.world.stack.sdk());
    let dead = queue
        .get_queue_attributes()
        .queue_url(&variables["SYNCS_DEAD_LETTER_QUEUE_URL"])
        .attribute_names(QueueAttributeName::ApproximateNumberOfMessages)
        .send()
        .await
        .unwrap();
    assert_eq!(dead.attributes.unwrap()[&QueueAttributeName::ApproximateNumberOfMessages], "1");
    // No acceptance case brings this about: functions/dataspace-sync/permissions.txt sends its reader here.
    let used = coop.world.stack.permissions_used("DataspaceSync");
    assert!(used.contains("sqs:SendMessage SYNCS_DEAD_LETTER_QUEUE_URL"), "{used:?}");
    assert!(measured::seen().contains("SyncsGivenUp"));
}

#[tokio::test]
async fn a_run_ends_whichever_of_its_updates_fails() {
    let mut survived = 0;
    for before in 0.. {
        let coop = Coop::start(&conseiller(&[structure("20000137800013", &["2024-01-01"])], &[])).await;
        coop.register(2).await;
        let faults = coop.world.stack.engines().faults();
        faults.inject("UpdateItem", Fault::Pass, before);
        faults.inject("UpdateItem", Fault::ServerError, PERSISTENT);
        // What breaks off is taken up by the next schedule.
        let _ = coop.world.stack.run_nightly().await;
        for _ in 0..3 {
            let _ = coop.world.stack.drain().await;
            coop.wait(20);
        }
        let run = coop.run().await;
        let counted = ["total", "synced", "failed", "pending"].map(|name| run[name].as_u64().unwrap());
        assert_eq!((counted, &run["status"]), ([2, 2, 0, 0], &json!("completed")), "after {before} updates: {run}");
        if faults.waiting("UpdateItem") > 0 {
            break;
        }
        survived += 1;
    }
    assert!(survived > 4, "{survived} updates failed");
}

#[tokio::test]
async fn a_run_that_breaks_off_goes_on_and_counts_each_user_once() {
    let coop = Coop::start(&conseiller(&[structure("20000137800013", &["2024-01-01"])], &[])).await;
    let users = coop.register(8).await;
    // The listing breaks off: the sweep takes it up once its lease is over.
    coop.world.stack.engines().faults().inject("SendMessageBatch", Fault::ServerError, PERSISTENT);
    assert!(coop.world.stack.run_nightly().await.is_err());
    coop.wait(2);
    // How most users ended cannot be written down: their messages come again.
    coop.world.stack.engines().faults().inject("PutItem", Fault::Pass, 3);
    coop.world.stack.engines().faults().inject("PutItem", Fault::ServerError, 100);
    coop.world.stack.drain().await.unwrap();
    coop.world.stack.engines().faults().clear();
    let broken = coop.run().await;
    assert_eq!(broken["status"], "running", "{broken}");
    let settled = broken["synced"].as_u64().unwrap() as usize;
    assert!((1..users.len()).contains(&settled), "{broken}");
    let asked_before = coop.world.dataspace.take_requests();
    coop.wait(20);
    coop.world.stack.drain().await.unwrap();
    let run = coop.run().await;
    let counted = ["total", "synced", "failed", "pending"].map(|name| run[name].as_u64().unwrap());
    assert_eq!((counted, &run["status"], &run["emplois"]["seen"]), ([8, 8, 0, 0], &json!("completed"), &json!(0)));
    // What was done is not done again.
    assert_eq!((asked_before, coop.world.dataspace.take_requests()), (users.len(), users.len() - settled));
}

#[tokio::test]
async fn a_brevo_that_is_down_all_day_delays_contacts_and_nothing_else() {
    let coop = Coop::start(&conseiller(&[structure("20000137800013", &["2024-01-01"])], &[])).await;
    let [user] = coop.register(1).await[..] else { panic!("one user") };
    coop.world.brevo.fail_with(std::iter::repeat_n(503, 1_000));
    let report = coop.send(Method::POST, &format!("/users/{user}/dataspace-sync"), None).await;
    assert_eq!(report["changes"]["conseillerNumeriqueCreated"], true);
    for _ in 0..48 {
        coop.world.stack.drain().await.unwrap();
        coop.wait(30);
    }
    let tried = coop.world.brevo.take().len();
    assert!((8..=20).contains(&tried), "{tried} calls in a day");
    coop.world.brevo.fail_with([]);
    let renamed = json!({"email": "nouvelle@example.fr", "prenom": "A", "nom": "B"});
    coop.send(Method::PUT, &format!("/users/{user}"), Some(&renamed)).await;
    for _ in 0..48 {
        coop.world.stack.drain().await.unwrap();
        coop.wait(30);
    }
    // The address of the calls that failed may have been told all the same: it leaves the list first.
    let calls = coop.world.brevo.take();
    let [removal, upsert] = calls.as_slice() else { panic!("{calls:?}") };
    assert_eq!(removal.body["emails"], json!(["u1@example.fr"]));
    assert_eq!(upsert.body["email"], "nouvelle@example.fr");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_users_registered_at_once_with_one_email_one_is() {
    let coop = Coop::start(&conseiller(&[], &[])).await;
    let body = json!({"email": "camille@example.fr", "prenom": "A", "nom": "B"});
    let mut tasks = JoinSet::new();
    for id in (1..=16).map(Uuid::from_u128) {
        let (api, caller, body) = (coop.api.clone(), coop.caller.clone(), body.clone());
        tasks.spawn(async move { api.send(&Method::PUT, &format!("/users/{id}"), &caller, Some(&body)).await.status });
    }
    let mut statuses: Vec<u16> = tasks.join_all().await.iter().map(StatusCode::as_u16).collect();
    statuses.sort_unstable();
    assert_eq!((statuses[0], statuses[1..].iter().all(|status| *status == 409)), (201, true), "{statuses:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_stored_before_emails_had_keys_has_theirs_after_a_night() {
    let coop = Coop::start(&conseiller(&[], &[])).await;
    let [user] = coop.register(1).await[..] else { panic!("one user") };
    let dynamodb = aws_sdk_dynamodb::Client::new(coop.world.stack.sdk());
    let table = coop.world.stack.variables("DataspaceSync")["COOP_TABLE"].clone();
    let items = dynamodb.scan().table_name(&table).send().await.unwrap().items.unwrap();
    for key in items.iter().filter(|item| item["SK"] == AttributeValue::S("M".to_owned())) {
        let delete = dynamodb.delete_item().table_name(&table);
        delete.key("PK", key["PK"].clone()).key("SK", key["SK"].clone()).send().await.unwrap();
    }
    let update = dynamodb.update_item().table_name(&table).key("PK", AttributeValue::S(format!("U#{user}")));
    let update = update.key("SK", AttributeValue::S("U".to_owned())).update_expression("REMOVE holdsEmail");
    update.send().await.unwrap();
    coop.world.stack.run_nightly().await.unwrap();
    coop.world.stack.drain().await.unwrap();
    let body = json!({"email": "u1@example.fr", "prenom": "A", "nom": "B"});
    let other = coop.api.send(&Method::PUT, &format!("/users/{}", Uuid::from_u128(2)), &coop.caller, Some(&body)).await;
    assert_eq!(other.status, StatusCode::CONFLICT, "{}", other.body);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_attempt_that_broke_off_before_the_run_was_paused_is_held_back_too() {
    let coop = Coop::start(&conseiller(&[structure("20000137800013", &["2024-01-01"])], &[])).await;
    let [user] = coop.register(1).await[..] else { panic!("one user") };
    let (stack, now) = (&coop.world.stack, coop.world.clock.now());
    let table = stack.variables("DataspaceSync")["COOP_TABLE"].clone();
    let store = CoopStore::new(aws_sdk_dynamodb::Client::new(stack.sdk()), table);
    // The attempt that crossed the threshold added its totals, and stopped there.
    let run = store.start_run(Uuid::from_u128(9), now).await.unwrap();
    let crossing = EmploiTotals { seen: 60, removed: 60 };
    store.open_ticket(run.id, user, crossing).await.unwrap();
    let job = json!({"job": "sync", "run": run.id, "user": user, "attempt": 1}).to_string();
    let queue = &stack.variables("DataspaceSync")["SYNCS_QUEUE_URL"];
    let sqs = aws_sdk_sqs::Client::new(stack.sdk());
    sqs.send_message().queue_url(queue).message_body(job).send().await.unwrap();
    stack.drain().await.unwrap();
    let run = coop.run().await;
    assert_eq!((&run["status"], &run["emplois"]["removed"]), (&json!("paused"), &json!(0)), "{run}");
    assert_eq!(coop.view(user).await["emplois"], json!([]));
}

#[tokio::test]
async fn a_contact_that_brevo_never_takes_is_given_up_and_counted() {
    measured::start();
    let coop = Coop::start(&conseiller(&[structure("20000137800013", &["2024-01-01"])], &[])).await;
    let [user] = coop.register(1).await[..] else { panic!("one user") };
    coop.world.brevo.fail_with(std::iter::repeat_n(503, 1_000));
    coop.send(Method::POST, &format!("/users/{user}/dataspace-sync"), None).await;
    for _ in 0..20 {
        coop.world.stack.drain().await.unwrap();
        coop.wait(24 * 60);
    }
    assert!(measured::seen().contains("ContactsGivenUp"));
    assert!(!coop.world.brevo.take().is_empty());
    coop.world.stack.drain().await.unwrap();
    assert!(coop.world.brevo.take().is_empty(), "nothing is owed any more");
}

#[tokio::test]
async fn a_sweep_that_an_index_misleads_leaves_a_contact_alone() {
    let coop = Coop::start(&conseiller(&[], &[])).await;
    let [user] = coop.register(1).await[..] else { panic!("one user") };
    coop.send(Method::POST, &format!("/users/{user}/dataspace-sync"), None).await;
    let client = aws_sdk_dynamodb::Client::new(coop.world.stack.sdk());
    let store = CoopStore::new(client, coop.world.stack.variables("DataspaceSync")["COOP_TABLE"].clone());
    let now = coop.world.clock.now();
    let pending = store.pending_contact(user).await.unwrap().unwrap();
    let [due] = store.due_contacts(now + TimeDelta::minutes(1), 10).await.unwrap()[..] else { panic!("one contact") };
    // The call failed and waits for its pause, which the index does not show yet.
    store.retry_contact(&pending, now + TimeDelta::minutes(30)).await.unwrap();
    assert!(matches!(store.lease_contact(&due, now + TimeDelta::minutes(2)).await, Err(CommitError::Race)));
    let [due] = store.due_contacts(now + TimeDelta::minutes(30), 10).await.unwrap()[..] else { panic!("one contact") };
    store.lease_contact(&due, now + TimeDelta::minutes(31)).await.unwrap();
    let taken = store.lease_contact(&due, now + TimeDelta::minutes(31)).await;
    assert!(matches!(taken, Err(CommitError::Race)), "by another sweep, even until the same instant");
}
