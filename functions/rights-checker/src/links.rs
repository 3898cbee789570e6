//! Links by which a person proves a mailbox: made when their mail is sent, presented once.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use passerelle::platform::secrets::KeyRing;
use passerelle::store::droits::{Link, Purpose};
use passerelle::web::error::ApiError;
use passerelle::web::problem::Code;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::app::App;

/// The token of the link of a mail: the same however often the mail is sent, known to nobody without the key.
pub(crate) fn token(mail: Uuid, keys: &KeyRing) -> String {
    URL_SAFE_NO_PAD.encode(keys.for_use("links").mac(mail.as_bytes()))
}

/// What a token is kept under.
pub(crate) fn hash(token: &str) -> String {
    hex::encode(Sha256::digest(token.as_bytes()))
}

/// The living link of a token, and its hash.
///
/// # Errors
/// 401 when there is none: unknown, used, too old, or for something else.
pub(crate) async fn present(app: &App, token: &str, purpose: Purpose) -> Result<(String, Link), ApiError> {
    let hash = hash(token);
    let link = app.store.link(&hash).await?;
    let living = link.filter(|link| link.purpose == purpose && app.clock.now() < link.good_until);
    Ok((hash, living.ok_or(Code::MailboxNotProved)?))
}
