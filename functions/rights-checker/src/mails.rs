//! The mails of the second factor: from the outbox, by SQS, to Brevo.

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent};
use futures_util::future::join_all;
use passerelle::store::droits::Mail;
use passerelle::store::error::{CommitError, StoreError};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::app::App;

/// Mails swept at a time.
const SWEPT: i32 = 25;

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

impl App {
    /// Says that a mail waits. A failure is no failure of the request: the sweep finds the mail.
    pub(crate) async fn announce_mail(&self, id: Uuid) {
        let sent = self.sqs.send_message().queue_url(&self.mails_queue_url).message_body(id.to_string()).send().await;
        if let Err(error) = sent {
            let error = aws_sdk_sqs::Error::from(error);
            tracing::warn!(mail = %id, %error, "mail not announced: left to the sweep");
        }
    }

    /// Sends the mails of a batch and names the messages that must come again.
    pub async fn send_mails(&self, batch: SqsEvent) -> SqsBatchResponse {
        let sent = batch.records.iter().map(async |record| {
            let Some(id) = record.body.as_deref().and_then(|body| body.parse().ok()) else {
                tracing::error!("a message names no mail: dropped");
                return None;
            };
            match self.send_mail(id).await {
                Ok(()) => None,
                Err(error) => {
                    tracing::warn!(mail = %id, %error, "mail not sent");
                    let mut failure = BatchItemFailure::default();
                    failure.item_identifier = record.message_id.clone()?;
                    Some(failure)
                }
            }
        });
        let mut response = SqsBatchResponse::default();
        response.batch_item_failures = join_all(sent).await.into_iter().flatten().collect();
        response
    }

    /// Sends the mails whose message was lost, and answers how many.
    ///
    /// # Errors
    /// When they cannot be listed.
    pub async fn sweep_mails(&self) -> Result<usize, StoreError> {
        let mut count = 0;
        for id in self.store.overdue_mails(self.clock.now(), SWEPT).await? {
            match self.send_mail(id).await {
                Ok(()) => count += 1,
                Err(error) => tracing::warn!(mail = %id, %error, "mail not sent"),
            }
        }
        Ok(count)
    }

    async fn send_mail(&self, id: Uuid) -> Result<(), MailError> {
        let Some(mail) = self.store.mail(id).await? else { return Ok(()) };
        if self.clock.now() < mail.good_until {
            self.tokens.keep_fresh().await;
            let code = self.tokens.current().open(&mail.sealed_code, &mail.id.to_string())?;
            let body = content(&mail, &String::from_utf8_lossy(&code), &self.mail_sender);
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
