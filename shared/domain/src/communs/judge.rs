//! The rules of a project's values that need more than the body: the caller's table of statuts, the map of France, and
//! what a merge patch keeps. **All** faults are told at once (422).

use std::collections::HashSet;

use super::bodies::{Budget, CollectiviteBody, PorteurBody, ProjectBody};
use super::content::Content;
use super::project::{Label, Written};
use super::statut::{self, Generic};
use super::values::{Collectivite, Porteur, TerritoryKind};
use crate::api_key::Service;
use crate::body::{Fault, Faults, Field, Parsed};
use crate::reference::date::CivilDate;
use crate::reference::email::Email;
use crate::reference::territory;
use crate::reference::text::{NonBlank, Text};

const COLLECTIVITES_MAX: usize = 500;
/// Said of a label, and by nothing else.
const UNKNOWN_LABEL: &str = "libellé inconnu de la table de ce service";

/// Why a body's values are refused.
#[derive(Clone, Debug, PartialEq)]
pub enum Invalid {
    /// The only fault is the statut's label.
    StatutUnknown(Fault),
    /// One or more values break a rule.
    Values(Vec<Fault>),
}

/// Judges the body of a creation, which is the whole state.
///
/// # Errors
/// All faults.
pub fn creation(body: Parsed<ProjectBody>, service: &Service) -> Result<(String, Written), Invalid> {
    let Parsed { body, mut faults } = body;
    let external_id = body.external_id.clone().set().map(String::from);
    if external_id.is_none() {
        faults.add_missing("/externalId");
    }
    let (faults, written) = judge(body, faults, None, service);
    conclude(faults, (external_id.unwrap_or_default(), written))
}

/// Judges a merge patch of `current`. What it leaves alone is not judged again: a commune may have gone since.
///
/// # Errors
/// All faults.
pub fn patch(body: Parsed<ProjectBody>, current: &Content, service: &Service) -> Result<Written, Invalid> {
    let (faults, written) = judge(body.body, body.faults, Some(current), service);
    conclude(faults, written)
}

/// The fault of shape a body has as a merge patch: `externalId` is not one of its properties.
#[must_use]
pub fn misplaced_in_patch(body: &Parsed<ProjectBody>) -> Option<Fault> {
    const POINTER: &str = "/externalId";
    let named = !matches!(body.body.external_id, Field::Absent) || body.faults.concern(POINTER);
    named.then(|| Fault::new(POINTER, "propriété inconnue ou non modifiable"))
}

/// The content a body asks for; what stands where a fault was found means nothing.
fn judge(body: ProjectBody, faults: Faults, current: Option<&Content>, service: &Service) -> (Faults, Written) {
    let mut judge = Judge { faults, service };
    let (statut, label) = judge.statut(body.statut, current.map(|current| current.statut));
    let content = Content {
        nom: judge.nom(body.nom, current.map(|current| &current.nom)),
        description: text(body.description).or_keep(current.and_then(|current| current.description.clone())),
        statut,
        collectivites: judge.collectivites(body.collectivites, current.map(|current| &current.collectivites)),
        porteur: porteur(body.porteur, current.and_then(|current| current.porteur.clone())),
        budget_previsionnel: (body.budget_previsionnel.map(|Budget(euros)| euros))
            .or_keep(current.and_then(|current| current.budget_previsionnel)),
        date_debut_previsionnelle: (body.date_debut_previsionnelle.map(|CivilDate(date)| date))
            .or_keep(current.and_then(|current| current.date_debut_previsionnelle)),
    };
    (judge.faults, Written { content, label })
}

fn conclude<T>(faults: Faults, value: T) -> Result<T, Invalid> {
    faults.finish(value).map_err(|mut faults| match faults.as_slice() {
        [fault] if fault.detail == UNKNOWN_LABEL => Invalid::StatutUnknown(faults.remove(0)),
        _ => Invalid::Values(faults),
    })
}

struct Judge<'a> {
    faults: Faults,
    service: &'a Service,
}

