//! Webhooks: a few dozen items in one partition, read at every change.

use aws_sdk_dynamodb::types::AttributeValue;

use super::{CommunsStore, keys};
use crate::store::error::{CommitError, StoreError};
use crate::store::schema;
use crate::store::transaction::{Guard, Transaction};
use domain::api_key::Service;
use domain::webhooks::subscription::{MAX_PER_SERVICE, Webhook, WebhookId};

impl CommunsStore {
    /// The webhooks of one service, or of all, in order of registration within a service.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn webhooks(&self, service: Option<&Service>) -> Result<Vec<Webhook>, StoreError> {
        let prefix = service.map(keys::webhook_prefix).unwrap_or_default();
        let mut webhooks = Vec::new();
        let mut start = None;
        loop {
            let mut query = self
                .client
                .query()
                .table_name(&self.table)
                .expression_attribute_values(":all", AttributeValue::S(keys::WEBHOOKS.to_owned()))
                .consistent_read(true)
                .set_exclusive_start_key(start);
            query = if prefix.is_empty() {
                query.key_condition_expression("PK = :all")
            } else {
                query
                    .key_condition_expression("PK = :all AND begins_with(SK, :prefix)")
                    .expression_attribute_values(":prefix", AttributeValue::S(prefix.clone()))
            };
            let answer = query.send().await.map_err(StoreError::aws("Query"))?;
            webhooks.extend(schema::read_all::<Webhook>(answer.items)?);
            start = answer.last_evaluated_key;
            if start.is_none() {
                return Ok(webhooks);
            }
        }
    }

    /// One webhook of a service.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn webhook(&self, service: &Service, id: WebhookId) -> Result<Option<Webhook>, StoreError> {
        self.get(&keys::webhook(service, id)).await
    }

    /// Registers a webhook, counting it.
    ///
    /// # Errors
    /// [`CommitError::Race`] when the service has [`MAX_PER_SERVICE`] already.
    pub async fn register_webhook(&self, webhook: &Webhook) -> Result<(), CommitError> {
        let mut transaction = Transaction::default();
        let values =
            vec![(":one", AttributeValue::N("1".to_owned())), (":max", AttributeValue::N(MAX_PER_SERVICE.to_string()))];
        self.update(
            &mut transaction,
            &keys::webhook_count(&webhook.service),
            "ADD #count :one",
            Some("attribute_not_exists(#count) OR #count < :max"),
            &[("#count", "count")],
            values,
        )?;
        self.put(&mut transaction, &keys::webhook(&webhook.service, webhook.id), webhook, &Guard::Absent)?;
        self.commit(transaction).await
    }

    /// Writes the next state of a webhook read as `seen`, whose revision it bumps.
    ///
    /// # Errors
    /// [`CommitError::Race`] when it was changed or deleted meanwhile.
    pub async fn update_webhook(&self, seen: &Webhook, next: Webhook) -> Result<Webhook, CommitError> {
        let next = Webhook { revision: seen.revision + 1, ..next };
        let mut attributes: super::Item = schema::write(&next)?;
        attributes.extend(keys::webhook(&next.service, next.id).to_attributes());
        self.client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(attributes))
            .condition_expression("revision = :seen")
            .expression_attribute_values(":seen", AttributeValue::N(seen.revision.to_string()))
            .send()
            .await
            .map_err(CommitError::of_write("PutItem"))?;
        Ok(next)
    }

    /// Deletes a webhook; what waits for it is never sent.
    ///
    /// # Errors
    /// [`CommitError::Race`] when it was deleted meanwhile.
    pub async fn delete_webhook(&self, service: &Service, id: WebhookId) -> Result<(), CommitError> {
        let mut transaction = Transaction::default();
        self.update(
            &mut transaction,
            &keys::webhook_count(service),
            "ADD #count :minus",
            Some("#count > :zero"),
            &[("#count", "count")],
            vec![(":minus", AttributeValue::N("-1".to_owned())), (":zero", AttributeValue::N("0".to_owned()))],
        )?;
        self.delete(&mut transaction, &keys::webhook(service, id), &Guard::Present)?;
        self.commit(transaction).await
    }
}
