//! What the cases of droits cannot show: a token that is renewed, callers at the same time, races lost, a large
//! establishment.

use std::io;
use std::sync::{Arc, Mutex};

use acceptance::api::{Api, Caller};
use aws_sdk_dynamodb::Client;
use domain::api_key::Scope;
use domain::droits::account::Establishment;
use domain::droits::perimeter::GeoCode;
use domain::reference::territory;
use engines::{Fault, Storage};
use http::{Method, StatusCode};
use passerelle::platform::clock::Clock;
use passerelle::store::droits::DroitsStore;
use passerelle_local::demo::data::droits::{self as demonstration, ESTABLISHMENT};
use passerelle_local::demo::data::droits::{PASSWORD, PEOPLE, directory};
use passerelle_local::stack::{Stack, StackOptions};
use passerelle_local::stand_ins::portail_df::PortailDf;
use serde_json::{Value, json};
use tokio::task::JoinSet;

struct World {
    stack: Stack,
    portail_df: PortailDf,
    api: Api,
}

impl World {
    async fn start() -> Self {
        let portail_df = PortailDf::start(directory()).await.unwrap();
        let options = StackOptions::new(Storage::Memory, Clock::system()).with("PORTAIL_DF_URL", portail_df.url());
        let stack = Stack::start(options).await.unwrap();
        demonstration::load(&stack).await.unwrap();
        let api = Api::under("/droits/v1", stack.api());
        Self { stack, portail_df, api }
    }

    async fn signed_in(&self) -> Value {
        let body = json!({"email": PEOPLE[0].email, "password": PASSWORD});
        let answer = self.api.send(&Method::POST, "/authenticate", &Caller::default(), Some(&body)).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        answer.body
    }
}

#[tokio::test]
async fn a_token_refused_by_portail_df_is_renewed_once() {
    let world = World::start().await;
    assert_eq!(world.signed_in().await["rightsChecked"], true);
    assert_eq!(world.portail_df.take_requests(), 5);
    world.portail_df.revoke_tokens();
    assert_eq!(world.signed_in().await["rightsChecked"], true);
    // Refused, then a token, then the four calls of a sign-in.
    assert_eq!(world.portail_df.take_requests(), 6);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn creations_at_the_same_time_make_one_account() {
    let world = World::start().await;
    let email = "nouvelle@strasbourg.demo.fr";
    let mut directory = directory();
    let entries = directory.users[PEOPLE[0].email].clone();
    directory.users.insert(email.to_owned(), entries);
    world.portail_df.replace(directory);
    let manage = Caller::key(&world.stack.issue_key("zlv", Scope::Manage).await.unwrap());
    let prospects = json!({"items": [{"email": email, "hasAccount": true, "hasCommitment": true}]});
    let loaded = world.api.send(&Method::PUT, "/management/prospects", &manage, Some(&prospects)).await;
    assert_eq!(loaded.status, StatusCode::OK);

    let mut creations = JoinSet::new();
    for _ in 0..8 {
        let api = world.api.clone();
        creations.spawn(async move {
            let body = json!({"email": email, "password": PASSWORD, "establishmentId": ESTABLISHMENT});
            api.send(&Method::POST, "/users/creation", &Caller::default(), Some(&body)).await.status
        });
    }
    let answers = creations.join_all().await;
    assert_eq!(answers.iter().filter(|status| **status == StatusCode::CREATED).count(), 1, "{answers:?}");
    let refused = |status: &StatusCode| matches!(*status, StatusCode::NOT_FOUND | StatusCode::CONFLICT);
    assert_eq!(answers.iter().filter(|status| refused(status)).count(), 7, "{answers:?}");
}

/// What is logged on this thread while it lives.
struct Log {
    lines: Lines,
    _subscriber: tracing::subscriber::DefaultGuard,
    /// With one dispatcher only, `tracing` asks that of whichever thread comes first whether anybody listens: another
    /// test's thread, where nobody does.
    _second: tracing::Dispatch,
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn start() -> Self {
        let lines = Lines::default();
        let writer = lines.clone();
        let subscriber = tracing_subscriber::fmt().json().with_writer(move || writer.clone()).finish();
        let second = tracing::Dispatch::new(tracing_subscriber::fmt().with_writer(io::sink).finish());
        Self { lines, _subscriber: tracing::subscriber::set_default(subscriber), _second: second }
    }

    /// The outcomes in the audit log so far.
    fn audited(&self) -> Vec<String> {
        let written = String::from_utf8(self.lines.0.lock().unwrap().clone()).unwrap();
        let lines = written.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let audited = lines.filter(|line| line["target"] == "audit");
        audited.map(|line| line["fields"]["outcome"].as_str().unwrap().to_owned()).collect()
    }
}

#[tokio::test]
async fn a_decision_is_audited_once_it_took_effect_however_often_it_was_taken() {
    let world = World::start().await;
    let log = Log::start();
    world.stack.engines().faults().inject("TransactWriteItems", Fault::Conflict, 2);
    world.signed_in().await;
    assert_eq!(world.stack.engines().faults().waiting("TransactWriteItems"), 0);
    assert_eq!(log.audited(), ["accepted"]);
    // Portail DF was asked once: what it said does not change because somebody else wrote.
    assert_eq!(world.portail_df.take_requests(), 5);

    world.stack.engines().faults().inject("TransactWriteItems", Fault::Conflict, 8);
    let body = json!({"email": PEOPLE[0].email, "password": PASSWORD});
    let answer = world.api.send(&Method::POST, "/authenticate", &Caller::default(), Some(&body)).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(log.audited(), ["accepted"]);
}

#[tokio::test]
async fn an_establishment_of_five_thousand_communes_is_asked_little() {
    let world = World::start().await;
    let table = world.stack.variables("RightsChecker")["DROITS_TABLE"].clone();
    let store = DroitsStore::new(Client::new(world.stack.sdk()), table);
    let before = store.establishment(ESTABLISHMENT).await.unwrap().unwrap();
    let alsace = territory::departement("67").unwrap().communes();
    let others = territory::communes().take(4_500);
    let geo_codes = others.chain(alsace).filter_map(|commune| GeoCode::parse(commune.code())).collect::<Vec<_>>();
    assert!(geo_codes.len() > 4_900);
    store.load_establishment(&Establishment { geo_codes, ..before }).await.unwrap();

    let session = world.signed_in().await;
    // The perimeter is one département: the rest of the establishment is not seen.
    assert_eq!(session["effectiveGeoCodes"].as_array().unwrap().len(), 514);
    let caller = Caller::key(session["accessToken"].as_str().unwrap());
    // Four reads say who calls, six say where there is housing; the rest is the page itself.
    for (path, calls) in [("/housing?limit=2", 13), ("/housing/count", 10), ("/owners", 20), ("/localities", 10)] {
        world.stack.engines().meter().start();
        let answer = world.api.send(&Method::GET, path, &caller, None).await;
        let made = world.stack.engines().meter().stop();
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        assert!(made.len() <= calls, "{path}: {} calls", made.len());
    }
}
