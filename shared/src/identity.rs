//! Who calls: hashed e-mails, passwords, second-factor codes, access tokens.

pub mod access_token;
pub mod password;
pub mod person_hash;
pub mod second_factor_code;
