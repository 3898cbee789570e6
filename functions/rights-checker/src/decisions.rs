//! The three decisions, without their effects: facts gathered, Portail DF asked where a decision asks for it. The routes
//! carry out what is decided here; an explanation only shows it.

use std::collections::BTreeSet;

use domain::droits::account::{Establishment, Prospect, User};
use domain::droits::change::{self, ChangeFacts, ChangeOutcome};
use domain::droits::creation::{self, CreationFacts, CreationOutcome};
use domain::droits::decision::{Decision, Pending, Step};
use domain::droits::portail_df::Consultation;
use domain::droits::sign_in::{self, Password, SecondFactor, SignInFacts, SignInOutcome};
use passerelle::clients::portail_df::PortailDf;
use passerelle::platform::clock::Clock;
use passerelle::store::droits::{DroitsStore, Membership};
use passerelle::web::error::ApiError;
use tokio::sync::OnceCell;
use uuid::Uuid;

/// Takes the decisions.
pub(crate) struct Decisions {
    pub(crate) store: DroitsStore,
    pub(crate) portail_df: PortailDf,
    pub(crate) clock: Clock,
    /// E-mails in lower case.
    pub(crate) test_accounts: BTreeSet<String>,
}

/// What Portail DF says of one person: asked at most once a request, however often the decision is taken again.
pub(crate) struct Question<'a> {
    portail_df: &'a PortailDf,
    email: &'a str,
    answer: OnceCell<Consultation>,
}

/// What is brought to a sign-in.
#[derive(Clone, Copy)]
pub(crate) struct Credentials {
    pub(crate) password: Password,
    pub(crate) second_factor: SecondFactor,
    /// The establishment asked for; the user's current one otherwise.
    pub(crate) establishment: Option<Uuid>,
}

/// A decision about somebody in an establishment, with what was stored of them there when it was taken.
pub(crate) struct Decided<O> {
    pub(crate) decision: Decision<O>,
    pub(crate) membership: Membership,
}

impl Decisions {
    /// The question to put to Portail DF about the person with this e-mail.
    pub(crate) fn question<'a>(&'a self, email: &'a str) -> Question<'a> {
        Question { portail_df: &self.portail_df, email, answer: OnceCell::new() }
    }

    /// C1 to C20.
    pub(crate) async fn creation(
        &self,
        establishment: Uuid,
        question: &Question<'_>,
    ) -> Result<Decision<CreationOutcome>, ApiError> {
        let email = question.email;
        let (prospect, establishment, user): (Option<Prospect>, Option<Establishment>, _) = futures_util::try_join!(
            self.store.prospect(email),
            self.store.establishment(establishment),
            self.store.user_by_email(email),
        )?;
        let facts = CreationFacts {
            test_account: self.test_accounts.contains(email),
            prospect: prospect.as_ref(),
            establishment: establishment.as_ref(),
            email_used: user.is_some(),
        };
        Ok(self.finish(creation::begin(&facts), question).await)
    }

    /// L1 to L29, for the user found under the e-mail, if there is one.
    pub(crate) async fn sign_in(
        &self,
        user: Option<&User>,
        credentials: Credentials,
        question: &Question<'_>,
    ) -> Result<Decided<SignInOutcome>, ApiError> {
        let membership = match user {
            Some(user) => {
                let establishment = credentials.establishment.unwrap_or(user.establishment_id);
                self.store.membership(user.id, establishment).await?
            }
            None => Membership::default(),
        };
        let facts = SignInFacts {
            user,
            password: credentials.password,
            second_factor: credentials.second_factor,
            establishment: membership.establishment.as_ref(),
            member: membership.member,
            checked_before: membership.perimeter.is_checked(),
        };
        let decision = self.finish(sign_in::begin(&facts), question).await;
        Ok(Decided { decision, membership })
    }

    /// M1 to M10.
    pub(crate) async fn change(
        &self,
        user: &User,
        establishment: Uuid,
        question: &Question<'_>,
    ) -> Result<Decided<ChangeOutcome>, ApiError> {
        let membership = self.store.membership(user.id, establishment).await?;
        let facts = ChangeFacts { user, establishment: membership.establishment.as_ref(), member: membership.member };
        let decision = self.finish(change::begin(&facts), question).await;
        Ok(Decided { decision, membership })
    }

    async fn finish<P: Pending>(&self, step: Step<P>, question: &Question<'_>) -> Decision<P::Outcome> {
        match step {
            Step::Decided(decision) => decision,
            Step::AskPortailDf(pending) => {
                let consultation = question.ask().await;
                pending.finish(consultation, self.clock.now())
            }
        }
    }
}

impl<'a> Question<'a> {
    /// Whom it is about.
    pub(crate) const fn email(&self) -> &'a str {
        self.email
    }

    async fn ask(&self) -> &Consultation {
        self.answer.get_or_init(|| self.portail_df.consult(self.email)).await
    }
}
