//! The mails of the second factor: from the outbox, by SQS, to Brevo.

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use passerelle::clients::brevo::Brevo;
use passerelle::platform::batch::{self, Concurrency};
use passerelle::platform::clock::Clock;
use passerelle::platform::lambda::Invocation;
use passerelle::platform::secrets::RotatingKeys;
use passerelle::store::droits::{DroitsStore, Mail};
use passerelle::store::error::{CommitError, StoreError};
use serde_json::{Value, json};
use uuid::Uuid;

/// Mails swept at a time.
const SWEPT: i32 = 25;
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
    Sealed(#[from] passerelle::platform::secrets::SecretError),
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
                Err(error) => tracing::warn!(mail = %id, %error, "mail not sent"),
            }
        }
        Ok(count)
    }

    async fn send(&self, id: Uuid) -> Result<(), MailError> {
        let Some(mail) = self.store.mail(id).await? else { return Ok(()) };
        if self.clock.now() < mail.good_until {
            self.tokens.keep_fresh().await;
            let code = self.tokens.current().open(&mail.sealed_code, &mail.id.to_string())?;
            let body = content(&mail, &String::from_utf8_lossy(&code), &self.sender);
            self.brevo.post("/v3/smtp/email", &body).await?;
        }
        Ok(self.store.remove_mail(id).await?)
    }
}

fn content(mail: &Mail, code: &str, sender: &str) -> Value {
    json!({
        "sender": {"email": sender, "name": "Zéro Logement Vacant"},
        "to": [{"email": mail.to}],
        "subject": "Votre code de connexion",
        "textContent": format!(
            "Votre code de connexion à Zéro Logement Vacant : {code}\n\nIl est valable cinq minutes. Si vous n'êtes pas \
             à l'origine de cette connexion, changez votre mot de passe."
        ),
    })
}
