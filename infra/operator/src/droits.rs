//! What an operator does in droits: accounts, explanations, loads.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::Failure;
use crate::deployment::{Access, Call};

/// Items of one load: what the API takes in one request.
const LOADED_TOGETHER: usize = 1_000;

/// What to do in droits, in which deployment.
#[derive(Debug, PartialEq, Eq, Args)]
pub struct Droits {
    #[command(flatten)]
    pub access: Access,
    #[command(subcommand)]
    pub action: DroitsAction,
}

/// What to do in droits.
#[derive(Debug, PartialEq, Eq, Subcommand)]
pub enum DroitsAction {
    /// Finds a person by e-mail, deleted or not.
    Find { email: String },
    /// Gives a person a role.
    Role {
        user: Uuid,
        #[arg(value_enum)]
        role: RoleName,
    },
    /// Suspends one.
    Suspend { user: Uuid, cause: String },
    /// Ends a suspension set by a person.
    Lift { user: Uuid },
    /// Gives one another e-mail.
    Email { user: Uuid, email: String },
    /// Deletes an account.
    Delete { user: Uuid },
    /// Erases a person: account, rights, and request for an account.
    Erase { email: String },
    /// Explains a decision, with its path through the tree.
    Explain {
        email: String,
        establishment: Uuid,
        #[arg(value_enum)]
        flow: FlowName,
    },
    /// Loads data from a JSON file: a list, or an object with `items`.
    Load { kind: String, file: PathBuf },
}

/// A role, as the command line names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RoleName {
    /// What Portail DF grants.
    Usual,
    /// All establishments.
    Admin,
    /// The establishment, whatever the perimeter.
    Visitor,
}

/// A tree, as the command line names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FlowName {
    /// Creation of an account.
    Creation,
    /// Sign-in.
    Connexion,
    /// Change of establishment.
    Changement,
}

impl DroitsAction {
    /// The calls that do it, in their order.
    ///
    /// # Errors
    /// When the file to load is not readable, or not as agreed.
    pub fn calls(&self) -> Result<Vec<Call>, Failure> {
        let call = |method, path: &[&str], tell| Call::new(method, ["droits", "v1"].iter().chain(path).copied(), tell);
        let account = |method, user: &Uuid, path: &[&str], tell| {
            let id = user.to_string();
            let whole: Vec<&str> = ["administration", "users", &id].into_iter().chain(path.iter().copied()).collect();
            call(method, &whole, tell)
        };
        Ok(vec![match self {
            Self::Find { email } => {
                call(Method::GET, &["administration", "users"], describe_user).query("email", email.clone())
            }
            Self::Role { user, role } => {
                account(Method::PUT, user, &["role"], describe_user).body(json!({"role": role.on_the_wire()}))
            }
            Self::Suspend { user, cause } => {
                account(Method::PUT, user, &["suspension"], describe_user).body(json!({"cause": cause}))
            }
            Self::Lift { user } => account(Method::DELETE, user, &["suspension"], describe_user),
            Self::Email { user, email } => {
                account(Method::PUT, user, &["email"], describe_user).body(json!({"email": email}))
            }
            Self::Delete { user } => account(Method::DELETE, user, &[], |_| {
                "compte supprimé : la connexion le dit à la personne ; pour ne rien garder d'elle : erase".to_owned()
            }),
            Self::Erase { email } => {
                call(Method::POST, &["administration", "erasures"], describe_erasure).body(json!({"email": email}))
            }
            Self::Explain { email, establishment, flow } => {
                let asked = json!({"email": email, "establishmentId": establishment, "flow": flow.on_the_wire()});
                call(Method::POST, &["rights", "explain"], describe_decision).body(asked)
            }
            Self::Load { kind, file } => {
                let load = |items: &[Value]| {
                    let stored = |answer: &Value| format!("{} éléments enregistrés", answer["stored"]);
                    call(Method::PUT, &["management", kind], stored).body(json!({"items": items}))
                };
                return Ok(read_items(file)?.chunks(LOADED_TOGETHER).map(load).collect());
            }
        }])
    }
}

impl RoleName {
    const fn on_the_wire(self) -> &'static str {
        match self {
            Self::Usual => "USUAL",
            Self::Admin => "ADMIN",
            Self::Visitor => "VISITOR",
        }
    }
}

impl FlowName {
    const fn on_the_wire(self) -> &'static str {
        match self {
            Self::Creation => "creation",
            Self::Connexion => "connexion",
            Self::Changement => "changement",
        }
    }
}

