//! The people that e-mails name, as the store knows them.

use domain::communs::values::Porteur;
use domain::reference::email::Email;
use passerelle::identity::person_hash::Person;
use passerelle::platform::secrets::KeyRing;

/// The person who is porteur référent, if an e-mail names one.
pub(crate) fn hash_porteur(porteur: Option<&Porteur>, keys: &KeyRing) -> Option<Person> {
    let email = Email::parse(porteur?.referent_email.as_deref()?).ok()?;
    Some(Person::of(&email, keys))
}
