//! A project, and every decision that changes one. Facts and `now` in, the new state and its event out.

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::content::Content;
use super::event::Kind;
use super::statut::{self, Generic};
use crate::api_key::Service;
use crate::instant;
use crate::uuid_text::parse_hyphenated_uuid;

/// The id of a project: a UUIDv7, so that ids sort in order of creation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ProjectId(Uuid);

impl ProjectId {
    /// Reads an id; `None` when the text is no UUID in hyphenated form.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        parse_hyphenated_uuid(text).map(Self)
    }
}

impl From<Uuid> for ProjectId {
    fn from(uuid: Uuid) -> Self {
        Self(uuid)
    }
}

impl From<ProjectId> for Uuid {
    fn from(id: ProjectId) -> Self {
        id.0
    }
}

impl fmt::Display for ProjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What kind of territory a [`Collectivite`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum TerritoryKind {
    /// A commune, by its current INSEE code.
    Commune,
    /// An EPCI, by its SIREN.
    #[serde(rename = "EPCI")]
    Epci,
}

/// A territory the project concerns.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Collectivite {
    /// Commune or EPCI.
    #[serde(rename = "type")]
    pub kind: TerritoryKind,
    /// Current INSEE code, or SIREN.
    pub code: String,
}

/// The porteur référent: the one person whose data is stored in clear, to be shared.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Porteur {
    /// SIRET of the organisation.
    pub siret: Option<String>,
    /// E-mail of the person, as typed.
    pub referent_email: Option<String>,
    /// Telephone of the person.
    pub referent_telephone: Option<String>,
    /// First name of the person.
    pub referent_prenom: Option<String>,
    /// Last name of the person.
    pub referent_nom: Option<String>,
    /// Function of the person.
    pub referent_fonction: Option<String>,
}

impl Porteur {
    /// The porteur without the person: `None` when no SIRET is left to name the organisation.
    #[must_use]
    pub fn without_person(&self) -> Option<Self> {
        self.siret.is_some().then(|| Self { siret: self.siret.clone(), ..Self::default() })
    }
}

// Personal data never reaches a log, not even through `{:?}`.
impl fmt::Debug for Porteur {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Porteur(..)")
    }
}

/// An amount in euros, kept as whole cents so that it compares and sums exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Euros {
    cents: i64,
}

impl Euros {
    /// The largest budget accepted, far above any local project and exact in a JSON number: 10 000 milliards.
    pub const MAX: f64 = 1e13;

    /// An amount from 0 to [`Self::MAX`] with at most two decimals.
    #[must_use]
    pub fn parse(amount: f64) -> Option<Self> {
        if !(0.0..=Self::MAX).contains(&amount) {
            return None;
        }
        let cents = (amount * 100.0).round();
        // The nearest amount in cents must be the very number that was written.
        #[expect(clippy::float_cmp, reason = "both sides are the double nearest to the same decimal text")]
        let exact = cents / 100.0 == amount;
        #[expect(clippy::cast_possible_truncation, reason = "bounded by MAX: at most 1e15")]
        exact.then_some(Self { cents: cents as i64 })
    }

    /// As a JSON number: whole euros without a fraction.
    #[must_use]
    pub fn to_json(self) -> serde_json::Value {
        if self.cents % 100 == 0 {
            (self.cents / 100).into()
        } else {
            #[expect(clippy::cast_precision_loss, reason = "bounded by MAX: exact in a double")]
            let euros = self.cents as f64 / 100.0;
            euros.into()
        }
    }
}

/// The shared copy of one local project.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Project {
    /// Ours.
    pub id: ProjectId,
    /// The service that created it.
    pub origin: Service,
    /// Each service's own id of it.
    pub external_ids: BTreeMap<Service, String>,
    /// The last label each service wrote itself; it stays while the generic status is elsewhere.
    pub natifs: BTreeMap<Service, String>,
    /// Name.
    pub nom: String,
    /// Description.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Generic status.
    pub statut: Generic,
    /// Territories, without duplicates, in the order sent.
    pub collectivites: Vec<Collectivite>,
    /// Porteur référent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub porteur: Option<Porteur>,
    /// Budget.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget_previsionnel: Option<Euros>,
    /// Planned start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date_debut_previsionnelle: Option<NaiveDate>,
    /// 1, 2, 3... : bumped by every change the other services are told of.
    pub version: u64,
    /// When it was created.
    #[serde(with = "instant")]
    pub created_at: DateTime<Utc>,
    /// When its version last changed.
    #[serde(with = "instant")]
    pub updated_at: DateTime<Utc>,
}

