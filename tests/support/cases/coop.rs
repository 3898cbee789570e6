//! What cases of the coop need: the Dataspace beside the stack, a user and what is kept of them inside.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use domain::coop::contrat::jour;
use domain::coop::structures::Structure;
use domain::coop::user::{Emploi, Identity, Lieu, User};
use passerelle::store::coop::CoopStore;
use passerelle::store::transaction::Transaction;
use passerelle_local::stand_ins::Down;
use passerelle_local::stand_ins::brevo::Manners;
use passerelle_local::stand_ins::dataspace::Answer;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::cases::format::{Fields, instant};
use crate::cases::play::Play;

/// Writes of one transaction: what is loaded may be more.
const CHUNK: usize = 20;

/// What one `given` asks for.
#[derive(Debug, Default)]
pub struct Given {
    dataspace: Option<Answer>,
    brevo: Manners,
    user: Option<Value>,
    mediateur: bool,
    coordinateur: bool,
    structures: Vec<Value>,
    emplois: Vec<Value>,
    lieux: Vec<Value>,
}

/// The settings of every case of the coop.
pub fn variables() -> Vec<(String, String)> {
    vec![("BREVO_LIST_ID".to_owned(), "34".to_owned())]
}

/// Brings about what `given` asks for.
pub async fn apply(play: &mut Play, given: Given) -> Result<(), String> {
    if let Some(answer) = given.dataspace {
        play.world.dataspace.answer_everyone(answer);
    }
    play.world.brevo.behave(given.brevo);
    let table = play.world.stack.variables("DataspaceSync")["COOP_TABLE"].clone();
    let store = CoopStore::new(aws_sdk_dynamodb::Client::new(play.world.stack.sdk()), table);
    let now = play.world.clock.now();
    let mut known = Vec::new();
    for (created_at, value) in aged(given.structures, now) {
        let mut transaction = Transaction::default();
        let structure = structure(value, created_at)?;
        store.load_structure(&mut transaction, &structure).map_err(|error| error.to_string())?;
        store.commit(transaction).await.map_err(|error| error.to_string())?;
        known.push(structure.id);
    }
    let Some(user) = given.user else { return Ok(()) };
    let user = self::user(user, given.mediateur, given.coordinateur)?;
    play.coop_user = Some(user.id);
    let stored = store.user(user.id).await.map_err(|error| error.to_string())?;
    let mut transaction = Transaction::default();
    let put = if user.deleted { CoopStore::put_user_freeing_email } else { CoopStore::put_user_holding_email };
    put(&store, &mut transaction, stored.as_ref(), &user).map_err(|error| error.to_string())?;
    for lieu in given.lieux {
        let lieu = self::lieu(lieu, jour(now))?;
        store.add_lieu(&mut transaction, user.id, &lieu).map_err(|error| error.to_string())?;
    }
    store.commit(transaction).await.map_err(|error| error.to_string())?;
    let emplois: Vec<Emploi> = aged(given.emplois, now)
        .into_iter()
        .map(|(created_at, value)| emploi(value, created_at))
        .collect::<Result<_, _>>()?;
    for chunk in emplois.chunks(CHUNK) {
        let mut transaction = Transaction::default();
        for emploi in chunk {
            store.put_emploi(&mut transaction, user.id, emploi).map_err(|error| error.to_string())?;
        }
        store.commit(transaction).await.map_err(|error| error.to_string())?;
    }
    Ok(())
}

impl Given {
    /// Takes what concerns the coop out of a `given`.
    pub fn take(fields: &mut Fields) -> Result<Self, String> {
        let list = |value: Option<Value>, name: &str| match value {
            None | Some(Value::Null) => Ok(Vec::new()),
            Some(Value::Array(items)) => Ok(items),
            Some(_) => Err(format!("given.{name}: liste attendue")),
        };
        let flag = |value: Option<Value>| value.is_some_and(|value| value == true);
        let brevo = fields.optional("brevo").map(serde_json::from_value).transpose();
        Ok(Self {
            dataspace: fields.optional("dataspace").map(answer).transpose()?,
            brevo: brevo.map_err(|error| format!("given.brevo: construction inconnue: {error}"))?.unwrap_or_default(),
            user: fields.optional("coopUser"),
            mediateur: flag(fields.optional("mediateur")),
            coordinateur: flag(fields.optional("coordinateur")),
            structures: list(fields.optional("structures"), "structures")?,
            emplois: list(fields.optional("emplois"), "emplois")?,
            lieux: list(fields.optional("lieux"), "lieux")?,
        })
    }
}

/// Each item with its age: the earlier in the list, the older, unless it says otherwise.
fn aged(items: Vec<Value>, now: DateTime<Utc>) -> Vec<(DateTime<Utc>, Value)> {
    let count = i64::try_from(items.len()).unwrap_or_default();
    let age = |rank: i64| now - TimeDelta::days(1) - TimeDelta::minutes(count - rank);
    (0..).zip(items).map(|(rank, item)| (age(rank), item)).collect()
}

