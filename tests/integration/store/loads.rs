//! Loads of one commune share its count: what two of them at once, or a crash of DynamoDB in between, make of it.

use std::ops::Range;

use domain::droits::perimeter::GeoCode;
use engines::{Fault, Storage};
use passerelle::platform::clock::Clock;
use passerelle::store::droits::{DroitsStore, Housing};
use passerelle::store::error::CommitError;
use passerelle_local::stack::{Stack, StackOptions};
use uuid::Uuid;

const OWNER: Uuid = Uuid::from_u128(7);

fn commune() -> GeoCode {
    GeoCode::parse("67482").unwrap()
}

fn housing(ids: Range<u128>, status: u8) -> Vec<Housing> {
    let one = |id| Housing { id: Uuid::from_u128(id), geo_code: commune(), status, owner_ids: vec![OWNER] };
    ids.map(one).collect()
}

/// Loads all of it, however many races are lost; answers how many were.
async fn load(store: DroitsStore, all: Vec<Housing>) -> usize {
    let (mut rest, mut lost) = (all.as_slice(), 0);
    while !rest.is_empty() {
        match store.load_housing(rest).await {
            Ok(loaded) => rest = &rest[loaded..],
            Err(CommitError::Race) => lost += 1,
            Err(error) => panic!("{error}"),
        }
        tokio::task::yield_now().await;
    }
    lost
}

/// How much housing the commune is said to have, by status.
async fn counted(store: &DroitsStore, status: u8) -> u64 {
    store.occupied(Some(&[commune()]), Some(&[status])).await.unwrap().first().map_or(0, |(_, count)| *count)
}

async fn start() -> (Stack, DroitsStore) {
    let stack = Stack::start(StackOptions::new(Storage::Memory, Clock::system())).await.unwrap();
    let client = aws_sdk_dynamodb::Client::new(&stack.engines().sdk_config());
    (stack, DroitsStore::new(client, "DroitsTable".to_owned()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_loads_of_a_commune_at_once_lose_no_count() {
    let (stack, store) = start().await;
    for _ in 0..6 {
        stack.engines().faults().inject("TransactWriteItems", Fault::Conflict, 1);
        stack.engines().faults().inject("TransactWriteItems", Fault::Pass, 1);
    }
    // A third of each is in both, under another status: of those, whoever comes last counts.
    let (one, other) = (housing(0..300, 1), housing(200..500, 2));
    for load in [tokio::spawn(load(store.clone(), one)), tokio::spawn(load(store.clone(), other))] {
        load.await.unwrap();
    }
    assert_eq!(stack.engines().faults().waiting("TransactWriteItems"), 0, "conflicts were met");
    let (ones, twos) = (counted(&store, 1).await, counted(&store, 2).await);
    assert_eq!(ones + twos, 500);
    assert!((200..=300).contains(&ones) && (200..=300).contains(&twos), "{ones} {twos}");
    let listed = store.housing_page(&[commune()], Some(&[1]), None, 1_000).await.unwrap().items.len();
    assert_eq!(listed as u64, ones);
    assert_eq!(load(store.clone(), housing(0..500, 3)).await, 0);
    assert_eq!([counted(&store, 1).await, counted(&store, 2).await, counted(&store, 3).await], [0, 0, 500]);
}

#[tokio::test]
async fn a_load_whose_answer_was_lost_is_counted_once() {
    let (stack, store) = start().await;
    stack.engines().faults().inject("TransactWriteItems", Fault::LostAnswer, 1);
    load(store.clone(), housing(0..40, 1)).await;
    load(store.clone(), housing(0..40, 1)).await;
    assert_eq!(counted(&store, 1).await, 40);
}
