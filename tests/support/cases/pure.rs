//! Cases of one pure rule: no stack, no clock.

use std::net::IpAddr;

use crate::matching::differences;
use chrono::{DateTime, NaiveDate};
use domain::api_key::Service;
use domain::communs::statut;
use domain::coop::adresse::Adresse;
use domain::coop::contrat::{self, Contrat};
use domain::droits::perimeter::{self, GeoCode, Perimeter};
use domain::reference::territory;
use domain::webhooks::address::{Policy, check_url, is_allowed};
use domain::webhooks::signature::{SigningSecret, sign};
use serde_json::{Value, json};

use crate::cases::Outcome;
use crate::cases::format::{Fields, instant};

/// Applies the rule and compares.
pub fn check(rule: &str, input: &Value, expect: &Value) -> Outcome {
    let actual = apply(rule, input)?;
    let differences = differences(expect, &actual, DateTime::UNIX_EPOCH);
    match differences.first() {
        None => Ok(()),
        Some(difference) => Err(difference.to_string()),
    }
}

fn apply(rule: &str, input: &Value) -> Result<Value, String> {
    let mut input = Fields::of(input.clone(), "input")?;
    let result = match rule {
        "statut.toGeneric" => to_generic(&mut input),
        "statut.toNative" => to_native(&mut input),
        "coop.contractStatus" => contract_status(&mut input),
        "coop.activeOrMostRecentContract" => active_or_most_recent(&mut input),
        "coop.adresse" => street(&mut input),
        "droits.departementOf" => departement_of(&mut input),
        "droits.communeCovered" => commune_covered(&mut input),
        "droits.effectiveGeoCodes" => effective_geo_codes(&mut input),
        "webhooks.addressAllowed" => address_allowed(&mut input),
        "webhooks.sign" => signature(&mut input),
        _ => return Err(format!("construction inconnue: règle {rule}")),
    }?;
    input.finish()?;
    Ok(result)
}

fn service(input: &mut Fields) -> Result<Service, String> {
    let name = input.text("service")?;
    Service::parse(&name).ok_or_else(|| format!("{name:?} n'est pas un nom de service"))
}

fn to_generic(input: &mut Fields) -> Result<Value, String> {
    let service = service(input)?;
    let label = input.text("label")?;
    let meaning = statut::to_generic(&service, &label);
    Ok(meaning.map_or(Value::Null, |meaning| json!({"generic": meaning.generic.code(), "native": meaning.native})))
}

fn to_native(input: &mut Fields) -> Result<Value, String> {
    let service = service(input)?;
    let code = input.text("generic")?;
    let generic = statut::Generic::from_code(&code).ok_or_else(|| format!("{code:?} n'est pas un statut générique"))?;
    let current = match input.optional("current") {
        None | Some(Value::Null) => None,
        Some(Value::String(label)) => Some(label),
        Some(other) => return Err(format!("current: texte ou null attendu, trouvé {other}")),
    };
    Ok(json!(statut::to_native(&service, generic, current.as_deref())))
}

fn contract_status(input: &mut Fields) -> Result<Value, String> {
    let statut = contrat(&input.required("contrat")?)?.statut(civil_day(input)?);
    Ok(json!({
        "started": statut.started, "ended": statut.ended, "ruptured": statut.ruptured,
        "active": statut.active, "temporary": statut.temporary,
    }))
}

fn active_or_most_recent(input: &mut Fields) -> Result<Value, String> {
    let given: Vec<Value> = typed(input.required("contrats")?)?;
    let contrats: Vec<Contrat> = given.iter().map(contrat).collect::<Result<_, _>>()?;
    let rank = contrat::active_or_most_recent(&contrats, civil_day(input)?);
    Ok(rank.map_or(Value::Null, |rank| given[rank].clone()))
}

fn street(input: &mut Fields) -> Result<Value, String> {
    let mut part = |name: &str| input.optional(name).unwrap_or_default();
    let (numero, repetition, nom) = (part("numero_voie"), part("repetition"), part("nom_voie"));
    let adresse = json!({"numero_voie": numero, "repetition": repetition, "nom_voie": nom});
    let adresse = Adresse::read(&adresse).map_err(|_| "un code n'en est pas un".to_owned())?;
    Ok(adresse.line().into())
}

fn civil_day(input: &mut Fields) -> Result<NaiveDate, String> {
    Ok(contrat::jour(instant(&input.text("date")?)?))
}

fn contrat(value: &Value) -> Result<Contrat, String> {
    Contrat::read(value).map_err(str::to_owned)
}

fn departement_of(input: &mut Fields) -> Result<Value, String> {
    let commune = input.text("commune")?;
    Ok(json!(perimeter::departement_of(&commune).map(territory::Departement::code)))
}

fn commune_covered(input: &mut Fields) -> Result<Value, String> {
    let (commune, siren) = (input.text("commune")?, optional(input, "siren")?);
    let perimeter: Perimeter = typed(input.required("perimeter")?)?;
    Ok(perimeter::commune_covered(&commune, &perimeter, siren.as_deref()).into())
}

fn effective_geo_codes(input: &mut Fields) -> Result<Value, String> {
    let mut establishment = Fields::of(input.required("establishment")?, "establishment")?;
    let siren = optional(&mut establishment, "siren")?;
    let codes: Vec<GeoCode> = typed(establishment.required("geoCodes")?)?;
    let perimeter: Option<Perimeter> = typed(input.optional("perimeter").unwrap_or_default())?;
    let seen = perimeter.map_or_else(|| codes.clone(), |perimeter| perimeter.coverage(siren.as_deref()).within(&codes));
    Ok(json!(seen))
}

fn optional(input: &mut Fields, name: &str) -> Result<Option<String>, String> {
    typed(input.optional(name).unwrap_or_default())
}

fn typed<T: serde::de::DeserializeOwned>(value: Value) -> Result<T, String> {
    serde_json::from_value(value).map_err(|error| error.to_string())
}

fn address_allowed(input: &mut Fields) -> Result<Value, String> {
    if let Some(address) = input.optional_text("address")? {
        let address: IpAddr = address.parse().map_err(|_| format!("{address:?} n'est pas une adresse IP"))?;
        return Ok(is_allowed(address).into());
    }
    let url = input.text("url")?;
    Ok(check_url(&url, Policy::Public).is_ok().into())
}

fn signature(input: &mut Fields) -> Result<Value, String> {
    let secrets: Vec<String> =
        serde_json::from_value(input.required("secrets")?).map_err(|error| format!("secrets: {error}"))?;
    let secrets = secrets
        .iter()
        .map(|secret| SigningSecret::parse(secret).map_err(|error| error.to_string()))
        .collect::<Result<Vec<_>, _>>()?;
    let timestamp = input.required("timestamp")?.as_i64().ok_or("timestamp: nombre entier attendu")?;
    let (id, body) = (input.text("id")?, input.text("body")?);
    Ok(sign(&secrets, &id, timestamp, body.as_bytes()).into())
}
