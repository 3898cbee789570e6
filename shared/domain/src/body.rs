//! Bodies of requests, read straight from their text into the type that documents them.
//!
//! A body is a struct of [`Required`] and [`Field`] members. What has the wrong **shape** (no JSON, nested too deeply,
//! an unknown or repeated property, another JSON type) ends the reading at once: 400. What has the right shape and a
//! wrong **value** is noted with its pointer, and the reading goes on, so that all such faults are told together: 422.
//! A value type says what is right by its `TryFrom`, whose error is the French sentence shown.
//!
//! ```
//! use domain::body::{self, Field, Required};
//! use domain::reference::email::Email;
//!
//! #[derive(Debug, serde::Deserialize)]
//! struct Person {
//!     email: Required<Email>,
//!     prenom: Field<String>,
//! }
//!
//! let refused = body::parse::<Person>(br#"{"email": "x", "nom": "y"}"#, "").unwrap_err();
//! assert_eq!(refused.pointer, "/nom");
//! let faults = body::parse::<Person>(br#"{"email": "x"}"#, "").unwrap().valid().unwrap_err();
//! assert_eq!(faults[0].pointer, "/email");
//! ```

mod error;
mod json;
mod members;
mod values;

pub use error::{MISSING, Refusal};
pub(crate) use json::members_of;
pub use json::parse;
pub use members::{Field, Missing, Required};
pub use values::{Id, Instant, Number, Raw};

use serde::Serialize;

/// One fault in a request body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// RFC 6901 pointer into the body (`/collectivites/1/code`).
    pub pointer: String,
    /// What is wrong, in French, without repeating the value.
    pub detail: String,
}

impl Fault {
    /// A fault at `pointer`.
    pub fn new(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), detail: detail.into() }
    }
}

/// The faults found in a body so far, in the order they were found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    base: String,
    found: Vec<Fault>,
}

impl Faults {
    /// None yet in a body that stands at `base`.
    #[must_use]
    pub fn new(base: &str) -> Self {
        Self { base: base.to_owned(), found: Vec::new() }
    }

    /// Adds a fault; `pointer` starts at this body.
    pub fn add(&mut self, pointer: &str, detail: impl Into<String>) {
        self.found.push(Fault::new(format!("{}{pointer}", self.base), detail));
    }

    /// Adds that what must be there is not, unless what is there was refused already.
    pub fn add_missing(&mut self, pointer: &str) {
        if !self.concern(pointer) {
            self.add(pointer, MISSING);
        }
    }

    /// Whether a fault was found at this very place.
    #[must_use]
    pub fn concern(&self, pointer: &str) -> bool {
        self.found.iter().any(|fault| fault.pointer.strip_prefix(&self.base) == Some(pointer))
    }

    /// Whether nothing was found.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// `body`, if nothing is wrong with it.
    ///
    /// # Errors
    /// All faults.
    pub fn finish<T>(self, body: T) -> Result<T, Vec<Fault>> {
        if self.found.is_empty() { Ok(body) } else { Err(self.found) }
    }
}

/// A body of the right shape, with the faults of its values found so far.
#[derive(Clone, Debug)]
pub struct Parsed<T> {
    /// The body; a member whose value is refused holds none.
    pub body: T,
    /// What is wrong with its values.
    pub faults: Faults,
}

impl<T> Parsed<T> {
    /// The body, if nothing is wrong with its values.
    ///
    /// # Errors
    /// All faults.
    pub fn valid(self) -> Result<T, Vec<Fault>> {
        self.faults.finish(self.body)
    }
}

#[cfg(test)]
mod tests;
