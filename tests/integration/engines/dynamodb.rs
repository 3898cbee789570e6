//! The DynamoDB that the stores rely on.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::ProvideErrorMetadata as _;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, ConditionCheck, GlobalSecondaryIndex, KeySchemaElement, KeyType,
    Projection, ProjectionType, Put, PutRequest, ReturnValue, ReturnValuesOnConditionCheckFailure, ScalarAttributeType,
    TimeToLiveSpecification, TransactWriteItem, WriteRequest,
};

use super::subject::unique;
use super::{Subject, on_every_subject};

fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

fn item(pairs: &[(&str, &str)]) -> HashMap<String, AttributeValue> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), text(*value))).collect()
}

fn key(name: &str, kind: KeyType) -> KeySchemaElement {
    KeySchemaElement::builder().attribute_name(name).key_type(kind).build().expect("a key")
}

/// A table as the template has them: `PK`, `SK`, and the sparse index `due` of keys only.
async fn table(subject: &Subject) -> (Client, String) {
    let client = subject.dynamodb();
    let name = unique("table");
    let attribute = |name: &str| {
        AttributeDefinition::builder()
            .attribute_name(name)
            .attribute_type(ScalarAttributeType::S)
            .build()
            .expect("an attribute")
    };
    let index = GlobalSecondaryIndex::builder()
        .index_name("due")
        .key_schema(key("due", KeyType::Hash))
        .key_schema(key("dueAt", KeyType::Range))
        .projection(Projection::builder().projection_type(ProjectionType::KeysOnly).build())
        .build()
        .expect("an index");
    client
        .create_table()
        .table_name(&name)
        .billing_mode(BillingMode::PayPerRequest)
        .set_attribute_definitions(Some(["PK", "SK", "due", "dueAt"].map(attribute).to_vec()))
        .key_schema(key("PK", KeyType::Hash))
        .key_schema(key("SK", KeyType::Range))
        .global_secondary_indexes(index)
        .send()
        .await
        .expect("the table is created");
    (client, name)
}

fn put(table: &str, item: HashMap<String, AttributeValue>, condition: Option<&str>) -> TransactWriteItem {
    let put = Put::builder()
        .table_name(table)
        .set_item(Some(item))
        .set_condition_expression(condition.map(ToOwned::to_owned))
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
        .build()
        .expect("a put");
    TransactWriteItem::builder().put(put).build()
}

#[tokio::test]
async fn a_refused_condition_shows_the_item_that_refused_it() {
    on_every_subject(|subject| async move {
        let (client, table) = table(&subject).await;
        let stored = item(&[("PK", "p"), ("SK", "s"), ("version", "1")]);
        let write = || {
            client
                .put_item()
                .table_name(&table)
                .set_item(Some(stored.clone()))
                .condition_expression("attribute_not_exists(PK)")
                .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
                .send()
        };
        write().await.expect("the first write is accepted");
        let refusal = write().await.expect_err("the second one is refused").into_service_error();
        let aws_sdk_dynamodb::operation::put_item::PutItemError::ConditionalCheckFailedException(refusal) = refusal
        else {
            panic!("not a condition: {refusal:?}");
        };
        assert_eq!(refusal.item, Some(stored));
    })
    .await;
}

#[tokio::test]
async fn a_transaction_is_all_or_nothing_and_gives_a_reason_per_item() {
    on_every_subject(|subject| async move {
        let (client, table) = table(&subject).await;
        let absent = "attribute_not_exists(PK)";
        client
            .transact_write_items()
            .transact_items(put(&table, item(&[("PK", "a"), ("SK", "1")]), Some(absent)))
            .send()
            .await
            .expect("the first transaction is accepted");
        let check = ConditionCheck::builder()
            .table_name(&table)
            .set_key(Some(item(&[("PK", "c"), ("SK", "1")])))
            .condition_expression("attribute_exists(PK)")
            .build()
            .expect("a check");
        let refusal = client
            .transact_write_items()
            .transact_items(put(&table, item(&[("PK", "b"), ("SK", "1")]), Some(absent)))
            .transact_items(put(&table, item(&[("PK", "a"), ("SK", "1")]), Some(absent)))
            .transact_items(TransactWriteItem::builder().condition_check(check).build())
            .send()
            .await
            .expect_err("the second one is refused")
            .into_service_error();
        let aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError::TransactionCanceledException(
            cancelled,
        ) = refusal
        else {
            panic!("not a cancellation: {refusal:?}");
        };
        let codes: Vec<&str> = cancelled.cancellation_reasons().iter().filter_map(|reason| reason.code()).collect();
        assert_eq!(codes, ["None", "ConditionalCheckFailed", "ConditionalCheckFailed"]);
        assert_eq!(
            cancelled.cancellation_reasons()[1].item(),
            Some(&item(&[("PK", "a"), ("SK", "1")])),
            "the old item comes with its reason"
        );
        let written = client
            .get_item()
            .table_name(&table)
            .set_key(Some(item(&[("PK", "b"), ("SK", "1")])))
            .send()
            .await
            .expect("a read");
        assert_eq!(written.item, None, "nothing was written");
    })
    .await;
}

#[tokio::test]
async fn a_transaction_token_is_carried_out_once() {
    on_every_subject(|subject| async move {
        let (client, table) = table(&subject).await;
        let token = uuid::Uuid::new_v4().to_string();
        let transact = |sort: &'static str| {
            client
                .transact_write_items()
                .client_request_token(&token)
                .transact_items(put(&table, item(&[("PK", "p"), ("SK", sort)]), Some("attribute_not_exists(PK)")))
                .send()
        };
        transact("1").await.expect("the first call");
        transact("1").await.expect("the same call again changes nothing and succeeds");
        let refusal = transact("2").await.expect_err("another call with the same token");
        assert_eq!(refusal.code(), Some("IdempotentParameterMismatchException"));
    })
    .await;
}

