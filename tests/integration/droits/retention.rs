//! The end of accounts that nobody uses, as cases cannot show it: in the same instant as a sign-in, broken off, doubled.

use std::collections::BTreeMap;

use acceptance::api::{Answer, Caller};
use acceptance::world::{Settings, World};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, TimeDelta, Utc};
use domain::api_key::Scope;
use domain::droits::account::User;
use domain::droits::retention::{Announcement, Watched};
use engines::Fault;
use http::{Method, StatusCode};
use passerelle::store::droits::{DroitsStore, StoredUser};
use passerelle::store::error::CommitError;
use passerelle::store::transaction::Transaction;
use passerelle_local::demo::data::droits::{self as demonstration, PASSWORD, PEOPLE, directory};
use passerelle_operator::watch_accounts::watch;
use serde_json::json;

const LONG_AGO: TimeDelta = TimeDelta::days(1_000);
const NOTICE: TimeDelta = TimeDelta::days(30);

/// The demonstration's people, of whom the first was not seen for long.
struct Retention {
    world: World,
    store: DroitsStore,
    table: String,
}

impl Retention {
    async fn start() -> Self {
        let variables = BTreeMap::from([("ADMIN_2FA".to_owned(), "false".to_owned())]);
        let world = World::with(Settings { directory: directory(), variables, ..Settings::default() }).await;
        demonstration::load(&world.stack).await.unwrap();
        let table = world.stack.variables("RightsChecker")["DROITS_TABLE"].clone();
        let store = DroitsStore::new(Client::new(world.stack.sdk()), table.clone());
        let retention = Self { world, store, table };
        let seen = retention.world.clock.now();
        for person in &PEOPLE[1..] {
            retention.write(person.email, |user| user.last_authenticated_at = Some(seen + LONG_AGO)).await;
        }
        retention.write(PEOPLE[0].email, |user| user.last_authenticated_at = Some(seen - LONG_AGO)).await;
        retention
    }

    async fn account(&self) -> Option<StoredUser> {
        self.store.user_by_email(PEOPLE[0].email).await.unwrap()
    }

    async fn write(&self, email: &str, change: impl FnOnce(&mut User)) {
        let stored = self.store.user_by_email(email).await.unwrap().unwrap();
        let mut user = stored.user.clone();
        change(&mut user);
        let mut transaction = Transaction::default();
        self.store.update_user(&mut transaction, &stored, &user).unwrap();
        self.store.commit(transaction).await.unwrap();
    }

    async fn sign_in(&self) -> Answer {
        let body = json!({"email": PEOPLE[0].email, "password": PASSWORD});
        self.world.droits().send(&Method::POST, "/authenticate", &Caller::default(), Some(&body)).await
    }

    async fn sweep(&self) {
        self.world.stack.run_schedule("RightsChecker").await.unwrap();
    }

    /// Items of the account's partition, and of its e-mail.
    async fn left(&self, stored: &StoredUser) -> usize {
        let client = Client::new(self.world.stack.sdk());
        let mut left = 0;
        for partition in [format!("U#{}", stored.user.id), format!("E#{}", stored.user.email)] {
            let query = client.query().table_name(&self.table).key_condition_expression("PK = :partition");
            let query = query.expression_attribute_values(":partition", AttributeValue::S(partition));
            left += query.send().await.unwrap().items().len();
        }
        left
    }
}

#[tokio::test]
async fn of_a_sign_in_and_an_erasure_at_once_the_first_to_commit_counts() {
    let retention = Retention::start().await;
    retention.world.stack.drain().await.unwrap();
    retention.world.pass(NOTICE);
    let read = retention.account().await.unwrap();
    let everything = retention.left(&read).await;
    assert_eq!(retention.sign_in().await.status, StatusCode::OK);
    assert!(matches!(retention.store.end_account(&read).await, Err(CommitError::Race)));
    assert_eq!(retention.left(&read).await, everything);
    retention.world.stack.drain().await.unwrap();
    assert!(retention.account().await.is_some_and(|stored| stored.user.deletion_announced.is_none()));

    let read = retention.account().await.unwrap();
    retention.store.end_account(&read).await.unwrap();
    let refused = retention.sign_in().await;
    assert_eq!((refused.status, refused.problem()), (StatusCode::NOT_FOUND, Some("user-missing")));
    let mut late = Transaction::default();
    retention.store.update_user(&mut late, &read, &read.user).unwrap();
    assert!(matches!(retention.store.commit(late).await, Err(CommitError::Race)), "a sign-in that read before");
}

