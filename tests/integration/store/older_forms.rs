//! Items as code of 21 November wrote them are read by today's: a rollout finds them, and accounts may keep them for years.
//! What code of today writes that older code cannot read: docs/release.md.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::coop::run::{AttemptOutcome, LastAttempt, PayloadReading};
use domain::droits::account::StoredPerimeter;
use domain::droits::retention::watched;
use engines::Storage;
use passerelle::platform::clock::Clock;
use passerelle::store::coop::CoopStore;
use passerelle::store::droits::DroitsStore;
use passerelle::store::transaction::Transaction;
use passerelle_local::stack::{Stack, StackOptions};
use serde_json::{Value, json};
use uuid::Uuid;

const USER: Uuid = Uuid::from_u128(0x0199_0000_0000_7000_8000_0000_0000_0001);
const PLACE: Uuid = Uuid::from_u128(2);

struct Older {
    client: Client,
    _stack: Stack,
}

impl Older {
    async fn start() -> Self {
        let stack = Stack::start(StackOptions::new(Storage::Memory, Clock::system())).await.unwrap();
        Self { client: Client::new(&stack.engines().sdk_config()), _stack: stack }
    }

    fn droits(&self) -> DroitsStore {
        DroitsStore::new(self.client.clone(), "DroitsTable".to_owned())
    }

    fn coop(&self) -> CoopStore {
        CoopStore::new(self.client.clone(), "CoopTable".to_owned())
    }

    async fn has(&self, table: &str, pk: String, sk: &str, item: Value) {
        let mut attributes: HashMap<String, AttributeValue> = serde_dynamo::to_item(item).unwrap();
        attributes.insert("PK".to_owned(), AttributeValue::S(pk));
        attributes.insert("SK".to_owned(), AttributeValue::S(sk.to_owned()));
        self.client.put_item().table_name(table).set_item(Some(attributes)).send().await.unwrap();
    }
}

#[tokio::test]
async fn an_account_of_droits_is_read_and_moves_with_its_next_write() {
    let older = Older::start().await;
    let partition = format!("U#{USER}");
    let account = json!({
        "schema": 1, "id": USER, "email": "lea@ville.example", "role": "USUAL", "establishmentId": PLACE,
        "passwordHash": "$argon2id$", "version": 3, "lastAuthenticatedAt": "2026-11-20T08:00:00.000Z",
        "suspension": {"at": "2026-11-20T08:00:00.000Z", "cause": "cgu vides"},
    });
    older.has("DroitsTable", partition.clone(), "U", account).await;
    older.has("DroitsTable", "E#lea@ville.example".to_owned(), "E", json!({"schema": 1, "userId": USER})).await;
    let perimeter = json!({
        "schema": 1, "geoCodes": ["67482"], "departments": [], "regions": [], "epci": [], "frEntiere": false,
        "updatedAt": "2026-11-20T08:00:00.000Z",
    });
    older.has("DroitsTable", partition.clone(), &format!("P#{PLACE}"), perimeter).await;
    older
        .has("DroitsTable", partition.clone(), &format!("M#{PLACE}"), json!({"schema": 1, "hasCommitment": true}))
        .await;
    let code = json!({"schema": 1, "code": "ab", "goodUntil": "2026-11-20T08:05:00.000Z", "wrong": 1, "lockedUntil": null, "version": 1});
    older.has("DroitsTable", partition, "2FA", code).await;
    let prospect = json!({"schema": 1, "email": "max@ville.example", "hasAccount": true, "hasCommitment": false});
    older.has("DroitsTable", "PR#max@ville.example".to_owned(), "PR", prospect).await;

    let store = older.droits();
    let stored = store.user_by_email("lea@ville.example").await.unwrap().unwrap();
    assert_eq!((stored.version, stored.credentials_version, stored.user.created_at), (3, 0, None));
    assert!(watched(&stored.user).is_some(), "seen when it last signed in");
    let membership = store.membership(USER, PLACE).await.unwrap();
    assert!(membership.member && matches!(membership.perimeter, StoredPerimeter::Granted(_)));
    let factor = store.second_factor(USER).await.unwrap();
    assert_eq!((factor.wrong, factor.challenge), (1, None));
    assert!(store.prospect("max@ville.example").await.unwrap().is_some_and(|prospect| prospect.has_account));

    let mut transaction = Transaction::default();
    store.update_user(&mut transaction, &stored, &stored.user).unwrap();
    store.commit(transaction).await.unwrap();
    let seen = watched(&stored.user).unwrap();
    assert_eq!(store.watched_users(seen, 10).await.unwrap(), [USER]);
}

#[tokio::test]
async fn a_user_of_coop_a_contact_and_a_night_are_read() {
    let older = Older::start().await;
    let run = Uuid::from_u128(9);
    let user = json!({
        "schema": 1, "id": USER, "email": "lea@coop.example", "prenom": "Léa", "nom": "Roy", "telephone": null,
        "isConseillerNumerique": true, "dataspaceId": 7, "dataspaceUserIdPg": null, "lastSyncedFromDataspace": null,
        "importedLieuxFromDataspace": null, "deleted": true, "coordinateur": null, "mediateur": PLACE, "version": 2,
    });
    older.has("CoopTable", format!("U#{USER}"), "U", user).await;
    let contact = json!({
        "schema": 1, "user": USER, "reason": PLACE, "attempts": 2, "due": "CONTACTS", "dueAt": "2026-11-20T08:00:00.000Z",
    });
    older.has("CoopTable", format!("B#{USER}"), "B", contact).await;
    let night = json!({
        "schema": 1, "id": run, "status": "paused", "startedAt": "2026-11-20T01:00:00.000Z", "total": 1, "synced": 0,
        "noOp": 0, "failed": 0, "quarantined": 0, "seen": 60, "removed": 20, "guarded": true, "listed": true,
        "relisted": true, "cursor": null, "leaseUntil": null, "tickets": {USER.to_string(): {"seen": 4, "removed": 2}},
    });
    older.has("CoopTable", "RUNS".to_owned(), &run.to_string(), night).await;
    let attempt = json!({"schema": 1, "attempt": 2, "ending": {"synced": true}, "failedBefore": true, "expiresAt": 2_000_000_000});
    older.has("CoopTable", format!("R#{run}"), &USER.to_string(), attempt).await;

    let store = older.coop();
    let stored = store.user(USER).await.unwrap().unwrap();
    assert_eq!((stored.holds_email, stored.user.deleted_at), (false, None));
    assert_eq!(store.pending_contact(USER).await.unwrap().unwrap().attempts, 2);
    assert!(store.told_contact(USER).await.unwrap().emails.is_empty());
    let night = store.runs(None, 1).await.unwrap().remove(0).run();
    assert_eq!((night.tally.seen, night.tally.removed), (60, 20));
    let attempts = store.last_attempts(run, &[USER]).await.unwrap();
    let outcome = AttemptOutcome::Synced(PayloadReading::Partial);
    assert_eq!(attempts[&USER], LastAttempt { attempt: 2, outcome, failed_before: true });
}
