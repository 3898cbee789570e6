//! Refusals and failures as RFC 9457 `application/problem+json`.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::{Map, Value, json};

use crate::platform::measures::Count;
use domain::body::{Fault, Missing};

/// Declares the codes, each once: `Name = status "code" "Titre";`.
macro_rules! codes {
    ($($(#[$doc:meta])+ $name:ident = $status:literal $code:literal $title:literal;)+) => {
        /// The codes of all problems, each documented at `/problems/<code>`.
        ///
        /// `method-not-allowed` and the two of status 5xx are ours (docs/decisions/0003).
        ///
        /// Source: tests/cases/communs/_shapes.md, tests/cases/droits/_shapes.md#problems, tests/cases/coop/_shapes.md
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code {
            $($(#[$doc])+ $name,)+
        }

        impl Code {
            /// All codes, in the order of the documentation.
            pub const ALL: [Self; [$($status),+].len()] = [$(Self::$name),+];

            /// Status, stable code, and title in French.
            #[must_use]
            pub const fn facts(self) -> (u16, &'static str, &'static str) {
                match self {
                    $(Self::$name => ($status, $code, $title),)+
                }
            }
        }
    };
}

codes! {
    /// Not JSON, not an object, too deep, unknown property, wrong JSON type.
    InvalidBody = 400 "invalid-body" "Le corps de la requête n'a pas la forme attendue";
    /// Unknown query parameter or bad value.
    InvalidQuery = 400 "invalid-query" "Un paramètre de requête est inconnu ou invalide";
    /// `X-User-Email` missing.
    UserEmailRequired = 400 "user-email-required" "L'en-tête X-User-Email est obligatoire";
    /// `X-User-Email` is no e-mail, or is repeated.
    UserEmailInvalid = 400 "user-email-invalid" "L'en-tête X-User-Email n'est pas un e-mail";
    /// Key missing, malformed or unknown.
    Unauthenticated = 401 "unauthenticated" "Clé d'API absente ou inconnue";
    /// The user's right, or the service's, is missing.
    PermissionRefused = 403 "permission-refused" "Le droit nécessaire manque";
    /// The key's scope does not open this route.
    ScopeRefused = 403 "scope-refused" "La portée de la clé n'ouvre pas cette route";
    /// Unknown thing or route.
    NotFound = 404 "not-found" "Introuvable";
    /// The route exists, not with this method.
    MethodNotAllowed = 405 "method-not-allowed" "Cette méthode n'existe pas sur cette route";
    /// Another project holds the external id.
    ExternalIdConflict = 409 "external-id-conflict" "Cet identifiant externe désigne déjà un autre projet";
    /// The service has ten webhooks already.
    WebhookLimitReached = 409 "webhook-limit-reached" "Dix webhooks au plus par service";
    /// The webhook is disabled.
    WebhookDisabled = 409 "webhook-disabled" "Ce webhook est désactivé";
    /// The project was deleted.
    Gone = 410 "gone" "Ce projet a été supprimé";
    /// `If-Match` names another version.
    VersionConflict = 412 "version-conflict" "Le projet a changé depuis la version donnée";
    /// The body is too large.
    BodyTooLarge = 413 "body-too-large" "Le corps de la requête est trop grand";
    /// Not JSON by its `Content-Type`.
    UnsupportedMediaType = 415 "unsupported-media-type" "Le corps doit être du JSON";
    /// Values break rules.
    ValidationFailed = 422 "validation-failed" "Des valeurs ne respectent pas les règles";
    /// The statut's label is not the caller's.
    StatutUnknown = 422 "statut-unknown" "Ce libellé de statut n'est pas de votre table";
    /// The same `Idempotency-Key` with another body.
    IdempotencyKeyReused = 422 "idempotency-key-reused" "Cette clé d'idempotence a déjà servi pour un autre corps";
    /// The webhook's address is refused.
    WebhookUrlRefused = 422 "webhook-url-refused" "Cette adresse de webhook est refusée";
    /// The password is wrong (L7).
    AuthenticationFailed = 401 "authentication-failed" "Le mot de passe est refusé";
    /// Nobody proved the mailbox of a creation, or of a password chosen anew.
    MailboxNotProved = 401 "mailbox-not-proved" "L'adresse électronique n'est pas prouvée";
    /// The code of the second factor is wrong, too old, or was never asked for.
    TwoFactorFailed = 401 "two-factor-failed" "Le code est faux ou périmé";
    /// Three wrong codes; locked for a while.
    TwoFactorLocked = 429 "two-factor-locked" "Trop de codes faux : réessayez plus tard";
    /// More attempts than a person makes in a minute.
    TooManyAttempts = 429 "too-many-attempts" "Trop de tentatives : réessayez dans une minute";
    /// More requests than the caller's fair share.
    TooManyRequests = 429 "too-many-requests" "Trop de requêtes : ralentissez";
    /// The e-mail is a test account (C3).
    TestAccount = 403 "test-account" "Un compte de test ne crée pas de compte";
    /// Nobody asked for an account with this e-mail (C5).
    ProspectMissing = 404 "prospect-missing" "Aucune demande de compte pour cette adresse";
    /// The account is refused (C7, C12, C14, C17, C19), with `reason` and `trail`.
    ProspectInvalid = 403 "prospect-invalid" "La création du compte est refusée";
    /// No such establishment (C9, L12).
    EstablishmentMissing = 404 "establishment-missing" "Cet établissement n'existe pas";
    /// Portail DF could not be asked, which never means "no rights" (C10).
    PortailDfUnavailable = 503 "portail-df-unavailable" "Portail DF ne répond pas : réessayez plus tard";
    /// The e-mail has an account already (C20).
    EmailAlreadyUsed = 409 "email-already-used" "Un compte existe déjà pour cette adresse";
    /// No account has this e-mail (L3).
    UserMissing = 404 "user-missing" "Aucun compte pour cette adresse";
    /// The user was deleted (L5; coop).
    UserDeleted = 410 "user-deleted" "Ce compte a été supprimé";
    /// Portail DF knows no structure of the establishment (L18, M8).
    StructureUnknown = 403 "structure-unknown" "Aucune structure de Portail DF ne correspond à l'établissement";
    /// The user is no member of the establishment.
    EstablishmentNotAllowed = 403 "establishment-not-allowed" "Vous n'êtes pas membre de cet établissement";
    /// A suspended user asked for data, with `causes`.
    UserSuspended = 403 "user-suspended" "Vos droits sont suspendus";
    /// The export does not fit an answer.
    ExportTooLarge = 413 "export-too-large" "L'export est trop grand";
    /// No such user (coop).
    UserNotFound = 404 "user-not-found" "Cet utilisateur n'est pas enregistré";
    /// No such nightly run.
    SyncRunNotFound = 404 "sync-run-not-found" "Cette synchronisation n'existe pas";
    /// Resume of a run that is not paused.
    SyncRunNotPaused = 409 "sync-run-not-paused" "Cette synchronisation n'est pas en pause";
    /// More changes than one transaction carries.
    SyncTooLarge = 422 "sync-too-large" "Trop de changements d'emplois pour une seule synchronisation";
    /// The Dataspace could not be asked.
    DataspaceUnavailable = 502 "dataspace-unavailable" "Le Dataspace ne répond pas : réessayez plus tard";
    /// The Dataspace refused, or its answer breaks the contract.
    DataspaceInvalidAnswer = 502 "dataspace-invalid-answer" "La réponse du Dataspace n'est pas celle attendue";
    /// A failure of ours.
    Internal = 500 "internal-error" "Une erreur interne est survenue";
    /// Too many concurrent writes of one thing, or the store cannot be reached for now.
    Unavailable = 503 "unavailable" "Le service est momentanément indisponible, réessayez";
}

/// A problem to answer with.
#[derive(Clone, Debug)]
pub struct Problem {
    code: Code,
    detail: Option<String>,
    members: Map<String, Value>,
    retry_after: Option<u64>,
}

impl Problem {
    /// A problem without further detail.
    #[must_use]
    pub fn new(code: Code) -> Self {
        Self { code, detail: None, members: Map::new(), retry_after: None }
    }

    /// With a sentence for people, in French, free of personal data.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// With an extension member.
    #[must_use]
    pub fn member(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.members.insert(name.to_owned(), value.into());
        self
    }

    /// With `Retry-After`, in seconds.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// With the faults found in the body.
    #[must_use]
    pub fn errors(self, faults: &[Fault]) -> Self {
        self.member("errors", json!(faults))
    }

    /// `invalid-body` with its one fault.
    #[must_use]
    pub fn shape(fault: Fault) -> Self {
        Self::new(Code::InvalidBody).errors(&[fault])
    }

    /// `validation-failed` with one fault.
    #[must_use]
    pub fn value(pointer: &str, detail: &str) -> Self {
        Self::new(Code::ValidationFailed).errors(&[Fault::new(pointer, detail)])
    }

    /// Its code.
    #[must_use]
    pub const fn code(&self) -> Code {
        self.code
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.code.facts().0).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// The members, for a problem inside another answer (bulk); the response adds `instance`.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let (status, code, title) = self.code.facts();
        let mut body = self.members.clone();
        body.insert("type".to_owned(), format!("/problems/{code}").into());
        body.insert("title".to_owned(), title.into());
        body.insert("status".to_owned(), status.into());
        if let Some(detail) = &self.detail {
            body.insert("detail".to_owned(), detail.clone().into());
        }
        body.into()
    }
}

impl From<Code> for Problem {
    fn from(code: Code) -> Self {
        Self::new(code)
    }
}

impl From<Vec<Fault>> for Problem {
    /// `validation-failed` with all faults.
    fn from(faults: Vec<Fault>) -> Self {
        Self::new(Code::ValidationFailed).errors(&faults)
    }
}

impl From<Missing> for Problem {
    /// A fault of ours: the faults of the body were not looked at.
    fn from(missing: Missing) -> Self {
        tracing::error!(error = %missing, "request failed");
        Self::new(Code::Internal)
    }
}

/// The problem of a response, kept beside it so that the outermost layer can add `instance`.
#[derive(Clone)]
pub struct Answered(pub Problem);

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        if matches!(self.code, Code::PortailDfUnavailable | Code::DataspaceUnavailable | Code::DataspaceInvalidAnswer) {
            Count::RequestsFailedElsewhere.one();
        }
        let mut response = (self.status(), self.to_json().to_string()).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if self.code == Code::Unauthenticated {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        response.extensions_mut().insert(Answered(self));
        response
    }
}