/// The items of a file; none is a mistake.
fn read_items(file: &Path) -> Result<Vec<Value>, Failure> {
    let wrong = |why: String| Failure::Arguments(format!("le fichier à charger n'est pas lisible : {why}"));
    let text = std::fs::read_to_string(file).map_err(|error| wrong(error.to_string()))?;
    let items = match serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))? {
        Value::Array(items) => items,
        Value::Object(mut object) => match object.remove("items") {
            Some(Value::Array(items)) if object.is_empty() => items,
            _ => return Err(wrong("un objet n'a qu'une liste, « items »".to_owned())),
        },
        _ => return Err(wrong("une liste est attendue".to_owned())),
    };
    if items.is_empty() { Err(wrong("la liste est vide".to_owned())) } else { Ok(items) }
}

fn describe_user(user: &Value) -> String {
    let text = |name: &str| user[name].as_str();
    let mut lines = vec![format!(
        "{} {} {}, établissement {}",
        text("id").unwrap_or("-"),
        text("email").unwrap_or("-"),
        text("role").unwrap_or("-"),
        text("establishmentId").unwrap_or("-"),
    )];
    lines.push(match text("lastAuthenticatedAt") {
        Some(at) => format!("  dernière connexion {at}"),
        None => "  jamais connecté".to_owned(),
    });
    if let Some(at) = text("suspendedAt") {
        lines.push(format!("  suspendu depuis {at} : {}", text("suspendedCause").unwrap_or("-")));
    }
    if let Some(at) = text("deletedAt") {
        lines.push(format!("  supprimé depuis {at}"));
    }
    lines.join("\n")
}

fn describe_erasure(erased: &Value) -> String {
    let did = |name: &str| erased[name].as_bool().unwrap_or_default();
    match (did("user"), did("prospect")) {
        (true, true) => "compte et demande de compte effacés",
        (true, false) => "compte effacé",
        (false, true) => "demande de compte effacée",
        (false, false) => "rien n'était connu de cette personne",
    }
    .to_owned()
}

fn describe_decision(decision: &Value) -> String {
    let outcome = &decision["outcome"];
    let result = match outcome["result"].as_str() {
        Some("accepted") => "accepté",
        Some("suspended") => "suspendu",
        Some("refused") => "refusé",
        Some("unavailable") => "Portail DF ne répond pas",
        _ => "?",
    };
    let causes = outcome["causes"].as_array().into_iter().flatten();
    let why = [&outcome["problem"], &outcome["reason"]].into_iter().chain(causes).filter_map(Value::as_str);
    let why: Vec<&str> = why.collect();
    let verdict =
        format!("{result} ({}){}{}", outcome["status"], if why.is_empty() { "" } else { " : " }, why.join(", "));
    let nodes = decision["trail"].as_array().into_iter().flatten().map(describe_node);
    std::iter::once(verdict).chain(nodes).collect::<Vec<_>>().join("\n")
}

fn describe_node(node: &Value) -> String {
    let answer = match node["answer"].as_str() {
        Some("yes") => " oui",
        Some("no") => " non",
        _ => "",
    };
    format!("  {}{answer} {}", node["node"].as_str().unwrap_or("?"), node["text"].as_str().unwrap_or_default())
        .trim_end()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_holds_a_list_that_is_loaded_by_the_thousand() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let load = |text: String| {
            std::fs::write(file.path(), text).unwrap();
            let action = DroitsAction::Load { kind: "owners".to_owned(), file: file.path().to_owned() };
            action.calls().map(|calls| calls.len()).map_err(|failure| failure.status())
        };
        let items: Vec<Value> = (0..1_001).map(|rank| json!({"rank": rank})).collect();
        assert_eq!(load(json!(items).to_string()), Ok(2));
        assert_eq!(load(json!({"items": [{}]}).to_string()), Ok(1));
        for wrong in ["[]", "{}", "3", "[", r#"{"items": [1], "others": []}"#, r#"{"items": {}}"#] {
            assert_eq!(load(wrong.to_owned()), Err(2), "{wrong}");
        }
    }

    #[test]
    fn a_decision_is_told_with_its_path() {
        let told = describe_decision(&json!({
            "outcome": {"result": "refused", "status": 403, "problem": "prospect-invalid", "reason": "perimetre_invalide", "causes": []},
            "trail": [{"node": "C1", "answer": null, "text": "début"}, {"node": "C2", "answer": "no", "text": ""}],
        }));
        assert_eq!(told, "refusé (403) : prospect-invalid, perimetre_invalide\n  C1 début\n  C2 non");
    }
}
