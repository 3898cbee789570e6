//! Attempts: failures are counted by the minute, so that nobody guesses for long and nobody locks anybody else out.
//!
//! Source: docs/spec/droits.md#attempts

use std::time::Duration;

use domain::reference::email::Email;
use passerelle::platform::clock::Clock;
use passerelle::platform::measures::Count;
use passerelle::platform::secrets::RotatingKeys;
use passerelle::store::droits::DroitsStore;
use passerelle::web::error::ApiError;
use passerelle::web::problem::{Code, Problem};

use crate::caller::Origin;

/// Failures a minute of one e-mail from one address.
const OF_PAIR: u64 = 10;
/// Failures a minute of one e-mail from everywhere: beyond, answers are delayed. A right password still passes.
const OF_EMAIL: u64 = 100;
/// Failures a minute from one address.
const OF_ADDRESS: u64 = 300;

/// Counts attempts.
pub(crate) struct Attempts {
    pub(crate) store: DroitsStore,
    pub(crate) keys: RotatingKeys,
    pub(crate) clock: Clock,
    /// How long an answer waits while an e-mail fails more often than [`OF_EMAIL`].
    pub(crate) delay: Duration,
}

/// What is attempted: each is counted on its own, but for the address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    SignIn,
    SecondFactor,
    Creation,
    SignupLink,
    PasswordReset,
    PasswordChange,
}

/// An attempt under way: it counts as failed until it succeeds.
pub(crate) struct Attempt<'a> {
    attempts: &'a Attempts,
    pair: String,
    email: String,
    address: Option<String>,
    minute: String,
}

impl Action {
    const fn as_str(self) -> &'static str {
        match self {
            Self::SignIn => "sign-in",
            Self::SecondFactor => "second-factor",
            Self::Creation => "creation",
            Self::SignupLink => "signup-link",
            Self::PasswordReset => "password-reset",
            Self::PasswordChange => "password-change",
        }
    }
}

impl Attempts {
    /// Begins an attempt, unless there were too many this minute.
    ///
    /// # Errors
    /// 429, with the seconds left of the minute.
    pub(crate) async fn begin(&self, action: Action, email: &Email, origin: &Origin) -> Result<Attempt<'_>, ApiError> {
        self.keys.keep_fresh().await;
        let keys = self.keys.current().for_use("attempts");
        // Keyed hashes: nobody finds an e-mail or an address in the table by trying them.
        let subject = |parts: &[&str]| hex::encode(keys.mac(parts.join("\n").as_bytes()));
        let (action, email, address) = (action.as_str(), email.normalised(), origin.address.as_deref());
        let pair = subject(&["pair", action, address.unwrap_or_default(), email]);
        let email = subject(&["email", action, email]);
        let address = address.map(|address| subject(&["address", address]));
        let now = self.clock.now();
        let minute = now.format("%Y-%m-%dT%H:%M").to_string();
        let of_address = async {
            match &address {
                Some(address) => self.store.attempts(address, &minute).await,
                None => Ok(0),
            }
        };
        // Counted before it is examined: guesses sent at once are counted as well.
        let (of_pair, of_email, of_address) = futures_util::try_join!(
            self.store.count_attempt(&pair, &minute, 1, now),
            self.store.attempts(&email, &minute),
            of_address,
        )?;
        if of_pair > OF_PAIR || of_address >= OF_ADDRESS {
            Count::SignInsThrottled.one();
            let left = 60 - now.timestamp().rem_euclid(60);
            return Err(Problem::new(Code::TooManyAttempts).retry_after(left.unsigned_abs()).into());
        }
        if of_email >= OF_EMAIL {
            tokio::time::sleep(self.delay).await;
        }
        Ok(Attempt { attempts: self, pair, email, address, minute })
    }
}

impl Attempt<'_> {
    /// It did not fail: it is not counted.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub(crate) async fn succeed(self) -> Result<(), ApiError> {
        let now = self.attempts.clock.now();
        self.attempts.store.count_attempt(&self.pair, &self.minute, -1, now).await?;
        Ok(())
    }

    /// It failed, or nobody can tell.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub(crate) async fn fail(self) -> Result<(), ApiError> {
        let (store, now) = (&self.attempts.store, self.attempts.clock.now());
        store.count_attempt(&self.email, &self.minute, 1, now).await?;
        if let Some(address) = &self.address {
            store.count_attempt(address, &self.minute, 1, now).await?;
        }
        Ok(())
    }

    /// Fails for a refusal by one of these codes; anything else is no failure of who attempts.
    ///
    /// # Errors
    /// `answer`'s, or when DynamoDB fails.
    pub(crate) async fn settle<T>(self, answer: Result<T, ApiError>, failures: &[Code]) -> Result<T, ApiError> {
        match &answer {
            Err(ApiError::Refused(problem)) if failures.contains(&problem.code()) => {
                Count::SignInsRefused.one();
                self.fail().await?;
            }
            _ => self.succeed().await?,
        }
        answer
    }
}
