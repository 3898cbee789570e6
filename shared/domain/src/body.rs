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

pub use error::Refusal;
pub use json::parse;
pub use members::{Field, Missing, Required};
pub use values::{Id, Number, Raw};

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

/// A body of the right shape, with the faults of its values found so far.
#[derive(Debug)]
pub struct Parsed<T> {
    /// The body; a member whose value is refused holds none.
    pub body: T,
    /// In the order of the body.
    pub faults: Vec<Fault>,
}

impl<T> Parsed<T> {
    /// The body, if nothing is wrong with its values.
    ///
    /// # Errors
    /// All faults.
    pub fn valid(self) -> Result<T, Vec<Fault>> {
        if self.faults.is_empty() { Ok(self.body) } else { Err(self.faults) }
    }
}

#[cfg(test)]
mod tests;
