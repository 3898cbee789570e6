//! The values a project is made of, as they are stored and shown. Doc comments of the types that are documented on the
//! wire are the document's own text, hence in French.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::ToSchema;

/// Commune ou EPCI à fiscalité propre.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
pub enum TerritoryKind {
    /// By its current INSEE code.
    Commune,
    /// By its SIREN.
    #[serde(rename = "EPCI")]
    Epci,
}

/// Un territoire concerné par le projet.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"type": "Commune", "code": "67482"}))]
pub struct Collectivite {
    #[serde(rename = "type")]
    #[expect(missing_docs, reason = "documented by its type")]
    pub kind: TerritoryKind,
    /// Code INSEE de la commune ou SIREN de l'EPCI, selon le Code officiel géographique. Le code d'une ancienne commune
    /// est remplacé par celui de la commune actuelle ; les arrondissements municipaux sont refusés.
    #[schema(pattern = "^([0-9][0-9AB][0-9]{3}|[0-9]{9})$")]
    pub code: String,
}

/// Le porteur référent du projet.
// The one person whose data is stored in clear, to be shared.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "a doc comment here would be text of the document")]
pub struct Porteur {
    /// SIRET de l'organisme.
    #[schema(required)]
    pub siret: Option<String>,
    /// Adresse e-mail, telle que saisie.
    #[schema(required)]
    pub referent_email: Option<String>,
    #[schema(required)]
    pub referent_telephone: Option<String>,
    #[schema(required)]
    pub referent_prenom: Option<String>,
    #[schema(required)]
    pub referent_nom: Option<String>,
    #[schema(required)]
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

/// An amount in euros, kept as whole cents so that it compares and sums exactly. On the wire it is a JSON number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
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

    /// The amount in cents.
    #[must_use]
    pub const fn cents(self) -> i64 {
        self.cents
    }
}

/// Whole euros without a fraction.
impl Serialize for Euros {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.cents % 100 == 0 {
            serializer.serialize_i64(self.cents / 100)
        } else {
            #[expect(clippy::cast_precision_loss, reason = "bounded by MAX: exact in a double")]
            serializer.serialize_f64(self.cents as f64 / 100.0)
        }
    }
}

/// A number, or the `{cents}` of the store.
impl<'de> Deserialize<'de> for Euros {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Form {
            Stored { cents: i64 },
            Number(f64),
        }
        match Form::deserialize(deserializer)? {
            Form::Stored { cents } => Ok(Self { cents }),
            Form::Number(amount) => {
                Self::parse(amount).ok_or_else(|| serde::de::Error::custom("not an amount in euros"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

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
            let printed = json!(euros).to_string();
            prop_assert_eq!(serde_json::from_str::<Euros>(&printed).unwrap(), euros, "{}", printed);
            prop_assert_eq!(serde_json::from_value::<Euros>(json!({"cents": cents})).unwrap(), euros);
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
        assert_eq!(json!(Euros::parse(1e13)), json!(10_000_000_000_000_i64));
    }
}
