//! Who may do what in droits.

use acceptance::api::Caller;
use acceptance::world::World;
use aws_sdk_dynamodb::Client;
use chrono::{DateTime, TimeDelta};
use domain::api_key::Scope;
use domain::droits::account::{Role, User};
use domain::droits::password::GivenPassword;
use domain::droits::perimeter::Perimeter;
use domain::droits::suspension::Suspension;
use passerelle::identity::access_token::{self, Claims};
use passerelle::identity::password::Passwords;
use passerelle::platform::secrets::RotatingKeys;
use passerelle::store::droits::DroitsStore;
use passerelle::store::transaction::Transaction;
use passerelle_local::demo::data::droits::{self as demonstration, ESTABLISHMENT};
use passerelle_local::stand_ins::Down;
use passerelle_local::stand_ins::portail_df::Directory;
use serde_json::{Value, json};
use uuid::Uuid;

use super::manage;
use super::table::{Column, Table, answer, cell};

/// A housing of the demonstration establishment, and its owner.
const HOUSING: Uuid = Uuid::from_u128(1);
const OWNER: Uuid = Uuid::from_u128(100);
/// Everybody's password.
const PASSWORD: &str = "Motdepasse2026";

/// A person: its name here, its role, what became of it, how old its token is, and of which credentials.
type Person = (&'static str, Role, fn(&mut User), TimeDelta, u64);

async fn columns(world: &World) -> Vec<Column> {
    let variables = world.stack.variables("RightsChecker");
    let store = DroitsStore::new(Client::new(world.stack.sdk()), variables["DROITS_TABLE"].clone());
    let secrets = aws_sdk_secretsmanager::Client::new(world.stack.sdk());
    let ring = variables["ACCESS_TOKEN_SECRET"].clone();
    let keys = RotatingKeys::load(secrets, ring, world.clock.clock()).await.unwrap();
    let mut columns = vec![
        Column::new("aucune", "-", Caller::default()),
        Column::new("fausse", "-", Caller::key("eyJhbGciOiJub25lIn0.e30.")),
    ];
    for (name, scope) in [("projects", Scope::Projects), ("sync", Scope::Sync)] {
        columns.push(Column::new(name, "zlv", world.caller("zlv", scope).await));
    }
    columns.extend(manage::columns(world).await);
    let people: [Person; 7] = [
        ("USUAL", Role::Usual, |_| {}, TimeDelta::zero(), 0),
        ("VISITOR", Role::Visitor, |_| {}, TimeDelta::zero(), 0),
        ("ADMIN", Role::Admin, |_| {}, TimeDelta::zero(), 0),
        ("suspendu", Role::Usual, suspend, TimeDelta::zero(), 0),
        ("supprimé", Role::Usual, delete, TimeDelta::zero(), 0),
        ("périmé", Role::Usual, |_| {}, TimeDelta::hours(13), 0),
        // The session is of other credentials than those stored, as after a sign-out everywhere.
        ("déconnecté", Role::Usual, |_| {}, TimeDelta::zero(), 1),
    ];
    let password_hash = Passwords::default().hash(GivenPassword::try_from(PASSWORD.to_owned()).unwrap()).await.unwrap();
    for (rank, (name, role, change, age, version)) in (5_000..).zip(people) {
        let user = person(Uuid::from_u128(rank), role, change);
        let mut transaction = Transaction::default();
        store.add_user(&mut transaction, &user, &password_hash).unwrap();
        store.add_membership(&mut transaction, user.id, ESTABLISHMENT, true).unwrap();
        let perimeter = Perimeter { fr_entiere: true, ..Perimeter::default() };
        store.set_perimeter(&mut transaction, user.id, ESTABLISHMENT, Some(&perimeter), world.clock.now()).unwrap();
        store.commit(transaction).await.unwrap();
        let claims = Claims::new(&user, ESTABLISHMENT, version, world.clock.now() - age);
        let caller = Caller::key(&access_token::issue(&claims, &keys.current()).unwrap());
        columns.push(Column { key: "jeton", service: "-", user: name, caller });
    }
    columns
}

fn person(id: Uuid, role: Role, change: fn(&mut User)) -> User {
    let mut user = User {
        id,
        email: format!("{id}@strasbourg.demo.fr"),
        role,
        establishment_id: ESTABLISHMENT,
        suspension: None,
        created_at: None,
        deleted_at: None,
        last_authenticated_at: None,
        deletion_announced: None,
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
        ("post", "/signup-links" | "/password-resets") => json!({"email": "inconnue@demo.fr"}),
        ("post", "/password-resets/completion") => json!({"token": "inconnu", "password": "Motdepasse2026"}),
        ("post", "/account/password") => {
            json!({"currentPassword": PASSWORD, "password": "Motdepasse2027"})
        }
        ("post", "/authenticate") => json!({"email": "inconnue@demo.fr", "password": "Motdepasse2026"}),
        ("post", "/authenticate/verify-2fa") => json!({"email": "inconnue@demo.fr", "code": "000000"}),
        ("post", "/account/change-establishment") => json!({"establishmentId": ESTABLISHMENT}),
        ("post", "/rights/explain") => {
            json!({"email": "inconnue@demo.fr", "establishmentId": ESTABLISHMENT, "flow": "creation"})
        }
        ("put", "/administration/users/{id}/role") => json!({"role": "VISITOR"}),
        ("put", "/administration/users/{id}/suspension") => json!({"cause": "contrôle en cours"}),
        ("put", "/administration/users/{id}/email") | ("post", "/administration/erasures") => {
            json!({"email": "inconnue@demo.fr"})
        }
        ("put", _) => json!({"items": []}),
        _ => return None,
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_operation_of_droits_as_every_caller() {
    let mut lines = Vec::new();
    let mut columns = Vec::new();
    for (method, route) in rights_checker::OPERATIONS {
        // A world of its own: whoever signed out everywhere in one line is in session in the next.
        let (world, fresh) = start().await;
        lines.push((format!("{} {route}", method.to_uppercase()), line(&world, &fresh, method, route).await));
        columns = fresh;
    }
    Table { domain: "droits", note: "Portail DF cannot be reached.", columns, lines }.compare();
}

async fn start() -> (World, Vec<Column>) {
    let world = World::start().await;
    world.portail_df.replace(Directory { down: Some(Down::Closed), ..Directory::default() });
    demonstration::load(&world.stack).await.unwrap();
    let columns = columns(&world).await;
    (world, columns)
}

async fn line(world: &World, columns: &[Column], method: &str, route: &str) -> Vec<String> {
    let api = world.droits();
    let id = if route.starts_with("/owners") { OWNER } else { HOUSING };
    let path = route.replace("{id}", &id.to_string()).replace("{kind}", "drafts");
    let (verb, body) = (method.to_uppercase(), body(method, route));
    let mut cells = Vec::new();
    for column in columns {
        let method = verb.parse().unwrap();
        cells.push(cell(&answer(&api, &method, &path, &column.caller, body.as_ref()).await));
        if verb == "POST" {
            // What strangers may try in a minute is bounded whoever they are: each caller has a minute of its own.
            world.pass(TimeDelta::minutes(1));
        }
    }
    cells
}
