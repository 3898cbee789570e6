//! The contacts of La Coop in Brevo.

use super::brevo::Brevo;
use super::outgoing::AskError;
use domain::coop::contact::{Contact, ContactRequest};

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

    /// Brings the contact in Brevo to this state, by one call.
    ///
    /// # Errors
    /// Any answer but 2xx, a time-out, a broken connection. That there is no contact to remove is no error.
    pub async fn update(&self, contact: &Contact) -> Result<(), AskError> {
        match contact.request(self.list) {
            ContactRequest::Upsert(body) => self.brevo.post("/v3/contacts", &body).await,
            ContactRequest::Remove(body) => {
                let path = format!("/v3/contacts/lists/{}/contacts/remove", self.list);
                match self.brevo.post(&path, &body).await {
                    Err(AskError::Status(404)) => Ok(()),
                    answered => answered,
                }
            }
        }
    }
}
