//! Every kind of caller there is.

use std::collections::BTreeMap;

use acceptance::api::Caller;
use domain::api_key::Scope;
use passerelle_local::stack::Stack;

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

/// One column of the matrix: how the caller is shown, and what it presents.
#[derive(Debug, Clone)]
pub struct Column {
    /// `aucune`, `fausse`, `malform.`, or the scope.
    pub key: &'static str,
    /// The service, `-` when the key names none.
    pub service: &'static str,
    /// The user named, `-` when none is.
    pub user: &'static str,
    /// What is sent.
    pub caller: Caller,
}

/// Issues the keys and answers the columns, in the order shown.
pub async fn columns(stack: &Stack) -> Vec<Column> {
    let mut keys = BTreeMap::new();
    for service in [UNRELATED, LINKED, CREATOR] {
        for scope in [Scope::Projects, Scope::Sync] {
            let key = stack.issue_key(service, scope).await.unwrap();
            keys.insert((scope.as_str(), service), Caller::key(&key));
        }
    }
    let manage = stack.issue_key(CREATOR, Scope::Manage).await.unwrap();
    keys.insert(("manage", CREATOR), Caller::key(&manage));

    let raw = |value: &str| Caller { authorization: Some(value.to_owned()), user: None };
    let unknown = format!("mec_{}", "A".repeat(43));
    let mut columns = vec![
        Column { key: "aucune", service: "-", user: "-", caller: Caller::default() },
        Column { key: "fausse", service: "-", user: "-", caller: Caller::key(&unknown) },
        Column { key: "malform.", service: "-", user: "-", caller: raw("Basic bWVjOm1lYw==") },
    ];
    let known = [
        ("manage", CREATOR, "-"),
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
