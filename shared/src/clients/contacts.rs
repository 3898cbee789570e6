//! The contacts of La Coop in Brevo.

use super::brevo::Brevo;
use super::outgoing::AskError;
use domain::coop::contact::ContactRequest;

/// Keeps contacts in step, on one list. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Contacts {
    brevo: Brevo,
    list: u64,
}

impl Contacts {
    /// Contacts on the list with the id `list`.
    #[must_use]
    pub const fn new(brevo: Brevo, list: u64) -> Self {
        Self { brevo, list }
    }

    /// The id of the list.
    #[must_use]
    pub const fn list(&self) -> u64 {
        self.list
    }

    /// Makes one call.
    ///
    /// # Errors
    /// Any answer but 2xx, a time-out, a broken connection.
    pub async fn send(&self, request: &ContactRequest) -> Result<(), AskError> {
        match request {
            ContactRequest::Upsert(body) => self.brevo.post("/v3/contacts", body).await,
            ContactRequest::Remove(body) => {
                self.brevo.post(&format!("/v3/contacts/lists/{}/contacts/remove", self.list), body).await
            }
        }
    }
}
