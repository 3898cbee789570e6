//! Mails, with codes and links: from the outbox, by SQS, to Brevo.

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use chrono::TimeDelta;
use passerelle::clients::brevo::Brevo;
use passerelle::platform::batch::{self, Concurrency};
use passerelle::platform::clock::Clock;
use passerelle::platform::lambda::Invocation;
use passerelle::platform::secrets::{KeyRing, RotatingKeys, SecretError};
use passerelle::store::droits::{DroitsStore, Link, Mail, MailContent, Purpose};
use passerelle::store::error::{CommitError, StoreError, unless_raced};
use serde_json::json;
use uuid::Uuid;

use crate::links;

/// Mails swept at a time.
const SWEPT: i32 = 25;
/// How long the sweep leaves a mail alone that could not be sent: the others come first.
const PAUSE: TimeDelta = TimeDelta::minutes(1);
/// What the keys that seal codes are derived for.
const SEALED_CODES: &str = "sealed-codes";
/// Brevo takes them side by side.
const AT_ONCE: Concurrency = Concurrency::AtMost(10);

/// Why a mail was not sent.
#[derive(Debug, thiserror::Error)]
enum MailError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Commit(#[from] CommitError),
    #[error("the code cannot be opened")]
    Sealed(#[from] SecretError),
    #[error("Brevo {0}")]
    Brevo(#[from] passerelle::clients::outgoing::AskError),
}

/// Announces and sends mails.
pub struct Mails {
    pub(crate) store: DroitsStore,
    pub(crate) tokens: RotatingKeys,
    pub(crate) sqs: aws_sdk_sqs::Client,
    pub(crate) queue_url: String,
    pub(crate) brevo: Brevo,
    /// Where the pages are that links lead to.
    pub(crate) links_url: String,
    /// The address mails come from.
    pub(crate) sender: String,
    pub(crate) clock: Clock,
}

impl Mails {
    /// Says that a mail waits. A failure is no failure of the request: the sweep finds the mail.
    pub(crate) async fn announce(&self, id: Uuid) {
        let sent = self.sqs.send_message().queue_url(&self.queue_url).message_body(id.to_string()).send().await;
        if let Err(error) = sent {
            let error = aws_sdk_sqs::Error::from(error);
            tracing::warn!(mail = %id, %error, "mail not announced: left to the sweep");
        }
    }

    /// Sends the mails of a batch and names the messages that must come again.
    pub async fn send_batch(&self, event: SqsEvent, invocation: Invocation) -> SqsBatchResponse {
        let mails = batch::read(event, |body| body.parse().ok());
        invocation.handle_each(mails, AT_ONCE, |id| self.send(id)).await.into()
    }

    /// Sends the mails whose message was lost, and answers how many.
    ///
    /// # Errors
    /// When they cannot be listed.
    pub async fn sweep(&self) -> Result<usize, StoreError> {
        let mut count = 0;
        for id in self.store.overdue_mails(self.clock.now(), SWEPT).await? {
            match self.send(id).await {
                Ok(()) => count += 1,
                Err(error) => {
                    tracing::warn!(mail = %id, %error, "mail not sent");
                    unless_raced(self.store.postpone_mail(id, self.clock.now() + PAUSE).await)?;
                }
            }
        }
        Ok(count)
    }

    async fn send(&self, id: Uuid) -> Result<(), MailError> {
        let Some(mail) = self.store.mail(id).await? else { return Ok(()) };
        let Some((subject, text)) = self.write(&mail).await? else { return Ok(self.store.remove_mail(id).await?) };
        let body = json!({
            "sender": {"email": self.sender, "name": "Zéro Logement Vacant"},
            "to": [{"email": mail.to}],
            "subject": subject,
            "textContent": text,
        });
        self.brevo.post("/v3/smtp/email", &body).await?;
        Ok(self.store.remove_mail(id).await?)
    }

    /// Subject and text of a mail; `None` when it is not to leave: too late, or nobody is to have it.
    async fn write(&self, mail: &Mail) -> Result<Option<(&'static str, String)>, MailError> {
        if self.clock.now() >= mail.good_until {
            return Ok(None);
        }
        self.tokens.keep_fresh().await;
        Ok(match &mail.content {
            MailContent::Code { sealed_code } => {
                let code = self.tokens.current().for_use(SEALED_CODES).open(sealed_code, &mail.id.to_string())?;
                let code = String::from_utf8_lossy(&code);
                Some((
                    "Votre code de connexion",
                    format!(
                        "Votre code de connexion à Zéro Logement Vacant : {code}\n\nIl est valable cinq minutes. Si vous \
                         n'êtes pas à l'origine de cette connexion, changez votre mot de passe."
                    ),
                ))
            }
            MailContent::SignupLink => {
                let (prospect, user) =
                    futures_util::try_join!(self.store.prospect(&mail.to), self.store.user_by_email(&mail.to))?;
                let complete = prospect.is_some_and(|prospect| prospect.has_account && prospect.has_commitment);
                if !complete || user.is_some() {
                    return Ok(None);
                }
                let link = self.make_link(mail, Purpose::Signup, 0).await?;
                Some((
                    "Créez votre compte",
                    format!(
                        "Pour créer votre compte Zéro Logement Vacant, suivez ce lien, valable 24 heures :\n\n{link}\n\nSi \
                         vous n'avez rien demandé, ignorez ce message."
                    ),
                ))
            }
            MailContent::PasswordReset => {
                let user = self.store.user_by_email(&mail.to).await?;
                let Some(user) = user.filter(|stored| stored.user.deleted_at.is_none()) else { return Ok(None) };
                let link = self.make_link(mail, Purpose::PasswordReset, user.credentials_version).await?;
                Some((
                    "Choisissez un autre mot de passe",
                    format!(
                        "Pour choisir un autre mot de passe Zéro Logement Vacant, suivez ce lien, valable 24 \
                         heures :\n\n{link}\n\nSi vous n'avez rien demandé, ignorez ce message : rien n'a changé."
                    ),
                ))
            }
            MailContent::DeletionNotice { deletion_at } => {
                let user = self.store.user_by_email(&mail.to).await?;
                let announced = user.and_then(|stored| stored.user.deletion_announced?.mail);
                if announced != Some(mail.id) {
                    return Ok(None);
                }
                let (day, page) = (deletion_at.format("%d/%m/%Y"), self.links_url.trim_end_matches('/'));
                Some((
                    "Votre compte sera supprimé",
                    format!(
                        "Votre compte Zéro Logement Vacant n'a pas servi depuis longtemps : il sera supprimé le {day}, avec \
                         ce qui est gardé de vous.\n\nPour le garder, connectez-vous avant cette date : {page}"
                    ),
                ))
            }
        })
    }

    /// Keeps the link of a mail, and answers its address. A mail sent twice has the same link.
    async fn make_link(&self, mail: &Mail, purpose: Purpose, version: u64) -> Result<String, MailError> {
        let token = links::token(mail.id, &self.tokens.current());
        let link = Link { email: mail.to.clone(), purpose, credentials_version: version, good_until: mail.good_until };
        self.store.put_link(&links::hash(&token), &link).await?;
        let page = match purpose {
            Purpose::Signup => "inscription",
            Purpose::PasswordReset => "mot-de-passe",
        };
        // After the `#`: browsers send it to no server, so that no log has it.
        Ok(format!("{}/{page}#{token}", self.links_url.trim_end_matches('/')))
    }
}

/// Seals the code of a mail.
///
/// # Errors
/// When the cipher refuses, which it has no reason for.
pub(crate) fn seal(code: &str, mail: Uuid, keys: &KeyRing) -> Result<String, SecretError> {
    keys.for_use(SEALED_CODES).seal(code.as_bytes(), &mail.to_string(), rand::random())
}
