//! The second factor of administrators: a code by mail, five minutes, three tries.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use passerelle::identity::second_factor_code;
use passerelle::platform::clock::Clock;
use passerelle::platform::ids::Ids;
use passerelle::platform::secrets::RotatingKeys;
use passerelle::store::droits::{DroitsStore, Mail, MailContent, SecondFactor, StoredUser};
use passerelle::store::transaction::Transaction;
use passerelle::web::error::ApiError;
use passerelle::web::problem::{Code, Problem};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::mails::{Mails, seal};

/// How long a code is good.
const GOOD_FOR: TimeDelta = TimeDelta::minutes(5);
/// How long nothing is examined after the last wrong code.
const LOCKED_FOR: TimeDelta = TimeDelta::minutes(15);
/// Wrong codes before that.
const TRIES: u32 = 3;

/// Sends codes and examines them.
pub(crate) struct SecondFactors {
    pub(crate) store: DroitsStore,
    pub(crate) tokens: RotatingKeys,
    pub(crate) ids: Ids,
    pub(crate) mails: Arc<Mails>,
    pub(crate) clock: Clock,
}

impl SecondFactors {
    /// Sends a code to an administrator whose password was right, and answers the challenge to bring with it.
    ///
    /// # Errors
    /// 429 while locked; a race lost.
    pub(crate) async fn send_code(&self, to: &StoredUser) -> Result<Uuid, ApiError> {
        self.tokens.keep_fresh().await;
        let (now, user) = (self.clock.now(), &to.user);
        let stored = self.store.second_factor(user.id).await?;
        let before = unlock(&stored, now)?;
        let code = second_factor_code::code(rand::random());
        let challenge = Uuid::from_u128(rand::random());
        let keys = self.tokens.current();
        let mail_id = self.ids.next(now);
        let good_until = now + GOOD_FOR;
        let sealed_code = seal(&code, mail_id, &keys)?;
        let next = SecondFactor {
            code: Some(second_factor_code::hash(&code, user.id, &keys)),
            challenge: Some(hash(&challenge.to_string(), to.credentials_version)),
            good_until: Some(good_until),
            ..before.clone()
        };
        let mail = Mail { id: mail_id, to: user.email.clone(), content: MailContent::Code { sealed_code }, good_until };
        let mut transaction = Transaction::default();
        self.store.set_second_factor(&mut transaction, user.id, &stored, &next)?;
        self.store.add_mail(&mut transaction, &mail, now)?;
        self.store.commit(transaction).await?;
        self.mails.announce(mail.id).await;
        Ok(challenge)
    }

    /// Examines a code brought with its challenge; a wrong one is counted. A right one is used up. Without a living
    /// challenge of this person nothing is examined, counted or told. What ends sessions ends a challenge.
    ///
    /// # Errors
    /// 401, 429 while locked; a race lost.
    pub(crate) async fn use_code(&self, by: &StoredUser, challenge: &str, code: &str) -> Result<(), ApiError> {
        self.tokens.keep_fresh().await;
        let (now, user) = (self.clock.now(), &by.user);
        let stored = self.store.second_factor(user.id).await?;
        if stored.challenge.as_deref() != Some(hash(challenge, by.credentials_version).as_str()) {
            return Err(Code::TwoFactorFailed.into());
        }
        let before = unlock(&stored, now)?;
        let living = before.good_until.is_some_and(|until| now < until);
        let Some(kept) = before.code.as_ref().filter(|_| living) else { return Err(Code::TwoFactorFailed.into()) };
        let right = second_factor_code::matches(code, user.id, kept, &self.tokens.current());
        let next = if right {
            SecondFactor { version: before.version, ..SecondFactor::default() }
        } else {
            let wrong = before.wrong + 1;
            let locked = wrong >= TRIES;
            SecondFactor {
                wrong,
                locked_until: locked.then(|| now + LOCKED_FOR),
                code: before.code.clone().filter(|_| !locked),
                ..before.clone()
            }
        };
        let mut transaction = Transaction::default();
        self.store.set_second_factor(&mut transaction, user.id, &stored, &next)?;
        self.store.commit(transaction).await?;
        if right { Ok(()) } else { Err(Code::TwoFactorFailed.into()) }
    }
}

/// What is kept of a challenge: 128 random bits, which no hash of gives away, and the credentials it follows.
fn hash(challenge: &str, credentials_version: u64) -> String {
    hex::encode(Sha256::digest(format!("{challenge}\n{credentials_version}").as_bytes()))
}

/// The second factor, its wrong codes forgotten once a lock is over.
fn unlock(stored: &SecondFactor, now: DateTime<Utc>) -> Result<SecondFactor, Problem> {
    match stored.locked_until {
        Some(until) if now < until => {
            let seconds = u64::try_from((until - now).num_seconds()).unwrap_or(0) + 1;
            Err(Problem::new(Code::TwoFactorLocked).retry_after(seconds))
        }
        Some(_) => Ok(SecondFactor { wrong: 0, locked_until: None, ..stored.clone() }),
        None => Ok(stored.clone()),
    }
}
