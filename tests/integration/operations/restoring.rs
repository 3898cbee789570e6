//! docs/procedures/restore.md: who was erased since the backup does not come back with it. The table of La Coop, which
//! has the same keys, stands in for what AWS restored.

use std::sync::Arc;

use acceptance::api::{Api, Caller};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{TimeDelta, Utc};
use domain::api_key::Scope;
use domain::communs::event::EventId;
use domain::reference::email::Email;
use engines::Storage;
use http::{Method, StatusCode};
use passerelle::identity::person_hash::Person;
use passerelle::platform::clock::Clock;
use passerelle::platform::secrets::{Key, KeyRing, RotatingKeys};
use passerelle::store::communs::CommunsStore;
use passerelle_local::stack::{Stack, StackOptions};
use passerelle_operator::Failure;
use passerelle_operator::copy_table::{Copied, CopyTable, copy};
use serde_json::{Value, json};

const BEA: &str = "bea@nantes.fr";
const CHLOE: &str = "chloe@lyon.fr";
const LIVE: &str = "CommunsTable";
const BACKUP: &str = "CoopTable";

struct Deployment {
    _stack: Stack,
    client: Client,
    store: CommunsStore,
    keys: Arc<KeyRing>,
    api: Api,
    mec: Caller,
}

impl Deployment {
    async fn start() -> Self {
        let stack = Stack::start(StackOptions::new(Storage::Memory, Clock::system())).await.unwrap();
        let client = Client::new(stack.sdk());
        let secrets = aws_sdk_secretsmanager::Client::new(stack.sdk());
        let secret = stack.variables("ProjectsApi")["EMAIL_HMAC_SECRET"].clone();
        let keys = RotatingKeys::load(secrets, secret, Clock::system()).await.unwrap().current();
        let mec = Caller::key(&stack.issue_key("mec", Scope::Sync).await.unwrap());
        let (store, api) = (CommunsStore::new(client.clone(), LIVE.to_owned()), Api::new(stack.api()));
        Self { _stack: stack, client, store, keys, api, mec }
    }

    /// A project whose porteur is a person, made under an idempotency key; its path.
    async fn create(&self, external_id: &str, porteur: &str) -> String {
        let body = project(external_id, porteur);
        let headers = [("idempotency-key", external_id)];
        let made = self.api.send_with(&Method::POST, "/projects", &self.mec, Some(&body), &headers).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
        format!("/projects/{}", made.text("id"))
    }

    async fn porteur(&self, path: &str) -> Value {
        self.api.send(&Method::GET, path, &self.mec, None).await.body["porteur"]["referentEmail"].clone()
    }

    async fn erase(&self, email: &str) -> Value {
        let body = json!({"email": email});
        let answer = self.api.send(&Method::POST, "/people/erase", &self.mec, Some(&body)).await;
        assert_eq!(answer.status, StatusCode::OK);
        answer.body
    }

    async fn copy(&self, asked: Asked<'_>) -> Result<Copied, Failure> {
        let (overwrite, keys) = match asked {
            Asked::Missing(keys) => (false, keys),
            Asked::All(keys) => (true, keys),
        };
        let asked = CopyTable { from: BACKUP.to_owned(), to: LIVE.to_owned(), overwrite, email_hmac_secret: None };
        copy(&self.client, &asked, keys).await
    }

    async fn back_up(&self) {
        for item in self.items(LIVE).await {
            self.client.put_item().table_name(BACKUP).set_item(Some(item)).send().await.unwrap();
        }
    }

    /// What a receiver answered, in the backup.
    async fn back_up_answer(&self, answer: &str) {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let attempt = AttributeValue::M([("answer".to_owned(), text(answer))].into());
        let put = self.client.put_item().table_name(BACKUP).item("attempts", AttributeValue::L(vec![attempt]));
        let event = EventId::from(uuid::Uuid::from_u128(7));
        put.item("PK", text("W#1")).item("SK", text(&format!("D#{event}"))).send().await.unwrap();
    }

    async fn restore(&self) -> Copied {
        self.copy(Asked::Missing(Some(&self.keys))).await.unwrap()
    }

    async fn items(&self, table: &str) -> Vec<std::collections::HashMap<String, AttributeValue>> {
        self.client.scan().table_name(table).send().await.unwrap().items.unwrap_or_default()
    }

