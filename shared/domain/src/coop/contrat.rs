//! The state of a contract on a day. Days are civil days of Europe/Paris, both ends included.

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Europe::Paris;
use serde_json::Value;

use super::texte::{self, present};

/// The days of a contract.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Contrat {
    /// First day; absent: a temporary contract.
    pub debut: Option<NaiveDate>,
    /// Last day.
    pub fin: Option<NaiveDate>,
    /// Last day of a contract that was ruptured.
    pub rupture: Option<NaiveDate>,
}

/// What a contract is on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Statut {
    /// It has begun.
    pub started: bool,
    /// Its last day is past.
    pub ended: bool,
    /// The day of its rupture is past.
    pub ruptured: bool,
    /// Begun, neither ended nor ruptured.
    pub active: bool,
    /// Without a first day.
    pub temporary: bool,
}

/// The civil day of an instant in Paris.
#[must_use]
pub fn jour(instant: DateTime<Utc>) -> NaiveDate {
    instant.with_timezone(&Paris).date_naive()
}

impl Contrat {
    /// Reads a contract of a payload.
    ///
    /// # Errors
    /// Why it cannot be read: it is no object, or one of its dates is no day.
    pub fn read(value: &Value) -> Result<Self, &'static str> {
        if !value.is_object() {
            return Err("le contrat n'est pas un objet");
        }
        let date = |name: &str, fault| match &value[name] {
            Value::Null => Ok(None),
            Value::String(text) => present(Some(text)).map(|text| texte::day(text).ok_or(fault)).transpose(),
            _ => Err(fault),
        };
        Ok(Self {
            debut: date("date_debut", "date_debut n'est pas un jour au format AAAA-MM-JJ")?,
            fin: date("date_fin", "date_fin n'est pas un jour au format AAAA-MM-JJ")?,
            rupture: date("date_rupture", "date_rupture n'est pas un jour au format AAAA-MM-JJ")?,
        })
    }

    /// The state on a day.
    #[must_use]
    pub fn statut(&self, jour: NaiveDate) -> Statut {
        let past = |day: Option<NaiveDate>| day.is_some_and(|day| day < jour);
        let started = self.debut.is_some_and(|debut| debut <= jour);
        let (ended, ruptured) = (past(self.fin), past(self.rupture));
        Statut { started, ended, ruptured, active: started && !ended && !ruptured, temporary: self.debut.is_none() }
    }
}

/// The rank of the contract that counts on a day: the first active one, else the one that begins last, a future one too,
/// the first of equals; none without a first day.
#[must_use]
pub fn active_or_most_recent(contrats: &[Contrat], jour: NaiveDate) -> Option<usize> {
    contrats.iter().position(|contrat| contrat.statut(jour).active).or_else(|| {
        let dated = contrats.iter().enumerate().filter_map(|(rank, contrat)| Some((contrat.debut?, rank)));
        dated.max_by_key(|(debut, rank)| (*debut, std::cmp::Reverse(*rank))).map(|(_, rank)| rank)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contrat(debut: &str) -> Contrat {
        Contrat { debut: crate::coop::texte::day(debut), ..Contrat::default() }
    }

    #[test]
    fn a_day_begins_at_midnight_in_paris() {
        let day = |text| jour(crate::instant::parse(text).unwrap()).to_string();
        assert_eq!(day("2024-06-30T21:59:59.999Z"), "2024-06-30");
        assert_eq!(day("2024-06-30T22:00:00.000Z"), "2024-07-01");
        assert_eq!(day("2024-01-14T23:00:00.000Z"), "2024-01-15");
    }

    #[test]
    fn the_first_active_one_counts_else_the_last_to_begin_and_the_first_of_equals() {
        let jour = crate::coop::texte::day("2026-04-01").unwrap();
        let (past, future) = (contrat("2020-01-01"), contrat("2027-01-01"));
        let ended = Contrat { fin: crate::coop::texte::day("2020-12-31"), ..past };
        assert_eq!(active_or_most_recent(&[ended, past, past], jour), Some(1));
        assert_eq!(active_or_most_recent(&[ended, future, future], jour), Some(1));
        assert_eq!(active_or_most_recent(&[contrat("")], jour), None);
        assert_eq!(active_or_most_recent(&[], jour), None);
    }
}
