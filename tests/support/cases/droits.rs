//! What cases of droits need: Portail DF and Brevo beside the stack, people and data inside.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use domain::droits::account::{Role, User};
use domain::droits::password::GivenPassword;
use domain::droits::perimeter::Perimeter;
use domain::droits::suspension::Suspension;
use passerelle::identity::password::Passwords;
use passerelle::store::droits::{DroitsStore, StoredUser};
use passerelle::store::transaction::Transaction;
use passerelle_local::stand_ins::Down;
use passerelle_local::stand_ins::portail_df::Directory;
use passerelle_local::stand_ins::portail_df::next_link::NextLink;
use passerelle_local::stand_ins::portail_df::people::Entry;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::cases::format::{Fields, instant as moment};
use crate::cases::play::Play;

/// Kinds loaded through the management API, in an order in which each finds what it names.
const KINDS: [&str; 9] =
    ["establishments", "prospects", "localities", "owners", "housing", "campaigns", "groups", "drafts", "events"];

/// What one `given` asks for.
#[derive(Debug, Default)]
pub struct Given {
    portail_df: Option<Directory>,
    lists: Vec<(&'static str, Vec<Value>)>,
    users: Vec<UserGiven>,
}

#[derive(Debug)]
struct UserGiven {
    user: User,
    password: String,
    memberships: Vec<Uuid>,
    perimeter: Option<Perimeter>,
}

/// The settings a case asks for before its stack starts.
pub fn variables(given: &Value) -> Vec<(String, String)> {
    let accounts = given["testAccounts"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let second_factor = given["admin2fa"].as_bool().unwrap_or(false);
    vec![
        ("TEST_ACCOUNTS".to_owned(), accounts.collect::<Vec<_>>().join(",")),
        ("ADMIN_2FA".to_owned(), second_factor.to_string()),
    ]
}

/// Brings about what `given` asks for.
pub async fn apply(play: &mut Play, given: Given) -> Result<(), String> {
    if let Some(directory) = given.portail_df {
        play.world.portail_df.replace(directory);
    }
    for (kind, items) in given.lists {
        let path = format!("/droits/v1/management/{kind}");
        let answer = play.call_as("manage", "PUT", path, Some(json!({"items": items}))).await?;
        if !answer.status.is_success() {
            return Err(format!("given.{kind}: {} {}", answer.status, answer.whole_text()));
        }
    }
    for user in given.users {
        user.store(play).await.map_err(|error| format!("given.users: {error}"))?;
    }
    Ok(())
}

impl Given {
    /// Takes what concerns droits out of a `given`.
    pub fn take(fields: &mut Fields) -> Result<Self, String> {
        // Settings are read before the stack starts.
        fields.optional("testAccounts");
        fields.optional("admin2fa");
        let portail_df = fields.optional("portailDf").map(directory).transpose()?;
        let mut lists = Vec::new();
        for kind in KINDS {
            if let Some(Value::Array(items)) = fields.optional(kind) {
                let items = items.into_iter().map(|item| completed(kind, item)).collect::<Result<_, _>>()?;
                lists.push((kind, items));
            }
        }
        let users = match fields.optional("users") {
            Some(Value::Array(users)) => users.into_iter().map(UserGiven::read).collect::<Result<_, _>>()?,
            _ => Vec::new(),
        };
        Ok(Self { portail_df, lists, users })
    }
}

/// An item as the management API takes it: what a case leaves out is filled in.
fn completed(kind: &str, item: Value) -> Result<Value, String> {
    let Value::Object(mut item) = item else { return Err(format!("given.{kind}: objet attendu")) };
    let defaults = match kind {
        "establishments" => json!({"name": "Établissement", "geoCodes": []}),
        "prospects" => json!({"hasAccount": true, "hasCommitment": true}),
        "localities" => {
            item.remove("id");
            json!({"name": "Commune"})
        }
        "owners" => json!({"fullName": "Propriétaire"}),
        "housing" => json!({"status": 0, "ownerIds": []}),
        "campaigns" | "groups" => json!({"title": "Sans titre", "housingIds": []}),
        "events" => {
            if let Some(Value::Array(ids)) = item.remove("housingIds") {
                item.insert("housingId".to_owned(), ids.into_iter().next().unwrap_or_default());
            }
            json!({"name": "Événement"})
        }
        _ => json!({}),
    };
    for (name, value) in defaults.as_object().cloned().unwrap_or_default() {
        item.entry(name).or_insert(value);
    }
    Ok(item.into())
}

fn directory(given: Value) -> Result<Directory, String> {
    let mut fields = Fields::of(given, "given.portailDf")?;
    let down = match fields.optional("down") {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) if text == "connect" => Some(Down::Closed),
        Some(Value::String(text)) if text == "hang" => Some(Down::Hangs),
        Some(status) => match status.as_u64().and_then(|status| u16::try_from(status).ok()) {
            Some(status) => Some(Down::Status(status)),
            None => return Err(format!("construction inconnue: portailDf.down {status}")),
        },
    };
    let next_link = match fields.optional("next") {
        None => NextLink::default(),
        Some(form) => form
            .as_str()
            .and_then(NextLink::parse)
            .ok_or_else(|| format!("construction inconnue: portailDf.next {form}"))?,
    };
    let page_size = fields.optional("pageSize").and_then(|size| usize::try_from(size.as_u64()?).ok());
    let mut directory = Directory { down, page_size, next_link, ..Directory::default() };
    if let Some(Value::Array(users)) = fields.optional("users") {
        for user in users {
            let mut user = Fields::of(user, "portailDf.users")?;
            let email = user.text("email")?;
            if let Some(Value::Array(entries)) = user.optional("entries") {
                for value in entries {
                    directory.add(&email, entry(value)?);
                }
            }
            user.finish()?;
        }
    }
    fields.finish()?;
    Ok(directory)
}

fn entry(value: Value) -> Result<Entry, String> {
    let mut fields = Fields::of(value, "portailDf.entries")?;
    let mut object = |name: &str| match fields.optional(name) {
        Some(Value::Object(object)) => Some(object),
        _ => None,
    };
    let (user, structure, group, perimeter) =
        (object("utilisateur"), object("structure"), object("groupe"), object("perimetre"));
    let mut status = |name: &str| fields.optional(name).and_then(|status| u16::try_from(status.as_u64()?).ok());
    let entry = Entry {
        structure_fails: status("structureFails"),
        group_fails: status("groupeFails"),
        perimeter_fails: status("perimetreFails"),
        user: user.unwrap_or_else(Map::new),
        structure,
        group,
        perimeter,
    };
    fields.finish()?;
    Ok(entry)
}

impl UserGiven {
    fn read(value: Value) -> Result<Self, String> {
        let mut fields = Fields::of(value, "given.users")?;
        let uuid = |text: String| text.parse::<Uuid>().map_err(|_| format!("{text:?} n'est pas un identifiant"));
        let establishment_id = uuid(fields.text("establishmentId")?)?;
        let memberships = match fields.optional("memberships") {
            Some(ids) => serde_json::from_value(ids).map_err(|error| error.to_string())?,
            None => vec![establishment_id],
        };
        let role = fields.optional("role").unwrap_or_else(|| "USUAL".into());
        let role: Role = serde_json::from_value(role).map_err(|error| error.to_string())?;
        let at = |fields: &mut Fields, name: &str| {
            fields
                .optional(name)
                .and_then(|value| value.as_str().map(str::to_owned))
                .map(|text| moment(&text))
                .transpose()
        };
        let suspended_at = at(&mut fields, "suspendedAt")?;
        let cause = fields.optional("suspendedCause").and_then(|cause| cause.as_str().map(str::to_owned));
        let user = User {
            id: uuid(fields.text("id")?)?,
            email: fields.text("email")?.to_lowercase(),
            role,
            establishment_id,
            suspension: suspended_at.map(|at| Suspension { at, cause: cause.unwrap_or_default() }),
            created_at: at(&mut fields, "createdAt")?,
            deleted_at: at(&mut fields, "deletedAt")?,
            last_authenticated_at: at(&mut fields, "lastAuthenticatedAt")?,
            deletion_announced: None,
        };
        let perimeter = fields.optional("perimeter").filter(|value| !value.is_null());
        let perimeter = perimeter.map(serde_json::from_value).transpose().map_err(|error| error.to_string())?;
        let password = fields.text("password")?;
        fields.finish()?;
        Ok(Self { user, password, memberships, perimeter })
    }

