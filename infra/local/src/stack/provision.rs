//! Creates what the template asks for, or finds it as an earlier run left it.

use std::collections::{BTreeSet, HashMap};

use aws_config::SdkConfig;
use aws_sdk_dynamodb::types as dynamodb;
use aws_sdk_sqs::error::DisplayErrorContext;
use aws_sdk_sqs::types::QueueAttributeName;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use engines::ACCOUNT;
use passerelle::platform::clock::Clock;
use sam_template::{Index, KeySchema, Names, Queue, Table, Template};

use super::StackError;
use crate::runtime::table_arn;

/// Creates tables, queues and secrets and answers what references to them stand for.
pub(super) async fn provision(template: &Template, sdk: &SdkConfig, clock: &Clock) -> Result<Names, StackError> {
    let mut names = Names::default();
    for (parameter, value) in &template.parameters {
        names.set(parameter, value);
    }
    names.set("AWS::AccountId", ACCOUNT);
    names.set("AWS::Region", sdk.region().map(ToString::to_string).unwrap_or_default());
    let (tables, secrets) = (aws_sdk_dynamodb::Client::new(sdk), aws_sdk_secretsmanager::Client::new(sdk));
    if keys_are_lost(template, &tables, &secrets).await? {
        return Err(StackError::KeysLost);
    }
    // Before the tables: a start that is killed here has not lost them.
    for secret in &template.secrets {
        names.set(secret, create_secret(&secrets, secret, clock).await?);
    }
    for table in &template.tables {
        create_table(&tables, table).await?;
        names.set(&table.name, &table.name);
        names.set_attribute(&table.name, "Arn", table_arn(&table.name));
    }
    create_queues(&aws_sdk_sqs::Client::new(sdk), &template.queues, &mut names).await?;
    Ok(names)
}

/// Whether there are tables, but none of the secrets: new ones would open nothing of what is stored, and every webhook
/// would fail for ever.
async fn keys_are_lost(
    template: &Template,
    tables: &aws_sdk_dynamodb::Client,
    secrets: &aws_sdk_secretsmanager::Client,
) -> Result<bool, StackError> {
    for secret in &template.secrets {
        match secrets.describe_secret().secret_id(secret).send().await {
            Ok(_) => return Ok(false),
            Err(error) if error.as_service_error().is_some_and(|e| e.is_resource_not_found_exception()) => {}
            Err(error) => return Err(refused(secret, error)),
        }
    }
    for table in &template.tables {
        match tables.describe_table().table_name(&table.name).send().await {
            Ok(_) => return Ok(!template.secrets.is_empty()),
            Err(error) if error.as_service_error().is_some_and(|e| e.is_resource_not_found_exception()) => {}
            Err(error) => return Err(refused(&table.name, error)),
        }
    }
    Ok(false)
}

fn refused(resource: &str, error: impl std::error::Error) -> StackError {
    StackError::Provision { resource: resource.to_owned(), detail: DisplayErrorContext(error).to_string() }
}

async fn create_table(client: &aws_sdk_dynamodb::Client, table: &Table) -> Result<(), StackError> {
    let attributes = table
        .attributes
        .iter()
        .map(|(name, kind)| {
            dynamodb::AttributeDefinition::builder()
                .attribute_name(name)
                .attribute_type(kind.as_str().into())
                .build()
                .map_err(|error| refused(&table.name, error))
        })
        .collect::<Result<_, _>>()?;
    let indexes = table.indexes.iter().map(|index| global_index(&table.name, index)).collect::<Result<Vec<_>, _>>()?;
    let created = client
        .create_table()
        .table_name(&table.name)
        .billing_mode(dynamodb::BillingMode::PayPerRequest)
        .set_attribute_definitions(Some(attributes))
        .set_key_schema(Some(key_elements(&table.name, &table.key)?))
        .set_global_secondary_indexes((!indexes.is_empty()).then_some(indexes))
        .send()
        .await;
    match created {
        Ok(_) => {}
        Err(error) if error.as_service_error().is_some_and(|e| e.is_resource_in_use_exception()) => {
            same_keys(client, table).await?;
        }
        Err(error) => return Err(refused(&table.name, error)),
    }
    expire(client, table).await
}

/// Refuses to run on a table made from another template: its indexes would be missing or wrong.
async fn same_keys(client: &aws_sdk_dynamodb::Client, table: &Table) -> Result<(), StackError> {
    let found =
        client.describe_table().table_name(&table.name).send().await.map_err(|error| refused(&table.name, error))?;
    let described = found.table.unwrap_or_else(|| dynamodb::TableDescription::builder().build());
    let key = |schema: &[dynamodb::KeySchemaElement]| -> BTreeSet<(String, String)> {
        schema.iter().map(|e| (e.key_type.as_str().to_owned(), e.attribute_name.clone())).collect()
    };
    let wanted = |schema: &KeySchema| -> BTreeSet<(String, String)> {
        let hash = ("HASH".to_owned(), schema.hash.clone());
        let range = schema.range.clone().map(|range| ("RANGE".to_owned(), range));
        std::iter::once(hash).chain(range).collect()
    };
    let indexes: BTreeSet<_> = described
        .global_secondary_indexes()
        .iter()
        .map(|index| (index.index_name().unwrap_or_default().to_owned(), key(index.key_schema())))
        .collect();
    let wanted_indexes: BTreeSet<_> =
        table.indexes.iter().map(|index| (index.name.clone(), wanted(&index.key))).collect();
    if key(described.key_schema()) == wanted(&table.key) && indexes == wanted_indexes {
        Ok(())
    } else {
        Err(StackError::TableChanged(table.name.clone()))
    }
}

