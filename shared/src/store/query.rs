//! Queries of one partition, of the table or of an index: `table.query(partition).after(..).descending().page(n)`.

use aws_sdk_dynamodb::types::AttributeValue;
use serde::de::DeserializeOwned;

use super::error::StoreError;
use super::guard::Terms;
use super::item::{Attributes, Item, PK, SK};
use super::table::Table;
use super::value::Value;

/// An index of a table, named as the template declares it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Index {
    /// Of the index, and of the attribute that is its partition key.
    pub name: &'static str,
    /// The attribute that is its sort key.
    pub sort: &'static str,
}

/// A question to one partition, its items in the order of their sort keys. Reads of the table are strongly consistent,
/// those of an index cannot be. Sort keys are ASCII.
#[derive(Clone, Debug)]
pub(crate) struct Query<'a> {
    table: &'a Table,
    index: Option<Index>,
    partition: String,
    prefix: Option<String>,
    after: Option<String>,
    upper: Option<Upper>,
    descending: bool,
}

#[derive(Clone, Debug)]
enum Upper {
    Before(String),
    UpTo(String),
}

/// What one request answered.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) items: Vec<Item>,
    /// There may be more after the last one.
    pub(crate) more: bool,
}

impl Page {
    /// What the items say.
    pub(crate) fn read<T: DeserializeOwned>(self) -> Result<Vec<T>, StoreError> {
        self.items.into_iter().map(Item::read).collect()
    }
}

impl Table {
    /// A query of a partition of the table.
    pub(crate) fn query(&self, partition: impl Into<String>) -> Query<'_> {
        let partition = partition.into();
        Query { table: self, index: None, partition, prefix: None, after: None, upper: None, descending: false }
    }

    /// A query of a partition of an index.
    pub(crate) fn query_index(&self, index: Index, partition: impl Into<String>) -> Query<'_> {
        Query { index: Some(index), ..self.query(partition) }
    }
}

