//! Who may read and write a project.
//!
//! Two rights are kept apart for one person on one project: the explicit one and the one that comes from being
//! the porteur référent. Each is removed by its own act only; the stronger counts.
//!
//! Source: docs/spec/communs.md#permissions, docs/seeds/communs.md#permissions

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// READ : lire le projet ; WRITE : le lire et le modifier.
// `Read < Write`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Level {
    /// May see the project.
    Read,
    /// May see and change it.
    Write,
}

impl Level {
    /// The level as written on the wire.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Read => "READ",
            Self::Write => "WRITE",
        }
    }

    /// Reads a level; `None` for anything else.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        [Self::Read, Self::Write].into_iter().find(|level| level.code() == code)
    }
}

/// The rights of one person on one project.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// Granted by name, or by having created the project.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub explicit: Option<Level>,
    /// WRITE because the person is the porteur référent.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub porteur: bool,
    /// Was the porteur référent: gives no right, but stored events may still name the person, who can be erased.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub former_porteur: bool,
}

impl Grant {
    /// The level that counts: the stronger of the two rights.
    #[must_use]
    pub fn level(self) -> Option<Level> {
        if self.porteur { Some(Level::Write) } else { self.explicit }
    }

    /// Whether the right suffices for `wanted`.
    #[must_use]
    pub fn allows(self, wanted: Level) -> bool {
        self.level().is_some_and(|level| level >= wanted)
    }

    /// The person is the porteur référent from now on, or no longer.
    #[must_use]
    pub fn with_porteur(self, porteur: bool) -> Self {
        Self { porteur, former_porteur: self.former_porteur || (self.porteur && !porteur), ..self }
    }

    /// No right any more, only the trace by which erasure finds what is stored of the person.
    #[must_use]
    pub fn trace(self) -> Self {
        Self { explicit: None, porteur: false, former_porteur: true }
    }

    /// Both rights of two records of the same person, as when a hash key was rotated in between.
    #[must_use]
    pub fn merged(self, other: Self) -> Self {
        Self {
            explicit: self.explicit.max(other.explicit),
            porteur: self.porteur || other.porteur,
            former_porteur: self.former_porteur || other.former_porteur,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stronger_right_counts() {
        let read = Grant { explicit: Some(Level::Read), ..Grant::default() };
        assert!(read.allows(Level::Read) && !read.allows(Level::Write));
        let both = read.with_porteur(true);
        assert!(both.allows(Level::Write));
        let after = both.with_porteur(false);
        assert_eq!(after.level(), Some(Level::Read));
        assert!(after.former_porteur, "stored events may still name the person");
        assert!(!Grant::default().allows(Level::Read));
    }
}
