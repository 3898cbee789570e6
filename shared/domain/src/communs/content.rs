//! The values of a project, judged: what a service may write, with **all** faults at once (422).

use chrono::NaiveDate;

use super::draft::{CollectiviteDraft, PorteurDraft, ProjectDraft};
use super::project::{Collectivite, Euros, Porteur, Project, TerritoryKind};
use super::statut::{self, Generic};
use crate::api_key::Service;
use crate::reference::{email::Email, siren::Siret, territory};
use crate::shape::{Fault, Field};

const NOM_MAX: usize = 500;
const DESCRIPTION_MAX: usize = 10_000;
const EXTERNAL_ID_MAX: usize = 200;
const COLLECTIVITES_MAX: usize = 500;
/// Not in the spec: generous for a name or a function, small enough for an item.
const PORTEUR_TEXT_MAX: usize = 200;
const MISSING: &str = "valeur obligatoire";

/// The statut a body asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct StatutChoice {
    /// The generic status.
    pub generic: Generic,
    /// The canonical label written, when it was a label.
    pub native: Option<&'static str>,
    /// Whether the service wrote a statut at all: a patch may leave it alone.
    pub written: bool,
}

/// Everything a service may write of a project, valid.
#[derive(Clone, Debug, PartialEq)]
pub struct Content {
    /// Trimmed, 1-500 characters.
    pub nom: String,
    /// At most 10,000 characters.
    pub description: Option<String>,
    /// Translated.
    pub statut: StatutChoice,
    /// 1-500, current codes, no duplicates.
    pub collectivites: Vec<Collectivite>,
    /// `None` when it has no member left.
    pub porteur: Option<Porteur>,
    /// Budget.
    pub budget_previsionnel: Option<Euros>,
    /// Planned start; may lie in the past.
    pub date_debut_previsionnelle: Option<NaiveDate>,
}

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
/// All faults; pointers start with `base`.
pub fn complete(draft: ProjectDraft, service: &Service, base: &str) -> Result<(String, Content), Invalid> {
    let mut judge = Judge::new(service, base);
    let external_id = judge.external_id(draft.external_id.clone());
    let content = judge.content(draft, None);
    judge.conclude(external_id.zip(content))
}

/// Judges a merge patch of `current`.
///
/// # Errors
/// All faults.
pub fn patched(draft: ProjectDraft, current: &Project, service: &Service) -> Result<Content, Invalid> {
    let mut judge = Judge::new(service, "");
    let content = judge.content(draft, Some(current));
    judge.conclude(content)
}

/// Judges the body of a link: the external id alone.
///
/// # Errors
/// Its one fault.
pub fn external_id(field: Field<String>, service: &Service) -> Result<String, Invalid> {
    let mut judge = Judge::new(service, "");
    let external_id = judge.external_id(field);
    judge.conclude(external_id)
}

struct Judge<'a> {
    service: &'a Service,
    base: &'a str,
    faults: Vec<Fault>,
    statut_unknown: bool,
}

impl<'a> Judge<'a> {
    fn new(service: &'a Service, base: &'a str) -> Self {
        Self { service, base, faults: Vec::new(), statut_unknown: false }
    }

    fn conclude<T>(mut self, value: Option<T>) -> Result<T, Invalid> {
        match value {
            Some(value) if self.faults.is_empty() => Ok(value),
            _ if self.statut_unknown && self.faults.len() == 1 => Err(Invalid::StatutUnknown(self.faults.remove(0))),
            _ => Err(Invalid::Values(self.faults)),
        }
    }

    fn fault<T>(&mut self, pointer: &str, detail: impl Into<String>) -> Option<T> {
        self.faults.push(Fault::new(format!("{}{pointer}", self.base), detail));
        None
    }

    fn content(&mut self, draft: ProjectDraft, current: Option<&Project>) -> Option<Content> {
        let nom = self.nom(draft.nom, current.map(|p| p.nom.clone()));
        let description = self.description(draft.description, current.and_then(|p| p.description.clone()));
        let statut = self.statut(draft.statut, current.map(|p| p.statut));
        let collectivites = self.collectivites(draft.collectivites, current.map(|p| p.collectivites.clone()));
        let porteur = self.porteur(draft.porteur, current.and_then(|p| p.porteur.clone()));
        let budget = self.budget(draft.budget_previsionnel, current.and_then(|p| p.budget_previsionnel));
        let date = self.date(draft.date_debut_previsionnelle, current.and_then(|p| p.date_debut_previsionnelle));
        Some(Content {
            nom: nom?,
            description: description?,
            statut: statut?,
            collectivites: collectivites?,
            porteur: porteur?,
            budget_previsionnel: budget?,
            date_debut_previsionnelle: date?,
        })
    }

