//! Suspensions: the five that Portail DF causes, and those set by a person, which the machine never touches.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::instant;

/// Where a person asks Portail DF for what is missing.
pub const PORTAIL_DF: &str = "https://portaildf.cerema.fr/";

/// What Portail DF can lack, in the order of the tree: the first that fails suspends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cause {
    /// L20: the structure's access to LOVAC is over.
    StructureExpired,
    /// L23: the group has no access to LOVAC.
    AccessLevel,
    /// L25: the perimeter covers no commune of the establishment.
    Perimeter,
    /// The person's account at Portail DF is over.
    UserExpired,
    /// The person has not accepted the conditions of use.
    Conditions,
}

impl Cause {
    /// All causes, in the order of the tree.
    pub const ALL: [Self; 5] =
        [Self::StructureExpired, Self::AccessLevel, Self::Perimeter, Self::UserExpired, Self::Conditions];

    /// The cause as stored and shown to programs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::StructureExpired => "droits structure expires",
            Self::AccessLevel => "niveau_acces_invalide",
            Self::Perimeter => "perimetre_invalide",
            Self::UserExpired => "droits utilisateur expires",
            Self::Conditions => "cgu vides",
        }
    }

    /// The cause of this text, blanks around it apart; `None` for one set by a person.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|cause| cause.as_str() == text.trim())
    }

    /// The causes of a text that joins them by commas, as ZLV wrote them; `None` when one of them is a person's.
    fn parse_joined(text: &str) -> Option<Vec<Self>> {
        text.split(',').map(Self::parse).collect()
    }

    const fn sentence(self) -> &'static str {
        match self {
            Self::StructureExpired => {
                "L'accès de votre structure aux données LOVAC a expiré : il est à renouveler sur Portail DF."
            }
            Self::AccessLevel => {
                "Votre groupe sur Portail DF n'a pas l'accès LOVAC : demandez-le au gestionnaire de votre structure."
            }
            Self::Perimeter => {
                "Le périmètre de votre groupe sur Portail DF ne couvre aucune commune de votre établissement."
            }
            Self::UserExpired => "Votre compte sur Portail DF a expiré : il est à renouveler.",
            Self::Conditions => "Vous n'avez pas validé les conditions générales d'utilisation de Portail DF.",
        }
    }
}

/// A suspension as stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suspension {
    /// Since when.
    #[serde(with = "instant")]
    pub at: DateTime<Utc>,
    /// One of the five texts of [`Cause`], several of them joined by commas, or whatever a person wrote.
    pub cause: String,
}

impl Suspension {
    /// Whether a person set it: then it is neither lifted nor overwritten here.
    #[must_use]
    pub fn is_manual(&self) -> bool {
        is_manual_cause(&self.cause)
    }
}

/// Whether a cause is a person's: none of Portail DF's, nor several of them joined by commas.
#[must_use]
pub fn is_manual_cause(text: &str) -> bool {
    Cause::parse_joined(text).is_none()
}

/// What becomes of a suspension once Portail DF was asked and `failing` found, in order.
#[must_use]
pub fn next(current: Option<&Suspension>, failing: &[Cause], now: DateTime<Utc>) -> Option<Suspension> {
    match (current, failing.first()) {
        (Some(current), _) if current.is_manual() => Some(current.clone()),
        (_, None) => None,
        // The same cause: it began when it began.
        (Some(current), Some(cause)) if Cause::parse_joined(&current.cause).is_some_and(|old| old.contains(cause)) => {
            Some(Suspension { at: current.at, cause: cause.as_str().to_owned() })
        }
        (_, Some(cause)) => Some(Suspension { at: now, cause: cause.as_str().to_owned() }),
    }
}

/// What is told of rights that Portail DF was never asked about in this establishment: no suspension, a reason to see
/// nothing.
pub const NOT_CHECKED: &str = "droits non verifies";

/// A cause as shown to the person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BannerCause {
    /// As stored.
    pub cause: String,
    /// The sentence to show.
    pub message: String,
    /// Where to act; `None` for a cause set by a person.
    pub link: Option<String>,
}