    /// There is no API that makes users without Portail DF: the store does.
    async fn store(self, play: &Play) -> Result<(), String> {
        let table = play.world.stack.variables("RightsChecker")["DROITS_TABLE"].clone();
        let store = DroitsStore::new(aws_sdk_dynamodb::Client::new(play.world.stack.sdk()), table);
        let password_hash = hashed(&self.password).await?;
        let mut transaction = Transaction::default();
        let stored = store.user(self.user.id).await.map_err(|error| error.to_string())?;
        match stored {
            Some(stored) => store.update_user(&mut transaction, &StoredUser { password_hash, ..stored }, &self.user),
            None => store.add_user(&mut transaction, &self.user, &password_hash),
        }
        .map_err(|error| error.to_string())?;
        for establishment in &self.memberships {
            store
                .add_membership(&mut transaction, self.user.id, *establishment, true)
                .map_err(|error| error.to_string())?;
        }
        if let Some(perimeter) = &self.perimeter {
            let (user, now) = (&self.user, play.world.clock.now());
            store
                .set_perimeter(&mut transaction, user.id, user.establishment_id, Some(perimeter), now)
                .map_err(|error| error.to_string())?;
        }
        store.commit(transaction).await.map_err(|error| error.to_string())
    }
}

/// The hash of a password, made once: all cases have the same few.
async fn hashed(password: &str) -> Result<String, String> {
    static KNOWN: LazyLock<Mutex<HashMap<String, String>>> = LazyLock::new(Mutex::default);
    let known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner).get(password).cloned();
    if let Some(hash) = known {
        return Ok(hash);
    }
    let hash = Passwords::default()
        .hash(GivenPassword::try_from(password.to_owned())?)
        .await
        .map_err(|error| error.to_string())?;
    KNOWN.lock().unwrap_or_else(PoisonError::into_inner).insert(password.to_owned(), hash.clone());
    Ok(hash)
}
