//! A user as Brevo, the sender of La Coop's mails, knows them: one contact with roles, in one list.
//!
//! A contact is always told whole, as it is when it is sent: repeating or reordering requests does no harm.
//!
//! Source: docs/spec/coop.md#brevo

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::telephone::e164;

/// The attribute of a contact's telephone.
const SMS: &str = "SMS";

/// What decides a user's contact, read when it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// The user's id, by which Brevo finds the contact again when the e-mail changed.
    pub id: Uuid,
    /// E-mail, as registered.
    pub email: String,
    /// Given name.
    pub prenom: String,
    /// Family name.
    pub nom: String,
    /// Telephone, as registered: any text.
    pub telephone: Option<String>,
    /// Whether the user is a médiateur.
    pub mediateur: bool,
    /// Whether the user is a conseiller numérique.
    pub conseiller_numerique: bool,
    /// Whether the user is a coordinateur.
    pub coordinateur: bool,
}

/// What Brevo may have been told of a user. Noted before a call is made, so that a call whose answer was lost counts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToldContact {
    /// The addresses that may be on the list.
    pub emails: BTreeSet<String>,
    /// Whether the contact may have a telephone.
    pub sms: bool,
}

/// What is asked of Brevo.
#[derive(Clone, Debug, PartialEq)]
pub enum ContactRequest {
    /// `POST /v3/contacts` with this body: the contact is created or brought up to date, and put on the list.
    Upsert(Value),
    /// `POST /v3/contacts/lists/{id}/contacts/remove` with this body: these addresses leave the list.
    Remove(Value),
}

/// What follows when Brevo answers a request with 400.
#[derive(Clone, Debug, PartialEq)]
pub enum AfterRefusal {
    /// Nothing: what was asked for is so already.
    Settled,
    /// This is asked instead, at once.
    AskInstead(ContactRequest),
    /// It is a failure like another.
    Failed,
}

impl ContactRequest {
    /// What a 400 means. A telephone may be impossible to Brevo, or another contact's: it must not keep the contact out.
    /// Of a removal it says that the contact is not on the list.
    #[must_use]
    pub fn after_refusal(&self) -> AfterRefusal {
        match self {
            Self::Remove(_) => AfterRefusal::Settled,
            Self::Upsert(body) if body["attributes"].get(SMS).is_some() => {
                let mut without = body.clone();
                if let Some(attributes) = without["attributes"].as_object_mut() {
                    attributes.remove(SMS);
                }
                AfterRefusal::AskInstead(Self::Upsert(without))
            }
            Self::Upsert(_) => AfterRefusal::Failed,
        }
    }
}

impl ToldContact {
    /// The request that takes all addresses off the list, if there may be any.
    #[must_use]
    pub fn removal(&self) -> Option<ContactRequest> {
        (!self.emails.is_empty()).then(|| remove(&self.emails))
    }
}

impl Contact {
    /// The requests that bring Brevo to this state, on the list `list`, in order. An address told before, and no longer
    /// the user's, leaves the list first.
    #[must_use]
    pub fn requests(&self, told: &ToldContact, list: u64) -> Vec<ContactRequest> {
        let roles = self.roles();
        if roles.is_empty() {
            let current = || remove(&BTreeSet::from([self.email.clone()]));
            return vec![told.removal().unwrap_or_else(current)];
        }
        let mut former = told.clone();
        former.emails.remove(&self.email);
        let mut attributes = json!({"FIRSTNAME": self.prenom, "LASTNAME": self.nom, "ROLES": roles});
        match self.sms() {
            Some(number) => attributes[SMS] = number.into(),
            // An empty text clears it; a contact that never had one is not told of it.
            None if told.sms => attributes[SMS] = "".into(),
            None => {}
        }
        let upsert = ContactRequest::Upsert(json!({
            "ext_id": self.id,
            "email": self.email,
            "attributes": attributes,
            "listIds": [list],
            "updateEnabled": true,
        }));
        former.removal().into_iter().chain([upsert]).collect()
    }

    /// What Brevo may have been told once the first of these requests is on its way.
    #[must_use]
    pub fn told_meanwhile(&self, told: &ToldContact) -> ToldContact {
        let mut meanwhile = told.clone();
        if !self.roles().is_empty() {
            meanwhile.emails.insert(self.email.clone());
            meanwhile.sms |= self.sms().is_some();
        }
        meanwhile
    }

    /// What Brevo has been told once all of these requests succeeded.
    #[must_use]
    pub fn told_after(&self) -> ToldContact {
        if self.roles().is_empty() {
            return ToldContact::default();
        }
        ToldContact { emails: BTreeSet::from([self.email.clone()]), sms: self.sms().is_some() }
    }

    /// Whether the user has, or had, a place on the list.
    #[must_use]
    pub fn concerns_brevo(&self, told: &ToldContact) -> bool {
        !self.roles().is_empty() || !told.emails.is_empty()
    }

    fn sms(&self) -> Option<String> {
        self.telephone.as_deref().and_then(e164)
    }