/// What a suspended person is shown: the cause set by a person, if one is, then all that fails. When Portail DF was
/// not asked (`failing` is `None`), the stored cause. Nothing for somebody who is not suspended.
#[must_use]
pub fn banner(suspension: Option<&Suspension>, failing: Option<&[Cause]>) -> Vec<BannerCause> {
    let Some(suspension) = suspension else { return Vec::new() };
    let found = failing.into_iter().flatten().copied().map(BannerCause::from);
    match (Cause::parse_joined(&suspension.cause), failing) {
        (None, _) => std::iter::once(BannerCause::by_a_person(&suspension.cause)).chain(found).collect(),
        (Some(stored), None) => stored.into_iter().map(BannerCause::from).collect(),
        (Some(_), Some(_)) => found.collect(),
    }
}

impl BannerCause {
    /// Rights never checked in this establishment, while Portail DF cannot be asked.
    #[must_use]
    pub fn not_checked() -> Self {
        let message = "Portail DF n'a pas pu être interrogé et vos droits sur cet établissement n'ont jamais été \
                       vérifiés : rien n'est affiché. Reconnectez-vous plus tard.";
        Self { cause: NOT_CHECKED.to_owned(), message: message.to_owned(), link: Some(PORTAIL_DF.to_owned()) }
    }

    fn by_a_person(text: &str) -> Self {
        let message = format!("Votre compte a été suspendu par une personne : {text}");
        Self { cause: text.to_owned(), message, link: None }
    }
}

impl From<Cause> for BannerCause {
    fn from(cause: Cause) -> Self {
        Self {
            cause: cause.as_str().to_owned(),
            message: cause.sentence().to_owned(),
            link: Some(PORTAIL_DF.to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        instant::parse(text).unwrap()
    }

    fn check(current: Option<&str>, failing: &[Cause], expected: Option<(&str, &str)>) {
        let (before, now) = (at("2026-02-01T08:00:00Z"), at("2026-04-01T12:00:00Z"));
        let current = current.map(|cause| Suspension { at: before, cause: cause.to_owned() });
        let found = next(current.as_ref(), failing, now);
        let expected = expected.map(|(when, cause)| Suspension { at: at(when), cause: cause.to_owned() });
        assert_eq!(found, expected);
    }

    #[test]
    fn the_machine_sets_and_lifts_its_own_suspensions_only() {
        check(None, &[], None);
        check(Some("cgu vides"), &[], None);
        check(Some("cgu vides"), &[Cause::Conditions], Some(("2026-02-01T08:00:00Z", "cgu vides")));
        check(
            Some("cgu vides"),
            &[Cause::Perimeter, Cause::Conditions],
            Some(("2026-04-01T12:00:00Z", "perimetre_invalide")),
        );
        for failing in [&[][..], &[Cause::Conditions]] {
            check(Some("Cgu vides"), failing, Some(("2026-02-01T08:00:00Z", "Cgu vides")));
        }
    }

    #[test]
    fn causes_joined_by_commas_are_the_sum_of_their_parts() {
        let joined = "niveau_acces_invalide, perimetre_invalide ";
        check(Some(joined), &[], None);
        check(Some(joined), &[Cause::Perimeter], Some(("2026-02-01T08:00:00Z", "perimetre_invalide")));
        check(Some(joined), &[Cause::Conditions], Some(("2026-04-01T12:00:00Z", "cgu vides")));
        for manual in ["niveau_acces_invalide, contrôle en cours", "cgu vides,", ""] {
            check(Some(manual), &[], Some(("2026-02-01T08:00:00Z", manual)));
        }
        let suspension = Suspension { at: at("2026-02-01T08:00:00Z"), cause: joined.to_owned() };
        let shown: Vec<String> = banner(Some(&suspension), None).into_iter().map(|cause| cause.cause).collect();
        assert_eq!(shown, ["niveau_acces_invalide", "perimetre_invalide"]);
    }

    #[test]
    fn the_banner_shows_the_person_s_cause_first_and_nothing_without_a_suspension() {
        let texts = |causes: Vec<BannerCause>| causes.into_iter().map(|shown| shown.cause).collect::<Vec<_>>();
        let manual = Suspension { at: at("2026-02-01T08:00:00Z"), cause: "demande".to_owned() };
        let own = Suspension { cause: "cgu vides".to_owned(), ..manual.clone() };
        assert_eq!(texts(banner(Some(&manual), Some(&[Cause::Perimeter]))), ["demande", "perimetre_invalide"]);
        assert_eq!(texts(banner(Some(&own), Some(&[Cause::Conditions]))), ["cgu vides"]);
        assert_eq!(texts(banner(Some(&own), None)), ["cgu vides"]);
        assert!(banner(None, Some(&[Cause::Conditions])).is_empty());
    }
}
