//! The rights found at a sign-in or a change of establishment, and what is to be stored of them.

use chrono::{DateTime, Utc};

use super::account::User;
use super::examination::Examined;
use super::perimeter::Perimeter;
use super::suspension::{self, BannerCause, Cause, Suspension};

/// The rights of a person in an establishment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rights {
    /// L15: an administrator is not checked; nothing is stored.
    Administrator,
    /// L16: Portail DF could not be asked; what is stored stands.
    NotChecked,
    /// L16: Portail DF could not be asked, and never was about this establishment: nothing is shown, nothing stored.
    NeverChecked,
    /// Portail DF answered.
    Checked {
        /// The suspension from now on.
        suspension: Option<Suspension>,
        /// All that fails, in the order of the tree.
        failing: Vec<Cause>,
        /// The perimeter to store; `None`: what is stored is removed.
        perimeter: Option<Perimeter>,
    },
}

impl Rights {
    /// What the entry retained gives `user`.
    pub(super) fn checked(examined: &Examined<'_>, user: &User, now: DateTime<Utc>) -> Self {
        Self::Checked {
            suspension: suspension::next(user.suspension.as_ref(), &examined.failing, now),
            failing: examined.failing.clone(),
            perimeter: examined.perimeter.cloned(),
        }
    }

    /// The suspension from now on, of a user suspended so far by `stored`.
    #[must_use]
    pub fn suspension(&self, stored: Option<&Suspension>) -> Option<Suspension> {
        match self {
            Self::Administrator | Self::NotChecked | Self::NeverChecked => stored.cloned(),
            Self::Checked { suspension, .. } => suspension.clone(),
        }
    }

    /// All that fails; `None` when Portail DF was not asked.
    #[must_use]
    pub fn failing(&self) -> Option<&[Cause]> {
        match self {
            Self::Administrator | Self::NotChecked | Self::NeverChecked => None,
            Self::Checked { failing, .. } => Some(failing),
        }
    }

    /// What the person is told, suspended from now on by `suspension`.
    #[must_use]
    pub fn banner(&self, suspension: Option<&Suspension>) -> Vec<BannerCause> {
        let mut causes = suspension::banner(suspension, self.failing());
        if *self == Self::NeverChecked {
            causes.push(BannerCause::not_checked());
        }
        causes
    }

    /// Whether Portail DF answered; `None` for an administrator, of whom it is not asked.
    #[must_use]
    pub const fn are_checked(&self) -> Option<bool> {
        match self {
            Self::Administrator => None,
            Self::NotChecked | Self::NeverChecked => Some(false),
            Self::Checked { .. } => Some(true),
        }
    }
}
