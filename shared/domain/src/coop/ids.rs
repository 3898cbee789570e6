//! Where the ids of new rows come from: decisions ask for them, and stay functions of their arguments.

use std::fmt;

use uuid::Uuid;

/// Makes new ids; cheap to copy.
#[derive(Clone, Copy)]
pub struct IdSource<'a>(&'a dyn Fn() -> Uuid);

impl<'a> IdSource<'a> {
    /// Ids made by `make`, each another.
    pub fn new(make: &'a dyn Fn() -> Uuid) -> Self {
        Self(make)
    }

    /// A new id.
    #[must_use]
    pub fn next(self) -> Uuid {
        (self.0)()
    }
}

impl fmt::Debug for IdSource<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdSource")
    }
}

/// Ids that are numbered from 1,001, for tests.
#[cfg(test)]
pub(crate) fn numbered() -> impl Fn() -> Uuid {
    let last = std::cell::Cell::new(1_000);
    move || {
        last.set(last.get() + 1);
        Uuid::from_u128(last.get())
    }
}
