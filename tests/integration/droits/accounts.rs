//! The life of an account of droits, as cases cannot show it: links in mails, addresses of callers, crashes.

use std::collections::BTreeMap;

use acceptance::api::{Answer, Api, Caller};
use acceptance::world::{Settings, World};
use aws_sdk_dynamodb::Client;
use domain::api_key::Scope;
use domain::droits::account::Role;
use domain::droits::perimeter::GeoCode;
use engines::Fault;
use http::{Method, StatusCode};
use passerelle::store::droits::DroitsStore;
use passerelle::store::transaction::Transaction;
use passerelle_local::demo::data::droits::{self as demonstration, ESTABLISHMENT, PASSWORD, PEOPLE, directory};
use serde_json::{Value, json};
use uuid::Uuid;

const NEW: &str = "nouvelle@strasbourg.demo.fr";

struct Droits {
    world: World,
    api: Api,
    zlv: Caller,
}

impl Droits {
    async fn start() -> Self {
        let mut directory = directory();
        let own = directory.users[PEOPLE[0].email].clone().into_iter().map(|mut entry| {
            entry["email"] = NEW.into();
            entry
        });
        directory.users.insert(NEW.to_owned(), own.collect());
        let variables = BTreeMap::from([("ADMIN_2FA".to_owned(), "true".to_owned())]);
        let world = World::with(Settings { directory, variables, ..Settings::default() }).await;
        demonstration::load(&world.stack).await.unwrap();
        let zlv = world.caller("zlv", Scope::Manage).await;
        Self { api: world.droits(), world, zlv }
    }

    fn store(&self) -> DroitsStore {
        DroitsStore::new(
            Client::new(self.world.stack.sdk()),
            self.world.stack.variables("RightsChecker")["DROITS_TABLE"].clone(),
        )
    }

    async fn post(&self, path: &str, caller: &Caller, body: Value) -> Answer {
        self.api.send(&Method::POST, path, caller, Some(&body)).await
    }

    async fn load(&self, kind: &str, items: Value) -> Answer {
        self.api.send(&Method::PUT, &format!("/management/{kind}"), &self.zlv, Some(&json!({"items": items}))).await
    }

    /// What was mailed since: to whom, and the text.
    async fn mails(&self) -> Vec<(String, String)> {
        self.world.stack.drain().await.unwrap();
        let read = |body: Value| {
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            (text(&body["to"][0]["email"]), text(&body["textContent"]))
        };
        self.world.brevo.take().into_iter().map(|call| read(call.body)).collect()
    }

    async fn sign_in(&self, email: &str, password: &str) -> Answer {
        self.post("/authenticate", &Caller::default(), json!({"email": email, "password": password})).await
    }

    async fn make_administrator(&self, email: &str) {
        let store = self.store();
        let stored = store.user_by_email(email).await.unwrap().unwrap();
        let mut admin = stored.user.clone();
        admin.role = Role::Admin;
        let mut transaction = Transaction::default();
        store.update_user(&mut transaction, &stored, &admin).unwrap();
        store.commit(transaction).await.unwrap();
    }

    /// The code in the one mail since.
    async fn code(&self) -> String {
        let mails = self.mails().await;
        mails[0].1.split(|c: char| !c.is_ascii_digit()).find(|part| part.len() == 6).unwrap().to_owned()
    }
}

fn token(mail: &str) -> &str {
    let (_, rest) = mail.split_once('#').unwrap();
    rest.split_whitespace().next().unwrap()
}