    fn external_id(&mut self, field: Field<String>) -> Option<String> {
        match field.set() {
            Some(text) if text.chars().count() > EXTERNAL_ID_MAX => {
                self.fault("/externalId", format!("{EXTERNAL_ID_MAX} caractères au plus"))
            }
            Some(text) if !text.trim().is_empty() => Some(text),
            _ => self.fault("/externalId", MISSING),
        }
    }

    fn nom(&mut self, field: Field<String>, current: Option<String>) -> Option<String> {
        let text = match (field, current) {
            (Field::Set(text), _) => text.trim().to_owned(),
            (Field::Absent, Some(kept)) => return Some(kept),
            _ => return self.fault("/nom", MISSING),
        };
        match text.chars().count() {
            0 => self.fault("/nom", MISSING),
            1..=NOM_MAX => Some(text),
            _ => self.fault("/nom", format!("{NOM_MAX} caractères au plus")),
        }
    }

    fn description(&mut self, field: Field<String>, current: Option<String>) -> Option<Option<String>> {
        match field {
            Field::Absent => Some(current),
            Field::Null => Some(None),
            Field::Set(text) if text.chars().count() > DESCRIPTION_MAX => {
                self.fault("/description", format!("{DESCRIPTION_MAX} caractères au plus"))
            }
            Field::Set(text) => Some(Some(text)),
        }
    }

    fn statut(&mut self, field: Field<String>, current: Option<Generic>) -> Option<StatutChoice> {
        let label = match (field, current) {
            (Field::Set(label), _) if !label.trim().is_empty() => label,
            (Field::Absent, Some(generic)) => return Some(StatutChoice { generic, native: None, written: false }),
            _ => return self.fault("/statut", MISSING),
        };
        match statut::to_generic(self.service, &label) {
            Some(meaning) => Some(StatutChoice { generic: meaning.generic, native: meaning.native, written: true }),
            None => {
                self.statut_unknown = true;
                self.fault("/statut", "libellé inconnu de la table de ce service")
            }
        }
    }

    fn collectivites(
        &mut self,
        field: Field<Vec<CollectiviteDraft>>,
        current: Option<Vec<Collectivite>>,
    ) -> Option<Vec<Collectivite>> {
        let drafts = match (field, current) {
            (Field::Set(drafts), _) => drafts,
            (Field::Absent, Some(kept)) => return Some(kept),
            _ => return self.fault("/collectivites", MISSING),
        };
        if drafts.is_empty() {
            return self.fault("/collectivites", "au moins une collectivité est attendue");
        }
        if drafts.len() > COLLECTIVITES_MAX {
            return self.fault("/collectivites", format!("{COLLECTIVITES_MAX} collectivités au plus"));
        }
        let before = self.faults.len();
        let mut kept: Vec<Collectivite> = Vec::with_capacity(drafts.len());
        let mut seen = std::collections::HashSet::with_capacity(drafts.len());
        for (i, draft) in drafts.into_iter().enumerate() {
            if let Some(collectivite) = self.collectivite(draft, &format!("/collectivites/{i}"))
                && seen.insert(collectivite.clone())
            {
                kept.push(collectivite);
            }
        }
        (self.faults.len() == before).then_some(kept)
    }

    fn collectivite(&mut self, draft: CollectiviteDraft, pointer: &str) -> Option<Collectivite> {
        let kind = match draft.kind.set().as_deref() {
            Some("Commune") => Some(TerritoryKind::Commune),
            Some("EPCI") => Some(TerritoryKind::Epci),
            Some(_) => self.fault(&format!("{pointer}/type"), "« Commune » ou « EPCI » est attendu"),
            None => self.fault(&format!("{pointer}/type"), MISSING),
        };
        let at = format!("{pointer}/code");
        let Some(code) = draft.code.set() else {
            return self.fault(&at, MISSING);
        };
        let code = match kind? {
            TerritoryKind::Commune => match territory::commune(&code) {
                Some(commune) => commune.code().to_owned(),
                None => return self.fault(&at, "aucune commune n'a ce code INSEE"),
            },
            TerritoryKind::Epci => match territory::epci(&code) {
                Some(epci) => epci.code().to_owned(),
                None => return self.fault(&at, "aucun EPCI n'a ce SIREN"),
            },
        };
        Some(Collectivite { kind: kind?, code })
    }