impl Judge<'_> {
    /// What is required: written, or else kept; a fault when it is neither.
    fn required<T>(&mut self, pointer: &str, field: Field<T>, kept: Option<T>) -> Option<T> {
        let value = match field {
            Field::Set(value) => Some(value),
            Field::Absent => kept,
            Field::Null => None,
        };
        if value.is_none() {
            self.faults.add_missing(pointer);
        }
        value
    }

    fn nom(&mut self, field: Field<NonBlank<500>>, kept: Option<&String>) -> String {
        self.required("/nom", field.map(String::from), kept.cloned()).unwrap_or_default()
    }

    fn statut(&mut self, field: Field<String>, kept: Option<Generic>) -> (Generic, Label) {
        let nothing = (Generic::Idee, Label::Untouched);
        if let (Field::Absent, Some(generic)) = (&field, kept) {
            return (generic, Label::Untouched);
        }
        let Some(label) = field.set().filter(|label| !label.trim().is_empty()) else {
            self.faults.add_missing("/statut");
            return nothing;
        };
        match statut::to_generic(self.service, &label) {
            Some(meaning) => (meaning.generic, meaning.native.map_or(Label::Generic, Label::Native)),
            None => {
                self.faults.add("/statut", UNKNOWN_LABEL);
                nothing
            }
        }
    }

    fn collectivites(
        &mut self,
        field: Field<Vec<CollectiviteBody>>,
        kept: Option<&Vec<Collectivite>>,
    ) -> Vec<Collectivite> {
        if let (Field::Absent, Some(kept)) = (&field, kept) {
            return kept.clone();
        }
        let Some(sent) = self.required("/collectivites", field, None) else { return Vec::new() };
        if sent.is_empty() {
            self.faults.add("/collectivites", "au moins une collectivité est attendue");
        }
        if sent.len() > COLLECTIVITES_MAX {
            self.faults.add("/collectivites", format!("{COLLECTIVITES_MAX} collectivités au plus"));
            return Vec::new();
        }
        let found = sent.into_iter().enumerate().filter_map(|(rank, sent)| self.collectivite(sent, rank));
        let mut seen = HashSet::new();
        found.filter(|collectivite| seen.insert(collectivite.clone())).collect()
    }

    fn collectivite(&mut self, sent: CollectiviteBody, rank: usize) -> Option<Collectivite> {
        let (kind, code) = (sent.kind.ok()?, sent.code.ok()?);
        let (current, detail) = match kind {
            TerritoryKind::Commune => {
                (territory::commune(&code).map(|commune| commune.code()), "aucune commune n'a ce code INSEE")
            }
            TerritoryKind::Epci => (territory::epci(&code).map(|epci| epci.code()), "aucun EPCI n'a ce SIREN"),
        };
        match current {
            Some(code) => Some(Collectivite { kind, code: code.to_owned() }),
            None => {
                self.faults.add(&format!("/collectivites/{rank}/code"), detail);
                None
            }
        }
    }
}

/// An optional text: one that shows nothing says nothing, and clears as `null` does.
fn text<const MAX: usize>(field: Field<Text<MAX>>) -> Field<String> {
    match field.map(Text::non_empty) {
        Field::Set(Some(text)) => Field::Set(text),
        Field::Set(None) | Field::Null => Field::Null,
        Field::Absent => Field::Absent,
    }
}

/// Whether the address of a porteur named somebody, and the next one, or none, does no longer: what is not said of the
/// next person in the same patch was said of the first (docs/spec/communs.md#personal-data).
fn is_another_person(before: Option<&str>, after: Option<&str>) -> bool {
    let normalise =
        |text: &str| Email::parse(text).map_or_else(|_| text.to_owned(), |email| email.normalised().to_owned());
    before.is_some_and(|before| after.map(normalise) != Some(normalise(before)))
}

/// `None` when no member is left of it.
fn porteur(field: Field<PorteurBody>, current: Option<Porteur>) -> Option<Porteur> {
    let sent = match field {
        Field::Absent => return current,
        Field::Null => return None,
        Field::Set(sent) => sent,
    };
    let mut kept = current.unwrap_or_default();
    let referent_email = sent.referent_email.map(String::from).or_keep(kept.referent_email.clone());
    if is_another_person(kept.referent_email.as_deref(), referent_email.as_deref()) {
        kept = Porteur { siret: kept.siret, ..Porteur::default() };
    }
    let porteur = Porteur {
        siret: sent.siret.map(String::from).or_keep(kept.siret),
        referent_email,
        referent_telephone: text(sent.referent_telephone).or_keep(kept.referent_telephone),
        referent_prenom: text(sent.referent_prenom).or_keep(kept.referent_prenom),
        referent_nom: text(sent.referent_nom).or_keep(kept.referent_nom),
        referent_fonction: text(sent.referent_fonction).or_keep(kept.referent_fonction),
    };
    (porteur != Porteur::default()).then_some(porteur)
}

#[cfg(test)]
#[path = "judge_tests.rs"]
mod tests;
