//! Bodies of requests: shape first (400), then all values at once (422).

use super::body::RawBody;
use super::problem::{Code, Problem};
use axum::extract::Request;
use domain::reference::email::Email;
use domain::shape::{Fault, Shape};
use serde_json::Value;
use uuid::Uuid;

pub use domain::uuid_text::parse_hyphenated_uuid as uuid;

/// Reads a body of at most `max` bytes as JSON.
///
/// # Errors
/// 400, 413, 415.
pub async fn json(request: Request, max: usize) -> Result<Value, Problem> {
    RawBody::read(request, max).await.json(false)
}

/// The values of one object, and what is wrong with them.
pub struct Values<'a> {
    shape: Shape<'a>,
    faults: Vec<Fault>,
}

impl<'a> Values<'a> {
    /// An object with no other properties than `known`, at `base` in the body.
    ///
    /// # Errors
    /// 400 naming the property.
    pub fn of(body: &'a Value, base: &str, known: &[&str]) -> Result<Self, Problem> {
        Ok(Self { shape: Shape::object(body, base, known).map_err(Problem::shape)?, faults: Vec::new() })
    }

    /// A text that must be there and that `read` accepts.
    ///
    /// # Errors
    /// 400 when it is of another JSON type.
    pub fn required<T>(
        &mut self,
        name: &str,
        detail: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, Problem> {
        let text = self.shape.text(name).map_err(Problem::shape)?.set();
        let value = text.as_deref().and_then(read);
        if value.is_none() {
            let detail = if text.is_none() { "propriété obligatoire" } else { detail };
            self.faults.push(Fault::new(self.shape.pointer(name), detail));
        }
        Ok(value)
    }

    /// A text that may be absent; one that `read` refuses is a fault.
    ///
    /// # Errors
    /// 400 when it is of another JSON type.
    pub fn optional<T>(
        &mut self,
        name: &str,
        detail: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, Problem> {
        let Some(text) = self.shape.text(name).map_err(Problem::shape)?.set() else { return Ok(None) };
        let value = read(&text);
        if value.is_none() {
            self.fault(name, detail);
        }
        Ok(value)
    }

    /// An e-mail.
    ///
    /// # Errors
    /// 400 when it is no text.
    pub fn email(&mut self) -> Result<Option<String>, Problem> {
        self.required("email", "adresse électronique invalide", |text| {
            Email::parse(text).ok().map(|email| email.normalised().to_owned())
        })
    }

    /// An id.
    ///
    /// # Errors
    /// 400 when it is no text.
    pub fn id(&mut self, name: &str) -> Result<Option<Uuid>, Problem> {
        self.required(name, "identifiant invalide : un UUID est attendu", uuid)
    }

    /// The shape, for what is no text.
    pub fn shape(&self) -> &Shape<'a> {
        &self.shape
    }

    /// Notes a fault of a property.
    pub fn fault(&mut self, name: &str, detail: &str) {
        self.faults.push(Fault::new(self.shape.pointer(name), detail));
    }

    /// The faults found, for a list that gathers those of its items.
    pub fn into_faults(self) -> Vec<Fault> {
        self.faults
    }

    /// Refuses what is wrong.
    ///
    /// # Errors
    /// 422 with all faults.
    pub fn checked(self) -> Result<(), Problem> {
        if self.faults.is_empty() { Ok(()) } else { Err(Problem::new(Code::ValidationFailed).errors(&self.faults)) }
    }
}

/// What [`Values::checked`] makes sure of: a required value is there.
pub fn given<T>(value: Option<T>) -> Result<T, Problem> {
    value.ok_or_else(|| Problem::new(Code::ValidationFailed))
}