#[tokio::test]
async fn an_account_is_created_by_whoever_reads_the_mailbox_and_once() {
    let droits = Droits::start().await;
    let complete = json!([{"email": NEW, "hasAccount": true, "hasCommitment": true}]);
    assert_eq!(droits.load("prospects", complete).await.status, StatusCode::OK);
    let creation = json!({"email": NEW, "password": PASSWORD, "establishmentId": ESTABLISHMENT});
    let refused = droits.post("/users/creation", &Caller::default(), creation).await;
    assert_eq!(refused.problem(), Some("mailbox-not-proved"), "{}", refused.body);

    for email in [NEW, "inconnue@demo.fr", PEOPLE[0].email] {
        let answer = droits.post("/signup-links", &Caller::default(), json!({"email": email})).await;
        assert_eq!((answer.status, answer.bytes.len()), (StatusCode::ACCEPTED, 0), "{email}");
    }
    let mails = droits.mails().await;
    let [(to, text)] = mails.as_slice() else { panic!("{mails:?}") };
    assert_eq!(to, NEW);

    let with = |email: &str, token: &str| json!({"email": email, "password": PASSWORD, "establishmentId": ESTABLISHMENT, "signupToken": token});
    let anyone = Caller::default();
    for (email, token) in [(NEW, "autre"), (PEOPLE[1].email, token(text))] {
        let refused = droits.post("/users/creation", &anyone, with(email, token)).await;
        assert_eq!(refused.problem(), Some("mailbox-not-proved"), "{}", refused.body);
    }
    let created = droits.post("/users/creation", &anyone, with(NEW, token(text))).await;
    assert_eq!(created.status, StatusCode::CREATED, "{}", created.body);
    let again = droits.post("/users/creation", &anyone, with(NEW, token(text))).await;
    assert_eq!(again.problem(), Some("mailbox-not-proved"), "{}", again.body);
}

#[tokio::test]
async fn another_password_ends_every_session() {
    let droits = Droits::start().await;
    let email = PEOPLE[0].email;
    let session = Caller::key(droits.sign_in(email, PASSWORD).await.text("accessToken"));
    let establishments =
        async |caller: &Caller| droits.api.send(&Method::GET, "/establishments", caller, None).await.status;
    assert_eq!(establishments(&session).await, StatusCode::OK);

    let change = |current: &str| json!({"currentPassword": current, "password": "Motdepasse2027"});
    let refused = droits.post("/account/password", &session, change("Motdepasse2025")).await;
    assert_eq!(refused.problem(), Some("authentication-failed"));
    let changed = droits.post("/account/password", &session, change(PASSWORD)).await;
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.body);
    assert_eq!(establishments(&session).await, StatusCode::UNAUTHORIZED);
    let session = Caller::key(changed.text("accessToken"));
    assert_eq!(establishments(&session).await, StatusCode::OK);
    let signed_out = droits.api.send(&Method::POST, "/account/sign-out-everywhere", &session, None).await;
    assert_eq!(signed_out.status, StatusCode::NO_CONTENT);
    assert_eq!(establishments(&session).await, StatusCode::UNAUTHORIZED);

    for address in [email, "inconnue@demo.fr"] {
        let answer = droits.post("/password-resets", &Caller::default(), json!({"email": address})).await;
        assert_eq!(answer.status, StatusCode::ACCEPTED);
    }
    let mails = droits.mails().await;
    let [(_, text)] = mails.as_slice() else { panic!("{mails:?}") };
    let completion = json!({"token": token(text), "password": "Motdepasse2028"});
    let done = droits.post("/password-resets/completion", &Caller::default(), completion.clone()).await;
    assert_eq!(done.status, StatusCode::NO_CONTENT, "{}", done.body);
    let again = droits.post("/password-resets/completion", &Caller::default(), completion).await;
    assert_eq!(again.problem(), Some("mailbox-not-proved"));
    assert_eq!(droits.sign_in(email, "Motdepasse2027").await.problem(), Some("authentication-failed"));
    assert_eq!(droits.sign_in(email, "Motdepasse2028").await.status, StatusCode::OK);
}