impl Query<'_> {
    /// Only items whose sort key begins so. DynamoDB refuses an empty text: that is all of them.
    pub(crate) fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = Some(prefix.into()).filter(|prefix| !prefix.is_empty());
        self
    }

    /// Only items after this sort key, if one is given.
    pub(crate) fn after(mut self, sort_key: Option<String>) -> Self {
        self.after = sort_key;
        self
    }

    /// Only items before this sort key, if one is given.
    pub(crate) fn before(mut self, sort_key: Option<String>) -> Self {
        self.upper = sort_key.map(Upper::Before);
        self
    }

    /// Only items up to this sort key, itself included.
    pub(crate) fn up_to(mut self, sort_key: impl Into<String>) -> Self {
        self.upper = Some(Upper::UpTo(sort_key.into()));
        self
    }

    /// The last items first.
    pub(crate) fn descending(mut self) -> Self {
        self.descending = true;
        self
    }

    /// At most `limit` items, in one request.
    pub(crate) async fn page(&self, limit: i32) -> Result<Page, StoreError> {
        let (items, next) = self.ask(Some(limit), None).await?;
        Ok(Page { items, more: next.is_some() })
    }

    /// Every item.
    pub(crate) async fn all(&self) -> Result<Vec<Item>, StoreError> {
        let mut all = Vec::new();
        let mut start = None;
        loop {
            let (items, next) = self.ask(None, start).await?;
            all.extend(items);
            if next.is_none() {
                return Ok(all);
            }
            start = next;
        }
    }

    async fn ask(
        &self,
        limit: Option<i32>,
        start: Option<Attributes>,
    ) -> Result<(Vec<Item>, Option<Attributes>), StoreError> {
        let mut terms = Terms::default();
        let Some(condition) = self.condition(&mut terms) else { return Ok((Vec::new(), None)) };
        let (names, values) = terms.into_names_and_values();
        let answer = self
            .table
            .client
            .query()
            .table_name(&self.table.table)
            .set_index_name(self.index.map(|index| index.name.to_owned()))
            .key_condition_expression(condition)
            .set_expression_attribute_names(names)
            .set_expression_attribute_values(values)
            .set_scan_index_forward(self.descending.then_some(false))
            .set_consistent_read(self.index.is_none().then_some(true))
            .set_exclusive_start_key(start)
            .set_limit(limit)
            .send()
            .await
            .map_err(StoreError::aws("Query"))?;
        let items = answer.items.unwrap_or_default().into_iter().map(Item::from).collect();
        Ok((items, answer.last_evaluated_key))
    }

    /// The key condition; `None` where nothing can meet it.
    fn condition(&self, terms: &mut Terms) -> Option<String> {
        let (partition, sort) = self.index.map_or((PK, SK), |index| (index.name, index.sort));
        let mut text = format!("{} = {}", terms.name(partition), terms.value(self.partition.as_str().into_attribute()));
        if let Some(range) = self.range() {
            let sort = terms.name(sort);
            let mut value = |key: String| terms.value(AttributeValue::S(key));
            let condition = match range {
                Range::Nothing => return None,
                Range::Begins(prefix) => format!("begins_with({sort}, {})", value(prefix)),
                Range::After(key) => format!("{sort} > {}", value(key)),
                Range::Before(key) => format!("{sort} < {}", value(key)),
                Range::UpTo(key) => format!("{sort} <= {}", value(key)),
                Range::Between(first, last) => format!("{sort} BETWEEN {} AND {}", value(first), value(last)),
            };
            text.push_str(" AND ");
            text.push_str(&condition);
        }
        Some(text)
    }

    /// DynamoDB takes one condition on the sort key, and the bounds of its only two-sided one are inclusive.
    fn range(&self) -> Option<Range> {
        let Self { prefix, after, upper, .. } = self;
        Some(match (prefix.clone(), after.clone(), upper.clone()) {
            (None, None, None) => return None,
            (Some(prefix), None, None) => Range::Begins(prefix),
            (None, Some(after), None) => Range::After(after),
            (None, None, Some(Upper::Before(key))) => Range::Before(key),
            (None, None, Some(Upper::UpTo(key))) => Range::UpTo(key),
            (prefix, after, upper) => {
                let lower = after.map(|key| just_after(&key));
                let first = [lower, prefix.clone()].into_iter().flatten().max().unwrap_or_default();
                let upper = upper.map(|upper| match upper {
                    Upper::Before(key) => just_before(&key),
                    Upper::UpTo(key) => key,
                });
                let last = [upper, prefix.map(|prefix| format!("{prefix}{LAST}"))].into_iter().flatten().min();
                match last {
                    Some(last) if last < first => Range::Nothing,
                    last => Range::Between(first, last.unwrap_or_else(|| LAST.to_string())),
                }
            }
        })
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Range {
    Begins(String),
    After(String),
    Before(String),
    UpTo(String),
    Between(String, String),
    /// DynamoDB refuses bounds that leave no room.
    Nothing,
}

/// Sorts after every character of a sort key.
const LAST: char = '\u{10FFFF}';

/// The first text after `key` that can be a sort key.
fn just_after(key: &str) -> String {
    format!("{key}\u{1}")
}

/// A text after every sort key before `key`, and before `key` itself.
fn just_before(key: &str) -> String {
    let mut text = key.to_owned();
    match text.pop() {
        Some(last) => {
            text.extend(char::from_u32(u32::from(last).saturating_sub(1)));
            text.push(LAST);
            text
        }
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::{Client, Config};
    use proptest::prelude::*;

    use super::*;

    fn table() -> Table {
        Table::new(Client::from_conf(Config::builder().behavior_version_latest().build()), "T".to_owned())
    }

    fn check(query: &Query<'_>, expected: &str) {
        let mut terms = Terms::default();
        assert_eq!(query.condition(&mut terms).as_deref(), Some(expected));
    }

    #[test]
    fn a_query_has_one_condition_on_the_sort_key() {
        let table = table();
        let query = || table.query("P#1");
        check(&query(), "#n0 = :v0");
        check(&query().prefix(""), "#n0 = :v0");
        check(&query().prefix("H#"), "#n0 = :v0 AND begins_with(#n1, :v1)");
        check(&query().after(Some("a".into())), "#n0 = :v0 AND #n1 > :v1");
        check(&query().after(None).before(Some("b".into())), "#n0 = :v0 AND #n1 < :v1");
        check(&query().up_to("b"), "#n0 = :v0 AND #n1 <= :v1");
        check(&query().prefix("H#").after(Some("H#1".into())), "#n0 = :v0 AND #n1 BETWEEN :v1 AND :v2");
    }

    #[test]
    fn an_index_is_asked_by_its_own_keys() {
        let table = table();
        let query = table.query_index(Index { name: "due", sort: "dueAt" }, "E#01").up_to("2026");
        let mut terms = Terms::default();
        query.condition(&mut terms).unwrap();
        let (names, _) = terms.into_names_and_values();
        let names = names.unwrap();
        assert_eq!([&names["#n0"], &names["#n1"]], ["due", "dueAt"]);
    }

    proptest! {
        /// Whatever bounds are given, the one condition accepts what they accept.
        #[test]
        fn bounds_hold_together(
            key in "[HP]#[0-9a-c]{0,3}", prefix in prop::option::of("[HP]#"), after in prop::option::of("[HP]#[0-9a-c]{0,3}"),
            upper in prop::option::of("[HP]#[0-9a-c]{0,3}"), inclusive: bool,
        ) {
            let table = table();
            let mut query = table.query("p").prefix(prefix.clone().unwrap_or_default()).after(after.clone());
            query = match (upper.clone(), inclusive) {
                (Some(upper), true) => query.up_to(upper),
                (upper, _) => query.before(upper),
            };
            let wanted = prefix.is_none_or(|prefix| key.starts_with(&prefix))
                && after.is_none_or(|after| key > after)
                && upper.is_none_or(|upper| key < upper || (inclusive && key == upper));
            let taken = match query.range() {
                None => true,
                Some(Range::Begins(prefix)) => key.starts_with(&prefix),
                Some(Range::After(after)) => key > after,
                Some(Range::Before(before)) => key < before,
                Some(Range::UpTo(last)) => key <= last,
                Some(Range::Between(first, last)) => {
                    prop_assert!(first <= last, "DynamoDB refuses these bounds");
                    first <= key && key <= last
                }
                Some(Range::Nothing) => false,
            };
            prop_assert_eq!(taken, wanted);
        }
    }
}