fn answer(given: Value) -> Result<Answer, String> {
    let unknown = |given: &Value| Err(format!("construction inconnue: dataspace {given}"));
    let Value::Object(members) = &given else {
        return if given.is_null() { Ok(Answer::Unknown) } else { unknown(&given) };
    };
    let only = |name: &str| members.get(name).filter(|_| members.len() == 1);
    if let Some(raw) = only("raw").and_then(Value::as_str) {
        return Ok(Answer::Raw(raw.to_owned()));
    }
    if let Some(status) = only("status").and_then(Value::as_u64).and_then(|status| u16::try_from(status).ok()) {
        return Ok(Answer::Down(Down::Status(status)));
    }
    match only("down").and_then(Value::as_str) {
        Some("connect") => Ok(Answer::Down(Down::Closed)),
        Some("hang") => Ok(Answer::Down(Down::Hangs)),
        Some(_) => unknown(&given),
        None => Ok(Answer::Person(given)),
    }
}

fn user(given: Value, mediateur: bool, coordinateur: bool) -> Result<User, String> {
    let mut fields = Fields::of(given, "given.coopUser")?;
    let text = |fields: &mut Fields, name: &str| fields.optional_text(name).map(Option::unwrap_or_default);
    let identity = Identity {
        email: fields.text("email")?.to_lowercase(),
        prenom: text(&mut fields, "prenom")?,
        nom: text(&mut fields, "nom")?,
        telephone: optional_text(&mut fields, "telephone"),
    };
    let user = User {
        is_conseiller_numerique: fields.optional("isConseillerNumerique").is_some_and(|value| value == true),
        dataspace_id: fields.optional("dataspaceId").and_then(|id| id.as_i64()),
        dataspace_user_id_pg: fields.optional("dataspaceUserIdPg").and_then(|id| id.as_i64()),
        deleted: fields.optional("deleted").is_some_and(|value| value == true),
        mediateur: mediateur.then(Uuid::new_v4),
        coordinateur: coordinateur.then(Uuid::new_v4),
        imported_lieux_from_dataspace: moment(&mut fields, "importedLieuxFromDataspace")?,
        last_synced_from_dataspace: moment(&mut fields, "lastSyncedFromDataspace")?,
        ..User::registered(uuid(&fields.text("id")?)?, identity)
    };
    fields.finish()?;
    Ok(user)
}

fn structure(given: Value, created_at: DateTime<Utc>) -> Result<Structure, String> {
    let mut fields = Fields::of(given, "given.structures")?;
    let structure = Structure {
        id: uuid(&fields.text("id")?)?,
        nom: fields.text("nom")?,
        siret: optional_text(&mut fields, "siret"),
        adresse: optional_text(&mut fields, "adresse"),
        code_postal: optional_text(&mut fields, "codePostal"),
        code_insee: optional_text(&mut fields, "codeInsee"),
        commune: optional_text(&mut fields, "commune"),
        nom_referent: optional_text(&mut fields, "nomReferent"),
        courriel_referent: optional_text(&mut fields, "courrielReferent"),
        telephone_referent: optional_text(&mut fields, "telephoneReferent"),
        created_at: moment(&mut fields, "creation")?.unwrap_or(created_at),
        deleted_at: moment(&mut fields, "suppression")?,
    };
    fields.finish()?;
    Ok(structure)
}

fn emploi(given: Value, created_at: DateTime<Utc>) -> Result<Emploi, String> {
    let mut fields = Fields::of(given, "given.emplois")?;
    let emploi = Emploi {
        id: uuid(&fields.text("id")?)?,
        structure: uuid(&fields.text("structure")?)?,
        debut: civil_day(&mut fields, "debut")?,
        fin: civil_day(&mut fields, "fin")?,
        deleted_at: moment(&mut fields, "suppression")?,
        created_at: moment(&mut fields, "creation")?.unwrap_or(created_at),
    };
    fields.finish()?;
    Ok(emploi)
}

fn lieu(given: Value, today: NaiveDate) -> Result<Lieu, String> {
    let members = match given {
        Value::String(structure) => Map::from_iter([("structure".to_owned(), structure.into())]),
        Value::Object(members) => members,
        other => return Err(format!("given.lieux: texte ou objet attendu, trouvé {other}")),
    };
    let mut fields = Fields::of(members.into(), "given.lieux")?;
    let lieu = Lieu {
        id: fields.optional_text("id")?.map(|id| uuid(&id)).transpose()?.unwrap_or_else(Uuid::new_v4),
        structure: uuid(&fields.text("structure")?)?,
        debut: civil_day(&mut fields, "debut")?.unwrap_or(today),
    };
    fields.finish()?;
    Ok(lieu)
}

fn uuid(text: &str) -> Result<Uuid, String> {
    text.parse().map_err(|_| format!("{text:?} n'est pas un identifiant"))
}

fn optional_text(fields: &mut Fields, name: &str) -> Option<String> {
    fields.optional(name).and_then(|value| value.as_str().map(str::to_owned))
}

fn moment(fields: &mut Fields, name: &str) -> Result<Option<DateTime<Utc>>, String> {
    optional_text(fields, name).map(|text| instant(&text)).transpose()
}

/// A civil day; an instant of older data is the day it was in Paris.
fn civil_day(fields: &mut Fields, name: &str) -> Result<Option<NaiveDate>, String> {
    let Some(text) = optional_text(fields, name) else { return Ok(None) };
    match text.parse() {
        Ok(day) => Ok(Some(day)),
        Err(_) => instant(&text).map(|at| Some(jour(at))),
    }
}