#[tokio::test]
async fn an_erasure_broken_off_is_gone_on_with() {
    let retention = Retention::start().await;
    retention.world.stack.drain().await.unwrap();
    retention.world.pass(NOTICE);
    let read = retention.account().await.unwrap();
    let faults = retention.world.stack.engines().faults();
    faults.inject("DeleteItem", Fault::Pass, 1);
    faults.inject("DeleteItem", Fault::ServerError, 20);
    retention.sweep().await;
    assert!(retention.account().await.is_none());
    assert_ne!(retention.left(&read).await, 0);
    faults.clear();
    retention.world.stack.drain().await.unwrap();
    assert_eq!(retention.left(&read).await, 0);
}

#[tokio::test]
async fn an_erasure_by_an_operator_broken_off_is_gone_on_with_at_once() {
    let retention = Retention::start().await;
    assert_eq!(retention.sign_in().await.status, StatusCode::OK, "seen a moment ago");
    let read = retention.account().await.unwrap();
    let zlv = retention.world.caller("zlv", Scope::Manage).await;
    let (api, body) = (retention.world.droits(), json!({"email": PEOPLE[0].email}));
    let faults = retention.world.stack.engines().faults();
    faults.inject("DeleteItem", Fault::ServerError, 20);
    let broken_off = api.send(&Method::POST, "/administration/erasures", &zlv, Some(&body)).await;
    assert!(broken_off.status.is_server_error(), "{}", broken_off.status);
    assert_ne!(retention.left(&read).await, 0);
    assert_eq!(retention.sign_in().await.problem(), Some("user-missing"));
    faults.clear();
    retention.sweep().await;
    assert_eq!(retention.left(&read).await, 0);
}

#[tokio::test]
async fn an_announcement_whose_answer_was_lost_is_one_mail() {
    let retention = Retention::start().await;
    retention.world.stack.engines().faults().inject("TransactWriteItems", Fault::LostAnswer, 1);
    for _ in 0..3 {
        retention.world.stack.drain().await.unwrap();
        retention.world.pass(TimeDelta::minutes(1));
    }
    assert_eq!(retention.world.brevo.take().len(), 1);
}

#[tokio::test]
async fn a_clock_that_runs_back_erases_nobody() {
    let retention = Retention::start().await;
    let now: DateTime<Utc> = retention.world.clock.now();
    let later = Announcement { at: now + NOTICE, mail: Some(uuid::Uuid::from_u128(1)) };
    retention.write(PEOPLE[0].email, |user| user.deletion_announced = Some(later)).await;
    retention.world.stack.drain().await.unwrap();
    assert!(retention.account().await.is_some());
}

#[tokio::test]
async fn accounts_of_older_code_are_given_their_place() {
    let retention = Retention::start().await;
    let (client, now) = (Client::new(retention.world.stack.sdk()), retention.world.clock.now());
    let id = retention.account().await.unwrap().user.id;
    let key = |name: &str, value: String| (name.to_owned(), AttributeValue::S(value));
    let item = std::collections::HashMap::from([key("PK", format!("U#{id}")), key("SK", "U".to_owned())]);
    let older = client.update_item().table_name(&retention.table).set_key(Some(item));
    older.update_expression("REMOVE due, dueAt, lastAuthenticatedAt, createdAt").send().await.unwrap();
    retention.world.stack.drain().await.unwrap();
    assert!(retention.world.brevo.take().is_empty(), "nobody watches it");

    assert_eq!(watch(&client, &retention.table, now).await.unwrap(), 1);
    assert_eq!(watch(&client, &retention.table, now).await.unwrap(), 0);
    assert_eq!(retention.account().await.unwrap().user.created_at, Some(now));
    assert_eq!(retention.store.watched_users(Watched::Unseen(now), 10).await.unwrap(), [id]);
}