/// What a decision makes of a project.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// Nothing to store, nobody to tell.
    Unchanged,
    /// A service changed its own label inside the same generic status: stored, nobody is told.
    Silent(Project),
    /// A new version, and one event.
    Changed(Change),
}

/// A new version of a project, and what its event says.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The new state.
    pub project: Project,
    /// The names of the fields that changed.
    pub changed: Vec<&'static str>,
    /// The type of the event.
    pub kind: Kind,
}

impl Project {
    /// A new project of `service`.
    #[must_use]
    pub fn create(
        id: ProjectId,
        service: &Service,
        external_id: String,
        content: Content,
        now: DateTime<Utc>,
    ) -> Change {
        let mut project = Self {
            id,
            origin: service.clone(),
            external_ids: BTreeMap::from([(service.clone(), external_id)]),
            natifs: BTreeMap::new(),
            nom: content.nom,
            description: content.description,
            statut: content.statut.generic,
            collectivites: content.collectivites,
            porteur: content.porteur,
            budget_previsionnel: content.budget_previsionnel,
            date_debut_previsionnelle: content.date_debut_previsionnelle,
            version: 1,
            created_at: now,
            updated_at: now,
        };
        project.write_label(service, content.statut.native);
        let changed = project.given_fields();
        Change { project, changed, kind: Kind::ProjectCreated }
    }

    /// `content` is the whole state as `service` wants it.
    #[must_use]
    pub fn update(&self, service: &Service, content: Content, now: DateTime<Utc>) -> Outcome {
        let mut next = self.clone();
        next.nom = content.nom;
        next.description = content.description;
        next.statut = content.statut.generic;
        next.collectivites = content.collectivites;
        next.porteur = content.porteur;
        next.budget_previsionnel = content.budget_previsionnel;
        next.date_debut_previsionnelle = content.date_debut_previsionnelle;
        if content.statut.written {
            next.write_label(service, content.statut.native);
        }
        let changed = self.changed_fields(&next);
        if changed.is_empty() {
            return if next.natifs == self.natifs { Outcome::Unchanged } else { Outcome::Silent(next) };
        }
        let kind = if changed.contains(&"statut") { Kind::ProjectStatusChanged } else { Kind::ProjectUpdated };
        Outcome::Changed(self.bump(next, changed, kind, now))
    }

    /// `service` imported the project under its own `external_id`, which replaces the one it had.
    #[must_use]
    pub fn link(&self, service: &Service, external_id: &str, now: DateTime<Utc>) -> Outcome {
        if self.external_ids.get(service).is_some_and(|held| held == external_id) {
            return Outcome::Unchanged;
        }
        let mut next = self.clone();
        next.external_ids.insert(service.clone(), external_id.to_owned());
        Outcome::Changed(self.bump(next, vec!["externalIds"], Kind::ProjectLinked, now))
    }

    /// `service` no longer has the project.
    #[must_use]
    pub fn unlink(&self, service: &Service, now: DateTime<Utc>) -> Outcome {
        let mut next = self.clone();
        if next.external_ids.remove(service).is_none() {
            return Outcome::Unchanged;
        }
        Outcome::Changed(self.bump(next, vec!["externalIds"], Kind::ProjectUpdated, now))
    }

    /// The person is no longer the porteur référent; the organisation stays when its SIRET names it.
    #[must_use]
    pub fn blank_porteur(&self, now: DateTime<Utc>) -> Outcome {
        let mut next = self.clone();
        next.porteur = self.porteur.as_ref().and_then(Porteur::without_person);
        if next.porteur == self.porteur {
            return Outcome::Unchanged;
        }
        Outcome::Changed(self.bump(next, vec!["porteur", "permissions"], Kind::PersonErased, now))
    }