async fn expire(client: &aws_sdk_dynamodb::Client, table: &Table) -> Result<(), StackError> {
    let Some(attribute) = &table.time_to_live else { return Ok(()) };
    let described = client
        .describe_time_to_live()
        .table_name(&table.name)
        .send()
        .await
        .map_err(|error| refused(&table.name, error))?;
    let current = described.time_to_live_description.and_then(|ttl| ttl.attribute_name);
    if current.as_ref() == Some(attribute) {
        return Ok(());
    }
    let specification = dynamodb::TimeToLiveSpecification::builder()
        .attribute_name(attribute)
        .enabled(true)
        .build()
        .map_err(|error| refused(&table.name, error))?;
    client
        .update_time_to_live()
        .table_name(&table.name)
        .time_to_live_specification(specification)
        .send()
        .await
        .map_err(|error| refused(&table.name, error))?;
    Ok(())
}

fn global_index(table: &str, index: &Index) -> Result<dynamodb::GlobalSecondaryIndex, StackError> {
    let others = &index.projection.non_key_attributes;
    let projection = dynamodb::Projection::builder()
        .projection_type(index.projection.kind.as_str().into())
        .set_non_key_attributes((!others.is_empty()).then(|| others.clone()))
        .build();
    dynamodb::GlobalSecondaryIndex::builder()
        .index_name(&index.name)
        .set_key_schema(Some(key_elements(table, &index.key)?))
        .projection(projection)
        .build()
        .map_err(|error| refused(table, error))
}

fn key_elements(table: &str, key: &KeySchema) -> Result<Vec<dynamodb::KeySchemaElement>, StackError> {
    let hash = Some((&key.hash, dynamodb::KeyType::Hash));
    let range = key.range.as_ref().map(|range| (range, dynamodb::KeyType::Range));
    hash.into_iter()
        .chain(range)
        .map(|(attribute, kind)| {
            dynamodb::KeySchemaElement::builder()
                .attribute_name(attribute)
                .key_type(kind)
                .build()
                .map_err(|error| refused(table, error))
        })
        .collect()
}

/// Queues first, then their attributes: a redrive policy names a queue that must exist.
async fn create_queues(client: &aws_sdk_sqs::Client, queues: &[Queue], names: &mut Names) -> Result<(), StackError> {
    let mut found = Vec::new();
    for queue in queues {
        let created =
            client.create_queue().queue_name(&queue.name).send().await.map_err(|error| refused(&queue.name, error))?;
        let url = created.queue_url.unwrap_or_default();
        let described = client
            .get_queue_attributes()
            .queue_url(&url)
            .attribute_names(QueueAttributeName::All)
            .send()
            .await
            .map_err(|error| refused(&queue.name, error))?;
        let attributes = described.attributes.unwrap_or_default();
        let arn = attributes.get(&QueueAttributeName::QueueArn).cloned().unwrap_or_default();
        names.set(&queue.name, &url);
        names.set_attribute(&queue.name, "Arn", arn);
        names.set_attribute(&queue.name, "QueueName", &queue.name);
        names.set_attribute(&queue.name, "QueueUrl", &url);
        found.push((queue, url, attributes));
    }
    for (queue, url, current) in found {
        let wanted = queue_attributes(queue, names)?;
        // Setting what is already so would cost a write at every start.
        if wanted.iter().all(|(name, value)| current.get(name) == Some(value)) {
            continue;
        }
        client
            .set_queue_attributes()
            .queue_url(url)
            .set_attributes(Some(wanted))
            .send()
            .await
            .map_err(|error| refused(&queue.name, error))?;
    }
    Ok(())
}

fn queue_attributes(queue: &Queue, names: &Names) -> Result<HashMap<QueueAttributeName, String>, StackError> {
    let mut attributes = HashMap::from([
        (QueueAttributeName::VisibilityTimeout, queue.visibility_timeout.to_string()),
        (QueueAttributeName::MessageRetentionPeriod, queue.retention_period.to_string()),
        (QueueAttributeName::DelaySeconds, queue.delay.to_string()),
        (QueueAttributeName::ReceiveMessageWaitTimeSeconds, queue.receive_wait.to_string()),
    ]);
    if let Some(redrive) = &queue.redrive {
        let policy = serde_json::json!({
            "deadLetterTargetArn": redrive.target.resolve(names)?,
            "maxReceiveCount": redrive.max_receive_count,
        });
        attributes.insert(QueueAttributeName::RedrivePolicy, policy.to_string());
    }
    Ok(attributes)
}

/// On AWS a person fills the secrets; locally they are filled once with what their readers expect: the account or the
/// key of a stand-in, or a random key. Answers the ARN.
async fn create_secret(
    client: &aws_sdk_secretsmanager::Client,
    secret: &str,
    clock: &Clock,
) -> Result<String, StackError> {
    let key = STANDARD.encode(rand::random::<[u8; 32]>());
    let value = match secret {
        "PortailDfSecret" => serde_json::json!({ "username": "passerelle", "password": key }),
        "BrevoSecret" | "DataspaceSecret" => serde_json::json!({ "key": key }),
        _ => serde_json::json!({ "keys": [{ "id": clock.now().format("%Y-%m").to_string(), "key": key }] }),
    };
    let created = client.create_secret().name(secret).secret_string(value.to_string()).send().await;
    match created {
        Ok(created) => Ok(created.arn.unwrap_or_default()),
        Err(error) if error.as_service_error().is_some_and(|e| e.is_resource_exists_exception()) => {
            let found =
                client.describe_secret().secret_id(secret).send().await.map_err(|error| refused(secret, error))?;
            Ok(found.arn.unwrap_or_default())
        }
        Err(error) => Err(refused(secret, error)),
    }
}

#[cfg(test)]
mod tests;
