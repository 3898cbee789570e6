//! Accounts nobody uses: announced by mail, then erased, unless the person signs in.
//!
//! Source: docs/spec/droits.md#retention

use chrono::{DateTime, Months, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::account::{Role, User};
use crate::instant;

/// How long accounts are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Unseen for so long, an account is announced for deletion.
    pub unseen: Months,
    /// Announced for so long, it is erased.
    pub notice: TimeDelta,
}

/// A deletion that was announced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Announcement {
    /// When.
    #[serde(with = "instant")]
    pub at: DateTime<Utc>,
    /// The mail that tells the person. `None` for an administrator: operators are told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mail: Option<Uuid>,
}

/// What an account waits for, and since when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Watched {
    /// To have been unseen for too long.
    Unseen(DateTime<Utc>),
    /// For the end of its notice.
    Announced(DateTime<Utc>),
}

/// What became of the mail of an announcement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// It was sent, or there was none to send.
    Sent,
    /// It waits to be sent: the person knows nothing yet.
    Waiting,
}

/// What is to be done about an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing, for now.
    Wait,
    /// Tell the person that it will be deleted.
    Announce,
    /// Tell operators: an administrator is deleted by nobody else.
    TellOperators,
    /// Erase it.
    Erase,
}

impl Terms {
    /// Accounts last seen until then are announced at `now`.
    #[must_use]
    pub fn unseen_since(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        now.checked_sub_months(self.unseen).unwrap_or(DateTime::<Utc>::MIN_UTC)
    }

    /// Accounts announced until then are erased at `now`.
    #[must_use]
    pub fn announced_since(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        now - self.notice
    }

    /// Until when an account seen at `seen` is kept at least; an administrator's is kept whatever comes.
    #[must_use]
    pub fn kept_until(&self, role: Role, seen: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let announced = seen.checked_add_months(self.unseen)?;
        (role != Role::Admin).then_some(announced + self.notice)
    }
}

/// What a user's account waits for. `None` of one nobody knows anything of, which waits for a first sign-in.
#[must_use]
pub fn watched(user: &User) -> Option<Watched> {
    match (user.deleted_at, &user.deletion_announced) {
        (Some(at), _) => Some(Watched::Unseen(at)),
        (None, Some(announced)) => Some(Watched::Announced(announced.at)),
        (None, None) => user.last_authenticated_at.or(user.created_at).map(Watched::Unseen),
    }
}

/// What is to be done about a user's account at `now`. One that was deleted waits as long from then on, and is not
/// announced: nobody can sign in to keep it.
#[must_use]
pub fn next(user: &User, notice: Notice, terms: &Terms, now: DateTime<Utc>) -> Step {
    let is_over = match watched(user) {
        None => false,
        Some(Watched::Unseen(since)) => since <= terms.unseen_since(now),
        Some(Watched::Announced(since)) => since <= terms.announced_since(now),
    };
    match (is_over, user.deleted_at, user.role, &user.deletion_announced) {
        (false, ..) => Step::Wait,
        (true, Some(_), ..) => Step::Erase,
        (true, None, Role::Admin, _) => Step::TellOperators,
        (true, None, _, Some(Announcement { mail: Some(_), .. })) if notice == Notice::Sent => Step::Erase,
        (true, None, ..) => Step::Announce,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TERMS: Terms = Terms { unseen: Months::new(24), notice: TimeDelta::days(30) };

    fn at(text: &str) -> DateTime<Utc> {
        instant::parse(text).unwrap()
    }

    fn user(role: Role) -> User {
        User {
            id: Uuid::nil(),
            email: "a@ville.example".to_owned(),
            role,
            establishment_id: Uuid::nil(),
            suspension: None,
            created_at: Some(at("2020-01-01T00:00:00Z")),
            deleted_at: None,
            last_authenticated_at: Some(at("2024-04-01T12:00:00Z")),
            deletion_announced: None,
        }
    }

    fn announced(role: Role, mail: Option<Uuid>) -> User {
        User { deletion_announced: Some(Announcement { at: at("2026-04-01T12:00:00Z"), mail }), ..user(role) }
    }

    fn check(user: &User, notice: Notice, expected: [(&str, Step); 2]) {
        for (now, step) in expected {
            assert_eq!(next(user, notice, &TERMS, at(now)), step, "{now}");
        }
    }

    #[test]
    fn an_account_is_announced_after_two_years_and_erased_after_its_notice() {
        let unseen = [("2026-04-01T11:59:59Z", Step::Wait), ("2026-04-01T12:00:00Z", Step::Announce)];
        check(&user(Role::Usual), Notice::Sent, unseen);
        check(&user(Role::Visitor), Notice::Sent, unseen);
        let told = announced(Role::Usual, Some(Uuid::nil()));
        check(&told, Notice::Sent, [("2026-05-01T11:59:59Z", Step::Wait), ("2026-05-01T12:00:00Z", Step::Erase)]);
        check(&told, Notice::Waiting, [("2026-05-01T11:59:59Z", Step::Wait), ("2026-05-01T12:00:00Z", Step::Announce)]);
    }

    #[test]
    fn an_administrator_is_told_of_and_never_erased() {
        let unseen = [("2026-04-01T11:59:59Z", Step::Wait), ("2026-04-01T12:00:00Z", Step::TellOperators)];
        check(&user(Role::Admin), Notice::Sent, unseen);
        let told = announced(Role::Admin, None);
        let again = [("2026-05-01T11:59:59Z", Step::Wait), ("2026-05-01T12:00:00Z", Step::TellOperators)];
        check(&told, Notice::Sent, again);
        // The role was taken away meanwhile, by code that knows of no announcement: the person was told nothing.
        let no_more = announced(Role::Usual, None);
        check(&no_more, Notice::Sent, [("2026-05-01T11:59:59Z", Step::Wait), ("2026-05-01T12:00:00Z", Step::Announce)]);
    }

    #[test]
    fn a_deleted_account_is_kept_as_long_as_one_unseen_and_a_new_one_counts_as_seen() {
        for role in [Role::Usual, Role::Admin] {
            let deleted = User { deleted_at: Some(at("2025-01-31T00:00:00Z")), ..announced(role, None) };
            check(
                &deleted,
                Notice::Sent,
                [("2027-01-30T23:59:59Z", Step::Wait), ("2027-01-31T00:00:00Z", Step::Erase)],
            );
        }
        let new = User { last_authenticated_at: None, ..user(Role::Usual) };
        check(&new, Notice::Sent, [("2021-12-31T23:59:59Z", Step::Wait), ("2022-01-01T00:00:00Z", Step::Announce)]);
        let unknown = User { created_at: None, ..new };
        assert_eq!(
            (watched(&unknown), next(&unknown, Notice::Sent, &TERMS, at("2099-01-01T00:00:00Z"))),
            (None, Step::Wait)
        );
    }

    #[test]
    fn the_date_shown_counts_the_notice_in() {
        let seen = at("2024-02-29T12:00:00Z");
        assert_eq!(TERMS.kept_until(Role::Usual, seen), Some(at("2026-03-30T12:00:00Z")));
        assert_eq!(TERMS.kept_until(Role::Admin, seen), None);
    }
}
