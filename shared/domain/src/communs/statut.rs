//! The generic status of a project, and each service's own labels for it.
//!
//! The table is data (`shared/domain/data/status_mapping.json`, the seed's table in its row order, plus aliases). A
//! service writes its native label, which is translated with **its** table; every reader is shown its own.
//!
//! Source: docs/spec/communs.md#statuses, docs/seeds/communs.md#status

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization as _;
use utoipa::ToSchema;

use crate::api_key::Service;

/// Le statut générique, commun à tous les services.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[schema(as = StatutGenerique, example = "EN_COURS")]
pub enum Generic {
    /// An idea, nothing studied yet.
    Idee,
    /// Being studied.
    Faisabilite,
    /// Under way.
    EnCours,
    /// Late, paused or blocked.
    Impacte,
    /// Given up.
    Abandonne,
    /// Done.
    Termine,
}

impl Generic {
    /// All codes, in the seed's order.
    pub const ALL: [Self; 6] =
        [Self::Idee, Self::Faisabilite, Self::EnCours, Self::Impacte, Self::Abandonne, Self::Termine];

    /// The code as written on the wire.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Idee => "IDEE",
            Self::Faisabilite => "FAISABILITE",
            Self::EnCours => "EN_COURS",
            Self::Impacte => "IMPACTE",
            Self::Abandonne => "ABANDONNE",
            Self::Termine => "TERMINE",
        }
    }

    /// Reads a code; `None` for anything else.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|generic| generic.code() == code)
    }
}

/// One row of a service's table.
#[derive(Debug, Deserialize)]
pub struct Label {
    /// The service's own wording.
    pub native: String,
    /// What it means for everybody.
    pub generic: Generic,
}

#[derive(Debug, Default, Deserialize)]
struct ServiceTable {
    labels: Vec<Label>,
    aliases: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Mapping {
    services: BTreeMap<Service, ServiceTable>,
}

static MAPPING: LazyLock<Mapping> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "embedded data: read once at start-up, and by a test")]
    serde_json::from_str(include_str!("../../data/status_mapping.json")).expect("status_mapping.json is well formed")
});

/// What a service means by a label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meaning {
    /// The generic status.
    pub generic: Generic,
    /// The canonical native label; `None` when a generic code was written.
    pub native: Option<&'static str>,
}

/// Translates what `service` wrote: one of its own labels, an alias of one, or a generic code.
///
/// NFC and surrounding blanks (no-break spaces too) are ignored; case and accents count. `None` when the label is
/// not accepted from that service, a label of another service's table included.
#[must_use]
pub fn to_generic(service: &Service, label: &str) -> Option<Meaning> {
    let label: String = label.trim().nfc().collect();
    if let Some(generic) = Generic::from_code(&label) {
        return Some(Meaning { generic, native: None });
    }
    let table = MAPPING.services.get(service)?;
    let canonical = table.aliases.get(&label).unwrap_or(&label);
    let row = table.labels.iter().find(|row| row.native == *canonical)?;
    Some(Meaning { generic: row.generic, native: Some(&row.native) })
}

/// The label `service` is shown for `generic`: the last one it wrote itself if that still maps to it, else the
/// first of its table, else `None` ("show the generic status").
#[must_use]
pub fn to_native(service: &Service, generic: Generic, current: Option<&str>) -> Option<&'static str> {
    let labels = accepted(service);
    let maps = |row: &&Label| row.generic == generic;
    labels
        .iter()
        .filter(maps)
        .find(|row| current == Some(row.native.as_str()))
        .or_else(|| labels.iter().find(maps))
        .map(|row| row.native.as_str())
}

/// The table of a service, in the seed's row order; empty for a service that has none.
#[must_use]
pub fn accepted(service: &Service) -> &'static [Label] {
    MAPPING.services.get(service).map_or(&[], |table| &table.labels)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(name: &str) -> Service {
        Service::parse(name).unwrap()
    }

    fn check(name: &str, label: &str, expected: Option<(Generic, Option<&str>)>) {
        let meaning = to_generic(&service(name), label).map(|m| (m.generic, m.native));
        assert_eq!(meaning, expected, "{name}: {label}");
    }

    #[test]
    fn a_label_is_read_with_its_own_service_s_table() {
        check("mec", "Opération démarrée", Some((Generic::EnCours, Some("Opération démarrée"))));
        check("tet", "Opération démarrée", None);
        check("tet", "\u{a0}En cours ", Some((Generic::EnCours, Some("En cours"))));
        check("tet", "en cours", None);
        check("tet", "A\u{300} venir", Some((Generic::Idee, Some("A venir"))));
        check("mec", "À venir", None);
        check("tet", "IMPACTE", Some((Generic::Impacte, None)));
        check("unknown", "IDEE", Some((Generic::Idee, None)));
        check("unknown", "A venir", None);
    }

    #[test]
    fn a_service_keeps_its_own_label_while_it_still_maps() {
        let tet = service("tet");
        assert_eq!(to_native(&tet, Generic::Impacte, Some("Bloqué")), Some("Bloqué"));
        assert_eq!(to_native(&tet, Generic::Impacte, Some("En cours")), Some("En retard"));
        assert_eq!(to_native(&service("aides-territoires"), Generic::Impacte, None), None);
    }

    #[test]
    fn the_table_is_that_of_the_seed() {
        let seed = include_str!("../../../../docs/seeds/communs.md");
        let mut columns: [Vec<(String, String)>; 3] = Default::default();
        for row in seed.lines().filter(|line| line.starts_with('|')).skip(2) {
            let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
            for (column, pair) in columns.iter_mut().zip(cells.chunks(2)) {
                if let [native, generic] = pair
                    && !native.is_empty()
                {
                    column.push(((*native).to_owned(), (*generic).to_owned()));
                }
            }
        }
        for (name, column) in [("mec", 0), ("recoco", 0), ("tet", 1), ("aides-territoires", 2)] {
            let ours: Vec<_> = accepted(&service(name))
                .iter()
                .map(|label| (label.native.clone(), label.generic.code().to_owned()))
                .collect();
            assert_eq!(ours, columns[column], "{name}");
        }
    }

    #[test]
    fn every_label_and_alias_of_the_table_translates() {
        for (service, table) in &MAPPING.services {
            for row in &table.labels {
                assert_eq!(to_generic(service, &row.native).map(|m| m.generic), Some(row.generic));
            }
            for (alias, native) in &table.aliases {
                assert_eq!(to_generic(service, alias).and_then(|m| m.native), Some(native.as_str()));
            }
        }
    }
}
