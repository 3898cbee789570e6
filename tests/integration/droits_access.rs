//! Who may do what in droits: every operation as every kind of caller, compared with one table.

use acceptance::api::{Api, Caller};
use aws_sdk_dynamodb::Client;
use chrono::{DateTime, TimeDelta, Utc};
use domain::api_key::Scope;
use domain::droits::account::{Role, User};
use domain::droits::suspension::Suspension;
use engines::Storage;
use passerelle::identity::access_token::{self, Claims};
use passerelle::platform::clock::Clock;
use passerelle::platform::secrets::RotatingKeys;
use passerelle::store::droits::DroitsStore;
use passerelle::store::transaction::Transaction;
use passerelle_local::demo::data::droits::{self as demonstration, ESTABLISHMENT};
use passerelle_local::stack::{Stack, StackOptions};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::matrix::{Matrix, Sent};

/// A housing of the demonstration establishment, and its owner.
const HOUSING: Uuid = Uuid::from_u128(1);
const OWNER: Uuid = Uuid::from_u128(100);

/// A person: its name here, its role, what became of it, and how old its token is.
type Person = (&'static str, Role, fn(&mut User), TimeDelta);

struct World {
    api: Api,
    callers: Vec<(&'static str, Caller)>,
}

impl World {
    async fn start() -> Self {
        let stack = Stack::start(StackOptions::new(Storage::Memory, Clock::system())).await.unwrap();
        demonstration::load(&stack).await.unwrap();
        let variables = stack.variables("RightsChecker");
        let store = DroitsStore::new(Client::new(stack.sdk()), variables["DROITS_TABLE"].clone());
        let secrets = aws_sdk_secretsmanager::Client::new(stack.sdk());
        let keys =
            RotatingKeys::load(secrets, variables["ACCESS_TOKEN_SECRET"].clone(), Clock::system()).await.unwrap();
        let now = Utc::now();
        let mut callers =
            vec![("personne", Caller::default()), ("faux jeton", Caller::key("eyJhbGciOiJub25lIn0.e30."))];
        for (name, scope) in [("projects", Scope::Projects), ("sync", Scope::Sync), ("manage", Scope::Manage)] {
            callers.push((name, Caller::key(&stack.issue_key("zlv", scope).await.unwrap())));
        }
        let people: [Person; 6] = [
            ("USUAL", Role::Usual, |_| {}, TimeDelta::zero()),
            ("VISITOR", Role::Visitor, |_| {}, TimeDelta::zero()),
            ("ADMIN", Role::Admin, |_| {}, TimeDelta::zero()),
            ("suspendu", Role::Usual, suspend, TimeDelta::zero()),
            ("supprimé", Role::Usual, delete, TimeDelta::zero()),
            ("périmé", Role::Usual, |_| {}, TimeDelta::hours(13)),
        ];
        for (rank, (name, role, change, age)) in (5_000..).zip(people) {
            let user = person(Uuid::from_u128(rank), role, change);
            let mut transaction = Transaction::default();
            store.add_user(&mut transaction, &user, "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$AAAA").unwrap();
            store.add_membership(&mut transaction, user.id, ESTABLISHMENT, true).unwrap();
            store.commit(transaction).await.unwrap();
            let claims = Claims::new(user.id, ESTABLISHMENT, role, now - age);
            callers.push((name, Caller::key(&access_token::issue(&claims, &keys.current()).unwrap())));
        }
        Self { api: Api::under("/droits/v1", stack.api()), callers }
    }
}

fn person(id: Uuid, role: Role, change: fn(&mut User)) -> User {
    let mut user = User {
        id,
        email: format!("{id}@strasbourg.demo.fr"),
        role,
        establishment_id: ESTABLISHMENT,
        suspension: None,
        deleted_at: None,
        last_authenticated_at: None,
    };
    change(&mut user);
    user
}

fn suspend(user: &mut User) {
    user.suspension = Some(Suspension { at: DateTime::UNIX_EPOCH, cause: "cgu vides".to_owned() });
}

fn delete(user: &mut User) {
    user.deleted_at = Some(DateTime::UNIX_EPOCH);
}

/// A request in order, so that a refusal is one of access.
fn body(method: &str, route: &str) -> Option<Value> {
    Some(match (method, route) {
        ("post", "/users/creation") => {
            json!({"email": "nouvelle@demo.fr", "password": "Motdepasse2026", "establishmentId": ESTABLISHMENT})
        }
        ("post", "/authenticate") => json!({"email": "inconnue@demo.fr", "password": "Motdepasse2026"}),
        ("post", "/authenticate/verify-2fa") => json!({"email": "inconnue@demo.fr", "code": "000000"}),
        ("post", "/account/change-establishment") => json!({"establishmentId": ESTABLISHMENT}),
        ("post", "/rights/explain") => {
            json!({"email": "inconnue@demo.fr", "establishmentId": ESTABLISHMENT, "flow": "creation"})
        }
        ("put", _) => json!({"items": []}),
        _ => return None,
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_operation_as_every_caller() {
    let World { api, callers } = World::start().await;
    let note = "Portail DF cannot be reached here. `200:1` shows one item.";
    let matrix = Matrix { domain: "droits", note, api, callers };
    matrix
        .compare(rights_checker::OPERATIONS, |method, route| {
            let id = if route.starts_with("/owners") { OWNER } else { HOUSING };
            let path = route.replace("{id}", &id.to_string()).replace("{kind}", "drafts");
            Sent { path, body: body(method, route) }
        })
        .await;
}