    /// The instant of a change: never before the previous one, so that one project's events keep their order even
    /// when two machines' clocks differ by a little.
    #[must_use]
    pub fn instant_of_change(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        now.max(self.updated_at)
    }

    /// The service created the project, or the project is linked to it.
    #[must_use]
    pub fn concerns(&self, service: &Service) -> bool {
        self.origin == *service || self.external_ids.contains_key(service)
    }

    /// The label `service` is shown.
    #[must_use]
    pub fn native_label(&self, service: &Service) -> Option<&'static str> {
        statut::to_native(service, self.statut, self.natifs.get(service).map(String::as_str))
    }

    /// Remembers what `service` itself wrote. A generic code keeps the service's label while it still maps, else
    /// takes the first of its table.
    fn write_label(&mut self, service: &Service, native: Option<&'static str>) {
        if let Some(label) = native.or_else(|| self.native_label(service)) {
            self.natifs.insert(service.clone(), label.to_owned());
        }
    }

    fn bump(&self, mut next: Self, changed: Vec<&'static str>, kind: Kind, now: DateTime<Utc>) -> Change {
        next.version = self.version + 1;
        next.updated_at = self.instant_of_change(now);
        Change { project: next, changed, kind }
    }

    fn changed_fields(&self, next: &Self) -> Vec<&'static str> {
        let pairs = [
            ("nom", self.nom != next.nom),
            ("description", self.description != next.description),
            ("statut", self.statut != next.statut),
            ("collectivites", self.collectivites != next.collectivites),
            ("porteur", self.porteur != next.porteur),
            ("budgetPrevisionnel", self.budget_previsionnel != next.budget_previsionnel),
            ("dateDebutPrevisionnelle", self.date_debut_previsionnelle != next.date_debut_previsionnelle),
        ];
        pairs.into_iter().filter_map(|(name, changed)| changed.then_some(name)).collect()
    }

    fn given_fields(&self) -> Vec<&'static str> {
        let pairs = [
            ("externalIds", true),
            ("nom", true),
            ("description", self.description.is_some()),
            ("statut", true),
            ("collectivites", true),
            ("porteur", self.porteur.is_some()),
            ("budgetPrevisionnel", self.budget_previsionnel.is_some()),
            ("dateDebutPrevisionnelle", self.date_debut_previsionnelle.is_some()),
        ];
        pairs.into_iter().filter_map(|(name, given)| given.then_some(name)).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The largest amount, in cents.
    const MAX_CENTS: i64 = 1_000_000_000_000_000;

    proptest! {
        #[test]
        fn every_amount_reads_back_from_its_text(cents in 0..=MAX_CENTS) {
            // As people and other languages write it, not as our own division makes it.
            let written = format!("{}.{:02}", cents / 100, cents % 100);
            let euros = Euros::parse(written.parse().unwrap()).unwrap();
            prop_assert_eq!(euros, Euros { cents });
            let printed = euros.to_json().to_string();
            let read: f64 = serde_json::from_str(&printed).unwrap();
            prop_assert_eq!(Euros::parse(read), Some(euros), "{}", printed);
        }

        #[test]
        fn a_third_decimal_is_refused(euros in 0_u32..=u32::MAX, mils in 1_u32..1_000) {
            let written = format!("{euros}.{mils:03}");
            prop_assert_eq!(Euros::parse(written.parse().unwrap()).is_some(), mils % 10 == 0, "{}", written);
        }
    }

    #[test]
    fn what_is_no_budget_is_refused() {
        for amount in [-0.01, -1.0, 1e13 + 0.01, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300, 0.001] {
            assert_eq!(Euros::parse(amount), None, "{amount}");
        }
        assert_eq!(Euros::parse(-0.0), Euros::parse(0.0));
        assert_eq!(Euros::parse(1e13).map(Euros::to_json), Some(serde_json::json!(10_000_000_000_000_i64)));
    }
}
