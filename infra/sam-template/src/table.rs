//! DynamoDB tables of the template.

use serde::Deserialize;
use serde_yaml_ng::Mapping;

use super::{TemplateError, typed};

/// Properties read, and those that only matter on AWS (billing, encryption, backups, protection).
const PROPERTIES: [&str; 9] = [
    "AttributeDefinitions",
    "BillingMode",
    "DeletionProtectionEnabled",
    "GlobalSecondaryIndexes",
    "KeySchema",
    "PointInTimeRecoverySpecification",
    "SSESpecification",
    "Tags",
    "TimeToLiveSpecification",
];

/// A table; its logical id is its local name.
#[derive(Debug, Clone)]
pub struct Table {
    /// Logical id.
    pub name: String,
    /// Key attributes and their types (`S`, `N`, `B`).
    pub attributes: Vec<(String, String)>,
    /// Primary key.
    pub key: KeySchema,
    /// Global secondary indexes.
    pub indexes: Vec<Index>,
    /// Attribute that holds the instant after which an item is swept.
    pub time_to_live: Option<String>,
}

/// The attributes of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeySchema {
    /// Partition key.
    pub hash: String,
    /// Sort key.
    pub range: Option<String>,
}

/// A global secondary index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    /// Name.
    pub name: String,
    /// Its key.
    pub key: KeySchema,
    /// What is copied into it.
    pub projection: Projection,
}

/// What an index carries besides its keys.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Projection {
    /// `KEYS_ONLY`, `ALL` or `INCLUDE`.
    #[serde(rename = "ProjectionType")]
    pub kind: String,
    /// For `INCLUDE`.
    #[serde(default)]
    pub non_key_attributes: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Properties {
    attribute_definitions: Vec<Attribute>,
    key_schema: Vec<KeyElement>,
    #[serde(default)]
    global_secondary_indexes: Vec<IndexProperties>,
    time_to_live_specification: Option<TimeToLive>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Attribute {
    attribute_name: String,
    attribute_type: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct KeyElement {
    attribute_name: String,
    key_type: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct IndexProperties {
    index_name: String,
    key_schema: Vec<KeyElement>,
    projection: Projection,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct TimeToLive {
    attribute_name: String,
    enabled: bool,
}

impl Table {
    pub(super) fn read(name: &str, properties: Mapping) -> Result<Self, TemplateError> {
        let properties: Properties = typed(name, properties, &PROPERTIES)?;
        Ok(Self {
            name: name.to_owned(),
            attributes: properties
                .attribute_definitions
                .into_iter()
                .map(|attribute| (attribute.attribute_name, attribute.attribute_type))
                .collect(),
            key: key_schema(name, properties.key_schema)?,
            indexes: properties
                .global_secondary_indexes
                .into_iter()
                .map(|index| {
                    Ok(Index {
                        key: key_schema(name, index.key_schema)?,
                        name: index.index_name,
                        projection: index.projection,
                    })
                })
                .collect::<Result<_, _>>()?,
            time_to_live: properties.time_to_live_specification.filter(|ttl| ttl.enabled).map(|ttl| ttl.attribute_name),
        })
    }
}

fn key_schema(table: &str, elements: Vec<KeyElement>) -> Result<KeySchema, TemplateError> {
    let mut hash = None;
    let mut range = None;
    for element in elements {
        let place = match element.key_type.as_str() {
            "HASH" => &mut hash,
            "RANGE" => &mut range,
            other => {
                let detail = format!("KeyType « {other} » inconnu");
                return Err(TemplateError::Value { resource: table.to_owned(), detail });
            }
        };
        *place = Some(element.attribute_name);
    }
    let hash = hash.ok_or_else(|| TemplateError::Value {
        resource: table.to_owned(),
        detail: "une clé sans attribut HASH".to_owned(),
    })?;
    Ok(KeySchema { hash, range })
}

#[cfg(test)]
mod tests {
    use super::super::{EMBEDDED, Template};
    use super::*;

    #[test]
    fn the_communs_table_has_its_keys_indexes_and_expiry() {
        let template = Template::parse(EMBEDDED).unwrap();
        let table = &template.tables[0];
        let key = |hash: &str, range: &str| KeySchema { hash: hash.into(), range: Some(range.into()) };
        assert_eq!(table.key, key("PK", "SK"));
        let indexes: Vec<_> = table.indexes.iter().map(|i| (i.name.as_str(), i.key.clone())).collect();
        assert_eq!(
            indexes,
            [("due", key("due", "dueAt")), ("all", key("all", "PK")), ("territory", key("territory", "PK"))]
        );
        assert!(table.indexes.iter().all(|index| index.projection.kind == "KEYS_ONLY"));
        assert_eq!(table.time_to_live.as_deref(), Some("expiresAt"));
    }

    #[test]
    fn a_key_needs_its_hash() {
        let properties = "{AttributeDefinitions: [], KeySchema: [{AttributeName: A, KeyType: RANGE}]}";
        let error = Table::read("T", serde_yaml_ng::from_str(properties).unwrap()).unwrap_err();
        assert_eq!(error.to_string(), "template.yaml : T : une clé sans attribut HASH");
    }
}
