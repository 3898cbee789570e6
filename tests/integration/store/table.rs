//! Readings of many items go on when the table is throttled, and end.

use domain::droits::account::Establishment;
use domain::droits::perimeter::GeoCode;
use engines::{Fault, Storage};
use passerelle::platform::clock::Clock;
use passerelle::store::droits::DroitsStore;
use passerelle::store::error::StoreError;
use passerelle::store::transaction::Transaction;
use passerelle_local::stack::{Stack, StackOptions};
use uuid::Uuid;

/// A table of this many localities, and their codes.
async fn localities(count: usize) -> (Stack, DroitsStore, Vec<GeoCode>) {
    let stack = Stack::start(StackOptions::new(Storage::Memory, Clock::system())).await.unwrap();
    let client = aws_sdk_dynamodb::Client::new(&stack.engines().sdk_config());
    let store = DroitsStore::new(client, "DroitsTable".to_owned());
    let codes: Vec<GeoCode> = (0..count).map(|rank| GeoCode::parse(&format!("{:05}", 1_001 + rank)).unwrap()).collect();
    for chunk in codes.chunks(100) {
        let mut transaction = Transaction::default();
        for code in chunk {
            store.put_locality(&mut transaction, *code, "Commune").unwrap();
        }
        store.commit(transaction).await.unwrap();
    }
    (stack, store, codes)
}

#[tokio::test]
async fn what_a_batch_leaves_out_is_asked_for_again() {
    let (stack, store, codes) = localities(150).await;
    stack.engines().faults().inject("BatchGetItem", Fault::Unprocessed, 2);
    let page = store.localities(Some(&codes), None, 200).await.unwrap();
    assert_eq!(page.items.len(), 150);
    assert_eq!(stack.engines().faults().waiting("BatchGetItem"), 0);
}

#[tokio::test]
async fn keys_named_twice_are_read_once() {
    let (_stack, store, _) = localities(1).await;
    let id = Uuid::from_u128(1);
    let (siren, name) = ("217500016".to_owned(), "Paris".to_owned());
    store.load_establishment(&Establishment { id, siren, name, geo_codes: vec![] }).await.unwrap();
    assert_eq!(store.summaries(&[id, id]).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_table_that_throttles_is_unavailable() {
    let (stack, store, codes) = localities(1).await;
    stack.engines().faults().inject("BatchGetItem", Fault::Throttle, 20);
    let error = store.localities(Some(&codes), None, 10).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable { operation: "BatchGetItem", .. }), "{error}");
}