    fn porteur(&mut self, field: Field<PorteurDraft>, current: Option<Porteur>) -> Option<Option<Porteur>> {
        let draft = match field {
            Field::Absent => return Some(current),
            Field::Null => return Some(None),
            Field::Set(draft) => draft,
        };
        let base = current.unwrap_or_default();
        let siret = self.siret(draft.siret, base.siret);
        let email = self.email(draft.referent_email, base.referent_email);
        let mut text = |field, current, name| self.porteur_text(field, current, name);
        let telephone = text(draft.referent_telephone, base.referent_telephone, "referentTelephone");
        let prenom = text(draft.referent_prenom, base.referent_prenom, "referentPrenom");
        let nom = text(draft.referent_nom, base.referent_nom, "referentNom");
        let fonction = text(draft.referent_fonction, base.referent_fonction, "referentFonction");
        let porteur = Porteur {
            siret: siret?,
            referent_email: email?,
            referent_telephone: telephone?,
            referent_prenom: prenom?,
            referent_nom: nom?,
            referent_fonction: fonction?,
        };
        Some((porteur != Porteur::default()).then_some(porteur))
    }

    fn siret(&mut self, field: Field<String>, current: Option<String>) -> Option<Option<String>> {
        match field {
            Field::Absent => Some(current),
            Field::Null => Some(None),
            Field::Set(text) => match Siret::parse(&text).ok() {
                Some(siret) => Some(Some(siret.as_str().to_owned())),
                None => self.fault("/porteur/siret", "ce n'est pas un SIRET"),
            },
        }
    }

    fn email(&mut self, field: Field<String>, current: Option<String>) -> Option<Option<String>> {
        match field {
            Field::Absent => Some(current),
            Field::Null => Some(None),
            Field::Set(text) => match Email::parse(&text).ok() {
                Some(email) => Some(Some(email.as_str().to_owned())),
                None => self.fault("/porteur/referentEmail", "ce n'est pas une adresse e-mail"),
            },
        }
    }

    /// A blank text says nothing: it clears, as `null` does.
    fn porteur_text(&mut self, field: Field<String>, current: Option<String>, name: &str) -> Option<Option<String>> {
        match field {
            Field::Absent => Some(current),
            Field::Null => Some(None),
            Field::Set(text) if text.chars().count() > PORTEUR_TEXT_MAX => {
                self.fault(&format!("/porteur/{name}"), format!("{PORTEUR_TEXT_MAX} caractères au plus"))
            }
            Field::Set(text) => Some(Some(text.trim().to_owned()).filter(|text| !text.is_empty())),
        }
    }

    fn budget(&mut self, field: Field<f64>, current: Option<Euros>) -> Option<Option<Euros>> {
        match field {
            Field::Absent => Some(current),
            Field::Null => Some(None),
            Field::Set(amount) => match Euros::parse(amount) {
                Some(euros) => Some(Some(euros)),
                None => {
                    self.fault("/budgetPrevisionnel", "un montant en euros positif ou nul, à deux décimales au plus")
                }
            },
        }
    }

    fn date(&mut self, field: Field<String>, current: Option<NaiveDate>) -> Option<Option<NaiveDate>> {
        match field {
            Field::Absent => Some(current),
            Field::Null => Some(None),
            // Exactly `YYYY-MM-DD`: chrono alone would also take fewer digits.
            Field::Set(text) => match NaiveDate::parse_from_str(&text, "%Y-%m-%d") {
                Ok(date) if text.len() == 10 && text.as_bytes()[0].is_ascii_digit() => Some(Some(date)),
                _ => self.fault("/dateDebutPrevisionnelle", "une date AAAA-MM-JJ est attendue"),
            },
        }
    }
}

#[cfg(test)]
mod tests;
