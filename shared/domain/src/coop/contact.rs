//! A user as Brevo, the sender of La Coop's mails, knows them: one contact with roles, in one list.
//!
//! A contact is always told whole, as it is when it is sent: repeating or reordering requests does no harm.
//!
//! Source: docs/spec/coop.md#brevo

use serde_json::{Value, json};
use uuid::Uuid;

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

/// What is asked of Brevo.
#[derive(Clone, Debug, PartialEq)]
pub enum ContactRequest {
    /// `POST /v3/contacts` with this body: the contact is created or brought up to date, and put on the list.
    Upsert(Value),
    /// `POST /v3/contacts/lists/{id}/contacts/remove` with this body: no role is left.
    Remove(Value),
}

impl Contact {
    /// The request that brings Brevo's contact to this state, on the list `list`.
    #[must_use]
    pub fn request(&self, list: u64) -> ContactRequest {
        let roles = self.roles();
        if roles.is_empty() {
            return ContactRequest::Remove(json!({"emails": [self.email]}));
        }
        let mut attributes = json!({"FIRSTNAME": self.prenom, "LASTNAME": self.nom, "ROLES": roles});
        if let Some(number) = self.telephone.as_deref().and_then(e164) {
            attributes["SMS"] = number.into();
        }
        ContactRequest::Upsert(json!({
            "ext_id": self.id,
            "email": self.email,
            "attributes": attributes,
            "listIds": [list],
            "updateEnabled": true,
        }))
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

/// A telephone number as E.164 writes it, or nothing when the text cannot be brought to it: Brevo refuses the whole
/// contact for a wrong number.
#[must_use]
pub fn e164(text: &str) -> Option<String> {
    let dialled: String = text.chars().filter(|c| !is_separator(*c)).collect();
    let (international, digits) = if let Some(digits) = dialled.strip_prefix('+') {
        (true, digits)
    } else if let Some(digits) = dialled.strip_prefix("00") {
        (true, digits)
    } else {
        (false, dialled.strip_prefix('0')?)
    };
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    match (international, digits.len()) {
        (true, 8..=15) => Some(format!("+{digits}")),
        (false, 9) => Some(format!("+33{digits}")),
        _ => None,
    }
}

/// What people write between digits.
fn is_separator(c: char) -> bool {
    c.is_whitespace() || matches!(c, '.' | '-' | '(' | ')' | '[' | ']' | '\u{2010}'..='\u{2015}' | '\u{2212}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contact() -> Contact {
        Contact {
            id: Uuid::from_u128(11),
            email: "camille.durand@example.fr".to_owned(),
            prenom: "Camille".to_owned(),
            nom: "Durand".to_owned(),
            telephone: Some("06 12 34 56 78".to_owned()),
            mediateur: true,
            conseiller_numerique: true,
            coordinateur: true,
        }
    }

    #[test]
    fn a_contact_is_told_whole_with_its_roles_in_order() {
        let expected = json!({
            "ext_id": "00000000-0000-0000-0000-00000000000b",
            "email": "camille.durand@example.fr",
            "attributes": {
                "FIRSTNAME": "Camille", "LASTNAME": "Durand", "SMS": "+33612345678",
                "ROLES": ["Médiateur", "Conseiller numérique", "Coordinateur"],
            },
            "listIds": [34],
            "updateEnabled": true,
        });
        assert_eq!(contact().request(34), ContactRequest::Upsert(expected));
    }

    #[test]
    fn a_number_that_brevo_would_refuse_is_left_out() {
        for telephone in [None, Some("poste 12".to_owned())] {
            let ContactRequest::Upsert(body) = (Contact { telephone, ..contact() }).request(34) else {
                panic!("a contact with roles is not removed");
            };
            assert!(body["attributes"].get("SMS").is_none(), "{body}");
        }
    }

    #[test]
    fn without_a_role_the_contact_leaves_the_list() {
        let none = Contact { mediateur: false, conseiller_numerique: false, coordinateur: false, ..contact() };
        assert_eq!(none.request(34), ContactRequest::Remove(json!({"emails": ["camille.durand@example.fr"]})));
    }

    #[test]
    fn numbers_are_brought_to_e164() {
        for (text, expected) in [
            ("0612345678", Some("+33612345678")),
            ("06.12-34 (56) [78]", Some("+33612345678")),
            ("06\u{a0}12\u{202f}34\u{2011}56\u{2013}78", Some("+33612345678")),
            ("+33 6 12 34 56 78", Some("+33612345678")),
            ("0033612345678", Some("+33612345678")),
            ("00 1 212 555 0100", Some("+12125550100")),
            ("+12345678", Some("+12345678")),
            ("+1234567", None),
            ("+123456789012345", Some("+123456789012345")),
            ("+1234567890123456", None),
            ("0012345678", Some("+12345678")),
            ("061234567", None),
            ("06123456789", None),
            ("612345678", None),
            ("33612345678", None),
            ("06 12 34 56 7x", None),
            ("++33612345678", None),
            ("+", None),
            ("", None),
        ] {
            assert_eq!(e164(text).as_deref(), expected, "{text:?}");
        }
    }
}
