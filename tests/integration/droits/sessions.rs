//! What the cases of droits cannot show: a token that is renewed, callers at the same time, races lost, a large
//! establishment.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex};

use acceptance::api::{Api, Caller};
use acceptance::world::{Settings, World};
use aws_sdk_dynamodb::Client;
use domain::api_key::Scope;
use domain::droits::account::Establishment;
use domain::droits::perimeter::GeoCode;
use domain::reference::territory;
use engines::Fault;
use http::{Method, StatusCode};
use passerelle::store::droits::DroitsStore;
use passerelle_local::demo::data::droits::{self as demonstration, ESTABLISHMENT};
use passerelle_local::demo::data::droits::{PASSWORD, PEOPLE, directory};
use serde_json::{Value, json};
use tokio::task::JoinSet;

/// A world with the demonstration's people and data, and ZLV's API.
struct Droits {
    world: World,
    api: Api,
}

impl Droits {
    async fn start() -> Self {
        Self::start_with(BTreeMap::new()).await
    }

    async fn start_with(variables: BTreeMap<String, String>) -> Self {
        let world = World::with(Settings { directory: directory(), variables, ..Settings::default() }).await;
        demonstration::load(&world.stack).await.unwrap();
        Self { api: world.droits(), world }
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
    for version in ["v1", "v2"] {
        renews_its_token_once(version).await;
    }
}

/// The stand-in takes each version's tokens with their own scheme only.
async fn renews_its_token_once(version: &str) {
    let droits = Droits::start_with(BTreeMap::from([("PORTAIL_DF_API".to_owned(), version.to_owned())])).await;
    assert_eq!(droits.signed_in().await["rightsChecked"], true);
    assert_eq!(droits.world.portail_df.take_requests(), 5);
    droits.world.portail_df.revoke_tokens();
    assert_eq!(droits.signed_in().await["rightsChecked"], true);
    // Refused, then a token, then the four calls of a sign-in.
    assert_eq!(droits.world.portail_df.take_requests(), 6);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn creations_at_the_same_time_make_one_account() {
    let droits = Droits::start().await;
    let email = "nouvelle@strasbourg.demo.fr";
    let mut directory = directory();
    let entries = directory.users[PEOPLE[0].email].clone();
    let own = entries.into_iter().map(|mut entry| {
        entry["email"] = email.into();
        entry
    });
    directory.users.insert(email.to_owned(), own.collect());
    droits.world.portail_df.replace(directory);
    let manage = droits.world.caller("zlv", Scope::Manage).await;
    let prospects = json!({"items": [{"email": email, "hasAccount": true, "hasCommitment": true}]});
    let loaded = droits.api.send(&Method::PUT, "/management/prospects", &manage, Some(&prospects)).await;
    assert_eq!(loaded.status, StatusCode::OK);

    let mut creations = JoinSet::new();
    for _ in 0..8 {
        let (api, manage) = (droits.api.clone(), manage.clone());
        creations.spawn(async move {
            let body = json!({"email": email, "password": PASSWORD, "establishmentId": ESTABLISHMENT});
            api.send(&Method::POST, "/users/creation", &manage, Some(&body)).await.status
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

/// How often a transaction that meets another is sent before what it writes is decided again.
const TRIES: usize = 5;

#[tokio::test]
async fn a_decision_is_audited_once_it_took_effect_however_often_it_was_taken() {
    let droits = Droits::start().await;
    let log = Log::start();
    droits.world.stack.engines().faults().inject("TransactWriteItems", Fault::Conflict, 2 * TRIES);
    droits.signed_in().await;
    assert_eq!(droits.world.stack.engines().faults().waiting("TransactWriteItems"), 0);
    assert_eq!(log.audited(), ["accepted"]);
    // Portail DF was asked once: what it said does not change because somebody else wrote.
    assert_eq!(droits.world.portail_df.take_requests(), 5);

    droits.world.stack.engines().faults().inject("TransactWriteItems", Fault::Conflict, 8 * TRIES);
    let body = json!({"email": PEOPLE[0].email, "password": PASSWORD});
    let answer = droits.api.send(&Method::POST, "/authenticate", &Caller::default(), Some(&body)).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(log.audited(), ["accepted"]);
}

#[tokio::test]
async fn an_establishment_of_five_thousand_communes_is_asked_little() {
    let droits = Droits::start().await;
    let table = droits.world.stack.variables("RightsChecker")["DROITS_TABLE"].clone();
    let store = DroitsStore::new(Client::new(droits.world.stack.sdk()), table);
    let before = store.establishment(ESTABLISHMENT).await.unwrap().unwrap();
    let alsace = territory::departement("67").unwrap().communes();
    let others = territory::communes().take(4_500);
    let geo_codes = others.chain(alsace).filter_map(|commune| GeoCode::parse(commune.code())).collect::<Vec<_>>();
    assert!(geo_codes.len() > 4_900);
    store.load_establishment(&Establishment { geo_codes, ..before }).await.unwrap();

    let session = droits.signed_in().await;
    // The perimeter is one département: the rest of the establishment is not seen.
    assert_eq!(session["effectiveGeoCodes"].as_array().unwrap().len(), 514);
    let caller = Caller::key(session["accessToken"].as_str().unwrap());
    // Four reads say who calls, six say where there is housing; the rest is the page itself.
    for (path, calls) in [("/housing?limit=2", 13), ("/housing/count", 10), ("/owners", 20), ("/localities", 10)] {
        droits.world.stack.engines().meter().start();
        let answer = droits.api.send(&Method::GET, path, &caller, None).await;
        let made = droits.world.stack.engines().meter().stop();
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        assert!(made.len() <= calls, "{path}: {} calls", made.len());
    }
}