    /// The names of the roles, in the order Brevo's segments rely on.
    fn roles(&self) -> Vec<&'static str> {
        [
            (self.mediateur, "Médiateur"),
            (self.conseiller_numerique, "Conseiller numérique"),
            (self.coordinateur, "Coordinateur"),
        ]
        .into_iter()
        .filter_map(|(held, name)| held.then_some(name))
        .collect()
    }
}

fn remove(emails: &BTreeSet<String>) -> ContactRequest {
    ContactRequest::Remove(json!({"emails": emails}))
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMAIL: &str = "camille.durand@example.fr";

    fn contact() -> Contact {
        Contact {
            id: Uuid::from_u128(11),
            email: EMAIL.to_owned(),
            prenom: "Camille".to_owned(),
            nom: "Durand".to_owned(),
            telephone: Some("06 12 34 56 78".to_owned()),
            mediateur: true,
            conseiller_numerique: true,
            coordinateur: true,
        }
    }

    fn without_role() -> Contact {
        Contact { mediateur: false, conseiller_numerique: false, coordinateur: false, ..contact() }
    }

    fn told(emails: &[&str]) -> ToldContact {
        ToldContact { emails: emails.iter().map(|email| (*email).to_owned()).collect(), sms: true }
    }

    fn sms(contact: &Contact, told: &ToldContact) -> Value {
        match contact.requests(told, 34).pop() {
            Some(ContactRequest::Upsert(body)) => body["attributes"].get("SMS").cloned().unwrap_or_default(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_contact_is_told_whole_with_its_roles_in_order() {
        let expected = json!({
            "ext_id": "00000000-0000-0000-0000-00000000000b",
            "email": EMAIL,
            "attributes": {
                "FIRSTNAME": "Camille", "LASTNAME": "Durand", "SMS": "+33612345678",
                "ROLES": ["Médiateur", "Conseiller numérique", "Coordinateur"],
            },
            "listIds": [34],
            "updateEnabled": true,
        });
        assert_eq!(contact().requests(&ToldContact::default(), 34), [ContactRequest::Upsert(expected)]);
    }

    #[test]
    fn a_telephone_cleared_here_is_cleared_there() {
        let silent = Contact { telephone: None, ..contact() };
        assert_eq!(sms(&silent, &ToldContact::default()), Value::Null);
        assert_eq!(sms(&silent, &told(&[EMAIL])), json!(""));
        assert_eq!(sms(&Contact { telephone: Some("poste 12".to_owned()), ..contact() }, &told(&[EMAIL])), json!(""));
        assert_eq!(sms(&contact(), &told(&[EMAIL])), json!("+33612345678"));
    }

    #[test]
    fn a_telephone_that_is_refused_does_not_keep_the_contact_out() {
        let request = contact().requests(&ToldContact::default(), 34).remove(0);
        let AfterRefusal::AskInstead(instead) = request.after_refusal() else { panic!("asked once more") };
        let ContactRequest::Upsert(body) = &instead else { panic!("the contact is still told") };
        assert_eq!(body["attributes"].get("SMS"), None);
        assert_eq!(body["attributes"]["FIRSTNAME"], "Camille");
        assert_eq!(instead.after_refusal(), AfterRefusal::Failed);
    }

    #[test]
    fn without_a_role_the_address_told_last_leaves_the_list() {
        let removed = |told: &ToldContact| match without_role().requests(told, 34).as_slice() {
            [request @ ContactRequest::Remove(body)] => {
                assert_eq!(request.after_refusal(), AfterRefusal::Settled);
                body["emails"].clone()
            }
            other => panic!("{other:?}"),
        };
        assert_eq!(removed(&ToldContact::default()), json!([EMAIL]));
        assert_eq!(removed(&told(&["ancien@example.fr"])), json!(["ancien@example.fr"]));
        assert_eq!(without_role().told_after(), ToldContact::default());
    }

    #[test]
    fn after_a_change_of_address_the_old_one_leaves_first() {
        let requests = contact().requests(&told(&["ancien@example.fr", EMAIL]), 34);
        let [ContactRequest::Remove(removal), ContactRequest::Upsert(upsert)] = requests.as_slice() else {
            panic!("{requests:?}");
        };
        assert_eq!((&removal["emails"], &upsert["email"]), (&json!(["ancien@example.fr"]), &json!(EMAIL)));
    }

    #[test]
    fn a_call_whose_answer_was_lost_counts_as_told() {
        let meanwhile = contact().told_meanwhile(&ToldContact { sms: false, ..told(&["ancien@example.fr"]) });
        assert_eq!(meanwhile, told(&["ancien@example.fr", EMAIL]));
        assert_eq!(contact().told_after(), told(&[EMAIL]));
        assert_eq!(without_role().told_meanwhile(&told(&[EMAIL])), told(&[EMAIL]));
        assert!(contact().concerns_brevo(&ToldContact::default()));
        assert!(without_role().concerns_brevo(&told(&[EMAIL])));
        assert!(!without_role().concerns_brevo(&ToldContact::default()));
    }
}