#[tokio::test]
async fn a_sparse_index_holds_only_what_is_due_and_is_read_by_pages() {
    on_every_subject(|subject| async move {
        let (client, table) = table(&subject).await;
        for number in 0..7 {
            let sort = format!("{number}");
            let mut stored = item(&[("PK", "p"), ("SK", &sort), ("payload", "x")]);
            if number != 3 {
                stored.extend(item(&[("due", "outbox"), ("dueAt", &sort)]));
            }
            client.put_item().table_name(&table).set_item(Some(stored)).send().await.expect("a write");
        }
        let mut found = Vec::new();
        let mut start = None;
        loop {
            let page = client
                .query()
                .table_name(&table)
                .index_name("due")
                .key_condition_expression("due = :due AND dueAt <= :now")
                .expression_attribute_values(":due", text("outbox"))
                .expression_attribute_values(":now", text("5"))
                .limit(2)
                .set_exclusive_start_key(start)
                .send()
                .await
                .expect("a page");
            assert!(page.count() <= 2);
            for item in page.items() {
                assert!(!item.contains_key("payload"), "keys only");
                found.push(item["SK"].as_s().expect("a string").clone());
            }
            start = page.last_evaluated_key;
            if start.is_none() {
                break;
            }
        }
        assert_eq!(found, ["0", "1", "2", "4", "5"]);
    })
    .await;
}

#[tokio::test]
async fn a_query_takes_no_empty_key() {
    on_every_subject(|subject| async move {
        let (client, table) = table(&subject).await;
        for condition in ["PK = :pk AND begins_with(SK, :sk)", "PK = :pk AND SK = :sk", "PK = :pk AND SK > :sk"] {
            let query = client.query().table_name(&table).key_condition_expression(condition);
            let query =
                query.expression_attribute_values(":pk", text("p")).expression_attribute_values(":sk", text(""));
            let refusal = query.send().await.expect_err(condition);
            assert_eq!(refusal.code(), Some("ValidationException"), "{condition}");
        }
    })
    .await;
}

#[tokio::test]
async fn an_update_counts_and_returns_what_it_changed() {
    on_every_subject(|subject| async move {
        let (client, table) = table(&subject).await;
        for expected in ["1", "2"] {
            let updated = client
                .update_item()
                .table_name(&table)
                .set_key(Some(item(&[("PK", "p"), ("SK", "s")])))
                .update_expression("ADD failures :one SET firstAt = if_not_exists(firstAt, :now)")
                .expression_attribute_values(":one", AttributeValue::N("1".to_owned()))
                .expression_attribute_values(":now", text(expected))
                .return_values(ReturnValue::AllNew)
                .send()
                .await
                .expect("an update");
            let attributes = updated.attributes.expect("attributes");
            assert_eq!(attributes["failures"], AttributeValue::N(expected.to_owned()));
            assert_eq!(attributes["firstAt"], text("1"));
        }
    })
    .await;
}

#[tokio::test]
async fn batches_and_transactions_are_limited_and_tables_must_exist() {
    on_every_subject(|subject| async move {
        let (client, table) = table(&subject).await;
        let request = |number: usize| {
            let item = item(&[("PK", "p"), ("SK", &number.to_string())]);
            let put = PutRequest::builder().set_item(Some(item)).build().expect("a put");
            WriteRequest::builder().put_request(put).build()
        };
        let batch =
            |count: usize| client.batch_write_item().request_items(&table, (0..count).map(request).collect()).send();
        batch(25).await.expect("twenty-five are accepted");
        assert_eq!(batch(26).await.expect_err("twenty-six are not").code(), Some("ValidationException"));

        let items = (0..101).map(|number: usize| put(&table, item(&[("PK", "t"), ("SK", &number.to_string())]), None));
        let refusal = client.transact_write_items().set_transact_items(Some(items.collect())).send().await;
        assert_eq!(refusal.expect_err("a hundred and one are not").code(), Some("ValidationException"));

        let refusal =
            client.get_item().table_name(unique("none")).set_key(Some(item(&[("PK", "p"), ("SK", "s")]))).send().await;
        assert_eq!(refusal.expect_err("an unknown table").code(), Some("ResourceNotFoundException"));

        let incomplete = client.put_item().table_name(&table).set_item(Some(item(&[("PK", "p")]))).send().await;
        assert_eq!(incomplete.expect_err("a key is missing").code(), Some("ValidationException"));
    })
    .await;
}

#[tokio::test]
async fn time_to_live_is_described_as_it_was_set() {
    on_every_subject(|subject| async move {
        let (client, table) = table(&subject).await;
        let specification =
            TimeToLiveSpecification::builder().enabled(true).attribute_name("expiresAt").build().expect("complete");
        client
            .update_time_to_live()
            .table_name(&table)
            .time_to_live_specification(specification)
            .send()
            .await
            .expect("it is set");
        let described = client.describe_time_to_live().table_name(&table).send().await.expect("it is described");
        let described = described.time_to_live_description.expect("a description");
        assert_eq!(described.attribute_name(), Some("expiresAt"));
        assert_eq!(described.time_to_live_status().map(|status| status.as_str()), Some("ENABLED"));
    })
    .await;
}