    /// The live table loses all items of partitions that begin so.
    async fn lose(&self, prefixes: &[&str]) {
        for mut item in self.items(LIVE).await {
            if prefixes.iter().any(|prefix| item["PK"].as_s().unwrap().starts_with(prefix)) {
                item.retain(|name, _| name == "PK" || name == "SK");
                self.client.delete_item().table_name(LIVE).set_key(Some(item)).send().await.unwrap();
            }
        }
    }

    /// Whether anything in the live table still says something of a person, but the register.
    async fn remembers(&self, email: &str) -> bool {
        let hash = Person::of(&Email::parse(email).unwrap(), &self.keys).current;
        for item in self.items(LIVE).await {
            let (pk, sk) = (item["PK"].as_s().unwrap(), item["SK"].as_s().unwrap());
            let mut text = format!("{item:?}");
            if pk.starts_with("EV#") {
                let event = self.store.event(&EventId::parse(sk).unwrap()).await.unwrap();
                text += &event.unwrap().0.data.to_string();
            }
            if pk != "ERASED" && (text.contains(email) || text.contains(hash.as_str())) {
                return true;
            }
        }
        false
    }
}

enum Asked<'a> {
    Missing(Option<&'a KeyRing>),
    All(Option<&'a KeyRing>),
}

fn project(external_id: &str, porteur: &str) -> Value {
    let commune = json!({"type": "Commune", "code": "44109"});
    json!({
        "externalId": external_id, "nom": "Halle", "statut": "IDEE", "collectivites": [commune],
        "porteur": {"siret": "21440109300015", "referentEmail": porteur, "referentNom": "Le Goff"},
    })
}

#[tokio::test]
async fn who_was_erased_since_the_backup_does_not_come_back() {
    let deployment = Deployment::start().await;
    let (of_bea, of_chloe) = (deployment.create("m-1", BEA).await, deployment.create("m-2", CHLOE).await);
    // A former porteur, in an event only.
    let former = deployment.create("m-3", BEA).await;
    // Whose change the history keeps.
    let (renamed, bea) = (json!({"nom": "Grande halle"}), deployment.mec.on_behalf_of(BEA));
    let made = deployment.api.send(&Method::PATCH, &former, &bea, Some(&renamed)).await;
    assert_eq!(made.status, StatusCode::OK);
    let patch = json!({"porteur": {"referentEmail": CHLOE}});
    deployment.api.send(&Method::PATCH, &former, &deployment.mec, Some(&patch)).await;
    deployment.back_up().await;
    deployment.back_up_answer(&format!("reçu : {BEA}")).await;
    deployment.erase(BEA).await;
    assert!(!deployment.remembers(BEA).await);

    deployment.lose(&["P#", "EV#", "U#", "I#", "X#"]).await;
    let restored = deployment.restore().await;
    assert!(restored.erased > 0 && restored.written > 0, "{restored:?}");
    assert!(!deployment.remembers(BEA).await);
    assert_eq!(deployment.porteur(&of_bea).await, Value::Null);
    assert_eq!(deployment.porteur(&of_chloe).await, CHLOE);
    assert_eq!(deployment.porteur(&former).await, CHLOE);
    let shown = deployment.api.send(&Method::GET, &of_bea, &deployment.mec, None).await;
    assert_eq!(shown.body["porteur"]["siret"], "21440109300015", "the organisation stays");
    // Once more changes nothing.
    assert_eq!(deployment.restore().await, Copied { written: 0, ..restored });
    // All of it, over what is there.
    deployment.copy(Asked::All(Some(&deployment.keys))).await.unwrap();
    assert!(!deployment.remembers(BEA).await);
    assert_eq!(deployment.store.erased_people().await.unwrap().len(), 1, "the register is the live one");
    assert_eq!(deployment.erase(BEA).await["events"], 0, "nothing is left to do by hand");
}

#[tokio::test]
async fn a_restore_whose_keys_would_not_recognise_the_erased_writes_nothing() {
    let deployment = Deployment::start().await;
    deployment.create("m-1", BEA).await;
    deployment.back_up().await;
    deployment.erase(BEA).await;
    deployment.lose(&["P#"]).await;
    let before = deployment.items(LIVE).await.len();
    let other = KeyRing::new(vec![Key { id: "autre".to_owned(), bytes: [7; 32] }]).unwrap();
    for (keys, told) in [(None, "--email-hmac-secret"), (Some(&other), "les y remettre")] {
        let refused = deployment.copy(Asked::Missing(keys)).await.unwrap_err();
        assert!(refused.status() == 2 && refused.to_string().contains(told), "{refused}");
    }
    assert_eq!(deployment.items(LIVE).await.len(), before);
}

#[tokio::test]
async fn who_was_erased_while_a_restore_had_broken_off_is_erased_by_the_next() {
    let deployment = Deployment::start().await;
    let path = deployment.create("m-1", BEA).await;
    deployment.back_up().await;
    // The restore broke off after the project, before the right that leads to it.
    deployment.lose(&["U#"]).await;
    assert_eq!(deployment.erase(BEA).await["porteurs"], 0, "nothing leads to them");
    assert!(deployment.remembers(BEA).await);
    deployment.restore().await;
    assert!(!deployment.remembers(BEA).await);
    assert_eq!(deployment.porteur(&path).await, Value::Null);
}

#[tokio::test]
async fn who_came_back_after_an_erasure_stays() {
    let deployment = Deployment::start().await;
    deployment.erase(BEA).await;
    let path = deployment.create("m-1", BEA).await;
    deployment.back_up().await;
    deployment.lose(&["P#", "U#"]).await;
    assert_eq!(deployment.restore().await.erased, 0, "the backup was made after the erasure");
    assert_eq!(deployment.porteur(&path).await, BEA);

    // Erased after the backup, back in the live table before AWS restored: the backup's own copy is left out.
    let person = Person::of(&Email::parse(BEA).unwrap(), &deployment.keys);
    let yesterday = Utc::now() - TimeDelta::days(1);
    deployment.store.begin_erasure(&person, yesterday).await.unwrap();
    deployment.store.finish_erasure(&person, yesterday, yesterday).await.unwrap();
    let restored = deployment.restore().await;
    assert!(restored.erased > 0 && restored.written == 0, "{restored:?}");
    assert_eq!(deployment.porteur(&path).await, BEA);
    assert!(deployment.remembers(BEA).await, "their new right too");
}

#[tokio::test]
async fn a_table_that_lost_its_register_takes_the_one_of_the_backup() {
    let deployment = Deployment::start().await;
    deployment.create("m-1", BEA).await;
    let person = Person::of(&Email::parse(BEA).unwrap(), &deployment.keys);
    deployment.store.begin_erasure(&person, Utc::now() - TimeDelta::days(1)).await.unwrap();
    deployment.back_up().await;
    deployment.lose(&["P#", "U#", "EV#", "I#", "ERASED"]).await;
    assert!(deployment.restore().await.erased > 0);
    assert!(!deployment.remembers(BEA).await);
    assert_eq!(deployment.store.erased_people().await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_erasure_that_broke_off_before_the_backup_is_made_again() {
    let deployment = Deployment::start().await;
    deployment.create("m-1", BEA).await;
    let person = Person::of(&Email::parse(BEA).unwrap(), &deployment.keys);
    deployment.store.begin_erasure(&person, Utc::now()).await.unwrap();
    deployment.back_up().await;
    deployment.lose(&["P#", "U#", "EV#", "I#"]).await;
    assert!(deployment.restore().await.erased > 0);
    assert!(!deployment.remembers(BEA).await);
}

#[tokio::test]
async fn people_known_under_an_older_key_are_recognised() {
    let deployment = Deployment::start().await;
    let path = deployment.create("m-1", BEA).await;
    deployment.back_up().await;
    deployment.erase(BEA).await;
    deployment.lose(&["P#", "U#", "EV#", "I#"]).await;
    // The key was rotated since; the older one stayed in the ring.
    let (newest, _) = deployment.keys.newest_and_older();
    let newer = Key { id: "2030-01".to_owned(), bytes: [9; 32] };
    let ring = KeyRing::new(vec![newer, newest.clone()]).unwrap();
    deployment.copy(Asked::Missing(Some(&ring))).await.unwrap();
    assert!(!deployment.remembers(BEA).await);
    assert_eq!(deployment.porteur(&path).await, Value::Null);
}