#[tokio::test]
async fn failures_are_counted_by_address_and_e_mail_and_successes_are_not() {
    let droits = Droits::start().await;
    let email = PEOPLE[0].email;
    let from = async |caller: &Caller, address: &str, password: &str| {
        let body = json!({"email": email, "password": password});
        let headers = [("x-client-address", address)];
        droits.api.send_with(&Method::POST, "/authenticate", caller, Some(&body), &headers).await.status
    };
    for _ in 0..12 {
        assert_eq!(from(&droits.zlv, "198.51.100.20", PASSWORD).await, StatusCode::OK);
    }
    for _ in 0..10 {
        assert_eq!(from(&droits.zlv, "198.51.100.20", "Motdepasse2025").await, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(from(&droits.zlv, "198.51.100.20", PASSWORD).await, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(from(&droits.zlv, "198.51.100.21", PASSWORD).await, StatusCode::OK);
    // A header is believed from ZLV alone.
    for rank in 0..10 {
        let address = format!("198.51.100.{}", 30 + rank);
        assert_eq!(from(&Caller::default(), &address, "Motdepasse2025").await, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(from(&Caller::default(), "198.51.100.50", PASSWORD).await, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn strangers_lock_no_second_factor() {
    let droits = Droits::start().await;
    let email = PEOPLE[0].email;
    droits.make_administrator(email).await;

    let challenge = droits.sign_in(email, PASSWORD).await.text("challengeId").to_owned();
    let code = droits.code().await;
    let verify = async |challenge: Option<&str>, code: &str| {
        let body = json!({"email": email, "challengeId": challenge, "code": code});
        droits.post("/authenticate/verify-2fa", &Caller::default(), body).await
    };
    let wrong = if code == "000000" { "000001" } else { "000000" };
    for challenge in [None, Some(""), Some("5f0c0b1e-7a3d-4c52-9b5e-3d2b8f6a1c01"), None] {
        assert_eq!(verify(challenge, wrong).await.problem(), Some("two-factor-failed"));
        // Not even with the right code.
        assert_eq!(verify(challenge, &code).await.problem(), Some("two-factor-failed"));
    }
    assert_eq!(verify(Some(&challenge), &code).await.status, StatusCode::OK);
    assert_eq!(verify(Some(&challenge), &code).await.problem(), Some("two-factor-failed"));
}

#[tokio::test]
async fn what_ends_sessions_ends_a_sign_in_that_waits_for_its_code() {
    let droits = Droits::start().await;
    let email = PEOPLE[0].email;
    droits.make_administrator(email).await;
    let challenge = droits.sign_in(email, PASSWORD).await.text("challengeId").to_owned();
    let code = droits.code().await;

    // Whoever reads the mailbox of before has the code, and no session of the person it is given up for.
    let id = droits.store().user_by_email(email).await.unwrap().unwrap().user.id;
    let body = json!({"email": NEW});
    let moved = format!("/administration/users/{id}/email");
    assert_eq!(droits.api.send(&Method::PUT, &moved, &droits.zlv, Some(&body)).await.status, StatusCode::OK);
    for email in [email, NEW] {
        let body = json!({"email": email, "challengeId": challenge, "code": code});
        let answer = droits.post("/authenticate/verify-2fa", &Caller::default(), body).await;
        assert_eq!(answer.problem(), Some("two-factor-failed"), "{email}");
    }
}

fn housing(rank: u128) -> Value {
    json!({"id": Uuid::from_u128(10_000 + rank), "geoCode": "67462", "status": 1, "ownerIds": [Uuid::from_u128(rank % 7)]})
}

#[tokio::test]
async fn a_thousand_housing_of_one_commune_load_while_transactions_conflict() {
    let droits = Droits::start().await;
    let faults = droits.world.stack.engines().faults();
    for _ in 0..40 {
        faults.inject("TransactWriteItems", Fault::Conflict, 2);
        faults.inject("TransactWriteItems", Fault::Pass, 1);
    }
    let items: Value = (0..1_000).map(housing).collect();
    droits.world.stack.engines().meter().start();
    let loaded = droits.load("housing", items.clone()).await;
    let made = droits.world.stack.engines().meter().stop();
    assert_eq!(loaded.status, StatusCode::OK, "{}", loaded.body);
    let transactions = made.iter().filter(|call| call.operation == "TransactWriteItems").count();
    assert!(transactions < 100, "{transactions} transactions");
    faults.clear();
    let again = droits.load("housing", items).await;
    assert_eq!(again.status, StatusCode::OK);
    let commune = GeoCode::parse("67462").unwrap();
    let counted = droits.store().occupied(Some(&[commune]), None).await.unwrap();
    assert_eq!(counted, [(commune, 1_000)]);
}

#[tokio::test]
async fn loading_again_heals_what_a_crash_left() {
    let droits = Droits::start().await;
    let event = json!([{"id": Uuid::from_u128(9), "name": "Visite", "housingId": Uuid::from_u128(10_001)}]);
    assert_eq!(droits.load("events", event).await.status, StatusCode::OK);
    let commune = GeoCode::parse("67462").unwrap();
    let listed = async || droits.store().events(Some((&[commune], &[])), None, 10).await.unwrap().items.len();
    let faults = droits.world.stack.engines().faults();
    faults.inject("TransactWriteItems", Fault::Pass, 1);
    faults.inject("TransactWriteItems", Fault::ServerError, 20);
    assert_ne!(droits.load("housing", json!([housing(1)])).await.status, StatusCode::OK);
    assert_eq!(listed().await, 0, "the housing is there, its event is not");
    faults.clear();
    assert_eq!(droits.load("housing", json!([housing(1)])).await.status, StatusCode::OK);
    assert_eq!(listed().await, 1);
}

#[tokio::test]
async fn an_operator_changes_deletes_and_erases() {
    let droits = Droits::start().await;
    let email = PEOPLE[0].email;
    let ask = async |method: Method, path: &str, body: Option<Value>| {
        droits.api.send(&method, &format!("/administration{path}"), &droits.zlv, body.as_ref()).await
    };
    let found = ask(Method::GET, &format!("/users?email={email}"), None).await;
    let user = format!("/users/{}", found.text("id"));
    let session = Caller::key(droits.sign_in(email, PASSWORD).await.text("accessToken"));

    for cause in ["cgu vides", "cgu vides, perimetre_invalide", " "] {
        let refused = ask(Method::PUT, &format!("{user}/suspension"), Some(json!({"cause": cause}))).await;
        assert_eq!(refused.problem(), Some("validation-failed"), "{cause}");
    }
    let suspended = ask(Method::PUT, &format!("{user}/suspension"), Some(json!({"cause": "contrôle"}))).await;
    assert_eq!(suspended.body["suspendedCause"], "contrôle", "{}", suspended.body);
    let housing = async |caller: &Caller| droits.api.send(&Method::GET, "/housing/count", caller, None).await;
    assert_eq!(housing(&session).await.problem(), Some("user-suspended"));
    assert_eq!(ask(Method::DELETE, &format!("{user}/suspension"), None).await.body["suspendedAt"], Value::Null);
    assert_eq!(ask(Method::DELETE, &format!("{user}/suspension"), None).await.problem(), Some("not-found"));
    assert_eq!(housing(&session).await.status, StatusCode::OK);

    assert_eq!(
        ask(Method::PUT, &format!("{user}/role"), Some(json!({"role": "VISITOR"}))).await.body["role"],
        "VISITOR"
    );
    let taken = ask(Method::PUT, &format!("{user}/email"), Some(json!({"email": PEOPLE[1].email}))).await;
    assert_eq!(taken.problem(), Some("email-already-used"));
    let changed = ask(Method::PUT, &format!("{user}/email"), Some(json!({"email": NEW}))).await;
    assert_eq!(changed.body["email"], NEW, "{}", changed.body);
    assert_eq!(housing(&session).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(droits.sign_in(email, PASSWORD).await.problem(), Some("user-missing"));
    assert_eq!(droits.sign_in(NEW, PASSWORD).await.status, StatusCode::OK);

    assert_eq!(ask(Method::DELETE, &user, None).await.status, StatusCode::NO_CONTENT);
    assert_eq!(droits.sign_in(NEW, PASSWORD).await.problem(), Some("user-deleted"));
    let erased = ask(Method::POST, "/erasures", Some(json!({"email": NEW}))).await;
    assert_eq!(erased.body, json!({"user": true, "prospect": false}));
    assert_eq!(droits.sign_in(NEW, PASSWORD).await.problem(), Some("user-missing"));
    let again = ask(Method::POST, "/erasures", Some(json!({"email": NEW}))).await;
    assert_eq!(again.body, json!({"user": false, "prospect": false}));
}
