//! Updates by expression: `table.update(&key).set(..).add(..).when(guard)`, alone or as part of a transaction.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{
    AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure, Update as TransactUpdate,
};
use serde::de::DeserializeOwned;

use super::error::{CommitError, StoreError};
use super::guard::{Guard, Names, Terms};
use super::item::{Attributes, Item, ItemKey};
use super::patience::{item_put_off, persist};
use super::table::{Table, WRITE_ID, write_id};
use super::transaction::Transaction;
use super::value::Value;

/// A change of some attributes of one item. An item that is not there is made, unless the guard forbids.
pub(crate) struct Update<'a> {
    table: &'a Table,
    key: ItemKey,
    set: Vec<(String, AttributeValue)>,
    add: Vec<(String, AttributeValue)>,
    remove: Vec<String>,
    guard: Guard,
    id: Option<AttributeValue>,
}

/// An update as DynamoDB takes it.
struct Rendered {
    expression: String,
    condition: Option<String>,
    names: Option<Names>,
    values: Option<Attributes>,
}

impl Table {
    /// An update of the item of this key.
    pub(crate) fn update(&self, key: &ItemKey) -> Update<'_> {
        let (set, add, remove) = (Vec::new(), Vec::new(), Vec::new());
        Update { table: self, key: key.clone(), set, add, remove, guard: Guard::None, id: None }
    }
}

impl Update<'_> {
    /// Sets an attribute.
    pub(crate) fn set(mut self, path: &str, value: impl Value) -> Self {
        self.set.push((path.to_owned(), value.into_attribute()));
        self
    }

    /// Adds to a number, or to a set; one that is missing begins at zero, or empty.
    pub(crate) fn add(mut self, path: &str, value: impl Value) -> Self {
        self.add.push((path.to_owned(), value.into_attribute()));
        self
    }

    /// Removes an attribute.
    pub(crate) fn remove(mut self, path: &str) -> Self {
        self.remove.push(path.to_owned());
        self
    }

    /// What must hold; said again, that as well.
    pub(crate) fn when(mut self, guard: Guard) -> Self {
        self.guard = std::mem::replace(&mut self.guard, Guard::None).and(guard);
        self
    }

    /// Done once, even when its answer is lost and the SDK sends it again: the second time it is known by its id, as
    /// long as no other update marked so came in between. Without it a condition fails because of the very update it
    /// was for, and what is added is added twice.
    pub(crate) fn once(mut self) -> Self {
        let id = write_id();
        self.set.push((WRITE_ID.to_owned(), id.clone()));
        self.id = Some(id.clone());
        self.when(Guard::lacks(WRITE_ID).or(Guard::is_not(WRITE_ID, id)))
    }

    /// Writes it.
    pub(crate) async fn send(self) -> Result<(), CommitError> {
        self.send_with(None).await?;
        Ok(())
    }

    /// Writes it, and answers the item as it is then.
    pub(crate) async fn send_returning<T: DeserializeOwned>(self) -> Result<T, CommitError> {
        Ok(Item::from(self.send_with(Some(ReturnValue::AllNew)).await?).read()?)
    }

    /// Writes it, and answers what is asked for.
    async fn send_with(self, answered: Option<ReturnValue>) -> Result<Attributes, CommitError> {
        let seen = self.id.as_ref().map(|_| ReturnValuesOnConditionCheckFailure::AllOld);
        let request = self.request().set_return_values(answered).set_return_values_on_condition_check_failure(seen);
        match persist(item_put_off, || request.clone().send()).await {
            Ok(answer) => Ok(answer.attributes.unwrap_or_default()),
            Err(error) => self.own_write(&error).ok_or_else(|| CommitError::of_write("UpdateItem")(error)),
        }
    }

    /// The item as it is, when it is so by this very update, whose first answer was lost.
    fn own_write<R>(&self, error: &SdkError<UpdateItemError, R>) -> Option<Attributes> {
        match error.as_service_error()? {
            UpdateItemError::ConditionalCheckFailedException(failed) => {
                let item = failed.item()?;
                (self.id.is_some() && item.get(WRITE_ID) == self.id.as_ref()).then(|| item.clone())
            }
            _ => None,
        }
    }

    /// Adds it to a transaction.
    pub(crate) fn within(self, transaction: &mut Transaction) -> Result<(), StoreError> {
        let Rendered { expression, condition, names, values } = self.render();
        let update = TransactUpdate::builder()
            .table_name(&self.table.table)
            .set_key(Some(self.key.to_attributes()))
            .update_expression(expression)
            .set_condition_expression(condition)
            .set_expression_attribute_names(names)
            .set_expression_attribute_values(values)
            .build()?;
        transaction.push_update(update);
        Ok(())
    }

    fn request(&self) -> UpdateItemFluentBuilder {
        let Rendered { expression, condition, names, values } = self.render();
        self.table
            .client
            .update_item()
            .table_name(&self.table.table)
            .set_key(Some(self.key.to_attributes()))
            .update_expression(expression)
            .set_condition_expression(condition)
            .set_expression_attribute_names(names)
            .set_expression_attribute_values(values)
    }

    fn render(&self) -> Rendered {
        let mut terms = Terms::default();
        let mut clauses = Vec::new();
        let mut clause = |word: &str, parts: Vec<String>| {
            if !parts.is_empty() {
                clauses.push(format!("{word} {}", parts.join(", ")));
            }
        };
        let set = self.set.iter().map(|(path, value)| format!("{} = {}", terms.name(path), terms.value(value.clone())));
        clause("SET", set.collect());
        clause("REMOVE", self.remove.iter().map(|path| terms.name(path)).collect());
        let add = self.add.iter().map(|(path, value)| format!("{} {}", terms.name(path), terms.value(value.clone())));
        clause("ADD", add.collect());
        let condition = self.guard.expression(&mut terms);
        let (names, values) = terms.into_names_and_values();
        Rendered { expression: clauses.join(" "), condition, names, values }
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::{Client, Config};

    use super::*;

    #[test]
    fn an_update_names_every_clause_once() {
        let config = Config::builder().behavior_version_latest().build();
        let table = Table::new(Client::from_conf(config), "T".to_owned());
        let update = table
            .update(&ItemKey::new("a", "b"))
            .set("status", "running")
            .remove("tickets.u1")
            .add("seen", 2_u64)
            .set("cursor", None::<&str>)
            .add("removed", -1_i64)
            .when(Guard::is("status", "paused"))
            .when(Guard::Present);
        let rendered = update.render();
        assert_eq!(rendered.expression, "SET #n0 = :v0, #n1 = :v1 REMOVE #n2.#n3 ADD #n4 :v2, #n5 :v3");
        assert_eq!(rendered.condition.as_deref(), Some("(#n0 = :v4 AND attribute_exists(#n6))"));
        assert_eq!(rendered.names.map(|names| names.len()), Some(7));
        assert_eq!(rendered.values.map(|values| values[":v1"].clone()), Some(AttributeValue::Null(true)));
    }
}
