//! What a trail says at each node, in French: facts, never verdicts.

use super::account::{Establishment, Role};
use super::examination::Examined;
use super::portail_df::{Consultation, Fetched};
use super::suspension::Suspension;
use crate::instant;

pub(super) const fn test_account(listed: bool) -> &'static str {
    if listed { "adresse d'un compte de test" } else { "l'adresse n'est pas celle d'un compte de test" }
}

pub(super) const fn yes_or_no(value: bool) -> &'static str {
    if value { "oui" } else { "non" }
}

pub(super) fn establishment(establishment: &Establishment) -> String {
    format!("établissement \"{}\", SIREN {}", establishment.name, establishment.siren)
}

pub(super) fn entries(consultation: &Consultation) -> String {
    match consultation.entries().map_or(0, <[_]>::len) {
        0 => "Portail DF ne connaît pas cette personne".to_owned(),
        1 => "Portail DF connaît cette personne sous une entrée".to_owned(),
        count => format!("Portail DF connaît cette personne sous {count} entrées"),
    }
}

pub(super) fn no_structure(establishment: &Establishment) -> String {
    format!("Aucune structure correspondant au SIREN {}", establishment.siren)
}

pub(super) fn structure(examined: &Examined<'_>) -> String {
    let structure = examined.structure;
    format!("structure {} \"{}\", SIREN {}", structure.id, structure.name, structure.siren)
}

pub(super) fn access(examined: &Examined<'_>) -> String {
    match examined.structure.acces_lovac {
        Fetched::Known(until) => format!("accès LOVAC de la structure jusqu'au {}", instant::text(until)),
        Fetched::None | Fetched::Failed => "la structure n'a pas d'accès LOVAC".to_owned(),
    }
}

pub(super) fn group(examined: &Examined<'_>) -> String {
    examined.group.map_or_else(|| "l'entrée n'a pas de groupe".to_owned(), |group| format!("groupe {}", group.id))
}

pub(super) fn level(examined: &Examined<'_>) -> String {
    match examined.group {
        Some(group) => {
            let level = group.niveau_acces.as_deref().unwrap_or("absent");
            format!("niveau d'accès {level}, lovac {}", yes_or_no(group.lovac))
        }
        None => "pas de groupe, donc pas d'accès".to_owned(),
    }
}

pub(super) fn perimeter(examined: &Examined<'_>) -> String {
    match examined.perimeter {
        Some(perimeter) if perimeter.fr_entiere => "périmètre : France entière".to_owned(),
        Some(perimeter) => format!(
            "périmètre : {} communes, {} départements, {} régions, {} EPCI",
            perimeter.geo_codes.len(),
            perimeter.departments.len(),
            perimeter.regions.len(),
            perimeter.epci.len()
        ),
        None => "pas de périmètre".to_owned(),
    }
}

pub(super) const fn role(role: Role) -> &'static str {
    match role {
        Role::Usual => "rôle USUAL",
        Role::Admin => "rôle ADMIN",
        Role::Visitor => "rôle VISITOR",
    }
}

pub(super) fn suspension(suspension: Option<&Suspension>) -> String {
    match suspension {
        None => "pas de suspension".to_owned(),
        Some(suspension) if suspension.is_manual() => "suspension posée par une personne : elle reste".to_owned(),
        Some(suspension) => format!("suspension pour « {} »", suspension.cause),
    }
}
