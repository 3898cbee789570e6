//! Every kind of caller there is.

use std::collections::BTreeMap;

use acceptance::api::Caller;
use acceptance::world::World;
use domain::api_key::Scope;

use super::super::manage;
use super::super::table::Column;

/// The service that created the project, and owns the webhook.
pub const CREATOR: &str = "mec";
/// A service the project is linked to.
pub const LINKED: &str = "tet";
/// A service that has nothing to do with the project.
pub const UNRELATED: &str = "recoco";

/// A user without any right on the project.
const STRANGER: &str = "etranger@nantes.fr";
/// A user who may read the project.
pub const READER: &str = "lectrice@strasbourg.eu";
/// A user who may change the project.
pub const WRITER: &str = "redactrice@strasbourg.eu";

/// Issues the keys and answers the columns, in the order shown.
pub async fn columns(world: &World) -> Vec<Column> {
    let mut keys = BTreeMap::new();
    for service in [UNRELATED, LINKED, CREATOR] {
        for scope in [Scope::Projects, Scope::Sync] {
            keys.insert((scope.as_str(), service), world.caller(service, scope).await);
        }
    }
    let raw = |value: &str| Caller { authorization: Some(value.to_owned()), user: None };
    let unknown = format!("mec_{}", "A".repeat(43));
    let mut columns = vec![
        Column::new("aucune", "-", Caller::default()),
        Column::new("fausse", "-", Caller::key(&unknown)),
        Column::new("malform.", "-", raw("Basic bWVjOm1lYw==")),
    ];
    columns.extend(manage::columns(world).await);
    let known = [
        ("projects", UNRELATED, "-"),
        ("projects", UNRELATED, "invalide"),
        ("projects", UNRELATED, "aucun"),
        ("projects", UNRELATED, "READ"),
        ("projects", UNRELATED, "WRITE"),
        ("projects", LINKED, "-"),
        ("projects", LINKED, "aucun"),
        ("projects", LINKED, "READ"),
        ("projects", CREATOR, "-"),
        ("projects", CREATOR, "aucun"),
        ("projects", CREATOR, "READ"),
        ("projects", CREATOR, "WRITE"),
        ("sync", UNRELATED, "-"),
        ("sync", UNRELATED, "aucun"),
        ("sync", UNRELATED, "READ"),
        ("sync", UNRELATED, "WRITE"),
        ("sync", LINKED, "-"),
        ("sync", CREATOR, "-"),
        ("sync", CREATOR, "aucun"),
    ];
    for (key, service, user) in known {
        let caller = &keys[&(key, service)];
        let caller = match user {
            "invalide" => caller.on_behalf_of("pas un e-mail"),
            "aucun" => caller.on_behalf_of(STRANGER),
            "READ" => caller.on_behalf_of(READER),
            "WRITE" => caller.on_behalf_of(WRITER),
            _ => caller.clone(),
        };
        columns.push(Column { key, service, user, caller });
    }
    columns
}

/// The caller of a column: one of them stands for the creator when a fixture is made.
pub fn of<'a>(columns: &'a [Column], key: &str, service: &str) -> &'a Caller {
    let found = columns.iter().find(|c| c.key == key && c.service == service && c.user == "-");
    &found.unwrap_or_else(|| panic!("no column {key} {service}")).caller
}
