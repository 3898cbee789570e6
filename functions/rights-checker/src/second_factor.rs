//! The second factor of administrators: a code by mail, five minutes, three tries.

use chrono::TimeDelta;
use domain::droits::account::User;
use passerelle::identity::second_factor_code;
use passerelle::store::droits::{Mail, SecondFactor};
use passerelle::store::transaction::Transaction;
use passerelle::web::error::ApiError;
use passerelle::web::problem::{Code, Problem};

use crate::app::App;

/// How long a code is good.
const GOOD_FOR: TimeDelta = TimeDelta::minutes(5);
/// How long nothing is examined after the last wrong code.
const LOCKED_FOR: TimeDelta = TimeDelta::minutes(15);
/// Wrong codes before that.
const TRIES: u32 = 3;

impl App {
    /// Sends a code to an administrator whose password was right.
    ///
    /// # Errors
    /// 429 while locked; [`ApiError::Race`].
    pub(crate) async fn send_code(&self, user: &User) -> Result<(), ApiError> {
        let now = self.clock.now();
        let stored = self.store.second_factor(user.id).await?;
        let before = self.unlocked(&stored)?;
        let code = second_factor_code::code(rand::random());
        let keys = self.tokens.current();
        let mail_id = self.ids.next(now);
        let good_until = now + GOOD_FOR;
        let sealed_code = keys.seal(code.as_bytes(), &mail_id.to_string(), rand::random())?;
        let next = SecondFactor {
            code: Some(second_factor_code::kept(&code, user.id, &keys)),
            good_until: Some(good_until),
            ..before.clone()
        };
        let mail = Mail { id: mail_id, to: user.email.clone(), sealed_code, good_until };
        let mut transaction = Transaction::default();
        self.store.set_second_factor(&mut transaction, user.id, &stored, &next)?;
        self.store.add_mail(&mut transaction, &mail, now)?;
        self.store.commit(transaction).await?;
        self.announce_mail(mail.id).await;
        Ok(())
    }

    /// Examines a code; a wrong one is counted. A right one is used up.
    ///
    /// # Errors
    /// 401, 429 while locked; [`ApiError::Race`].
    pub(crate) async fn use_code(&self, user: &User, code: &str) -> Result<(), ApiError> {
        let now = self.clock.now();
        let stored = self.store.second_factor(user.id).await?;
        let before = self.unlocked(&stored)?;
        let Some(kept) = &before.code else { return Err(Code::TwoFactorFailed.into()) };
        let fresh = before.good_until.is_some_and(|until| now < until);
        let right = fresh && second_factor_code::matches(code, user.id, kept, &self.tokens.current());
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

    /// The second factor, its wrong codes forgotten once a lock is over.
    fn unlocked(&self, stored: &SecondFactor) -> Result<SecondFactor, Problem> {
        let now = self.clock.now();
        match stored.locked_until {
            Some(until) if now < until => {
                let seconds = u64::try_from((until - now).num_seconds()).unwrap_or(0) + 1;
                Err(Problem::new(Code::TwoFactorLocked).retry_after(seconds))
            }
            Some(_) => Ok(SecondFactor { wrong: 0, locked_until: None, ..stored.clone() }),
            None => Ok(stored.clone()),
        }
    }
}
