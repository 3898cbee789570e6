//! Refusals and failures as RFC 9457 `application/problem+json`.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::{Map, Value, json};

use crate::shape::Fault;

/// The codes of all problems, each documented at `/problems/<code>`.
///
/// Source: `cases/communs/_shapes.md` and `cases/webhooks/_shapes.md`; `method-not-allowed` and the two of status
/// 5xx are ours (docs/decisions/0003).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    /// 400: not JSON, not an object, too deep, unknown property, wrong JSON type.
    InvalidBody,
    /// 400: unknown query parameter or bad value.
    InvalidQuery,
    /// 400: `X-User-Email` missing.
    UserEmailRequired,
    /// 400: `X-User-Email` is no e-mail, or is repeated.
    UserEmailInvalid,
    /// 401: key missing, malformed or unknown.
    Unauthenticated,
    /// 403: the user's right, or the service's, is missing.
    PermissionRefused,
    /// 403: the key's scope does not open this route.
    ScopeRefused,
    /// 404: unknown thing or route.
    NotFound,
    /// 405: the route exists, not with this method.
    MethodNotAllowed,
    /// 409: another project holds the external id.
    ExternalIdConflict,
    /// 409: the service has ten webhooks already.
    WebhookLimitReached,
    /// 409: the webhook is disabled.
    WebhookDisabled,
    /// 410: the project was deleted.
    Gone,
    /// 412: `If-Match` names another version.
    VersionConflict,
    /// 413: the body is too large.
    BodyTooLarge,
    /// 415: not JSON by its `Content-Type`.
    UnsupportedMediaType,
    /// 422: values break rules.
    ValidationFailed,
    /// 422: the statut's label is not the caller's.
    StatutUnknown,
    /// 422: the same `Idempotency-Key` with another body.
    IdempotencyKeyReused,
    /// 422: the webhook's address is refused.
    WebhookUrlRefused,
    /// 500: a failure of ours.
    Internal,
    /// 503: too many concurrent writes of one thing, or the store cannot be reached for now.
    Unavailable,
}

impl Code {
    /// All codes, in the order of the documentation.
    pub const ALL: [Self; 22] = [
        Self::InvalidBody,
        Self::InvalidQuery,
        Self::UserEmailRequired,
        Self::UserEmailInvalid,
        Self::Unauthenticated,
        Self::PermissionRefused,
        Self::ScopeRefused,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::ExternalIdConflict,
        Self::WebhookLimitReached,
        Self::WebhookDisabled,
        Self::Gone,
        Self::VersionConflict,
        Self::BodyTooLarge,
        Self::UnsupportedMediaType,
        Self::ValidationFailed,
        Self::StatutUnknown,
        Self::IdempotencyKeyReused,
        Self::WebhookUrlRefused,
        Self::Internal,
        Self::Unavailable,
    ];

    /// Status, stable code, and title in French.
    #[must_use]
    pub const fn facts(self) -> (u16, &'static str, &'static str) {
        match self {
            Self::InvalidBody => (400, "invalid-body", "Le corps de la requête n'a pas la forme attendue"),
            Self::InvalidQuery => (400, "invalid-query", "Un paramètre de requête est inconnu ou invalide"),
            Self::UserEmailRequired => (400, "user-email-required", "L'en-tête X-User-Email est obligatoire"),
            Self::UserEmailInvalid => (400, "user-email-invalid", "L'en-tête X-User-Email n'est pas un e-mail"),
            Self::Unauthenticated => (401, "unauthenticated", "Clé d'API absente ou inconnue"),
            Self::PermissionRefused => (403, "permission-refused", "Le droit nécessaire manque"),
            Self::ScopeRefused => (403, "scope-refused", "La portée de la clé n'ouvre pas cette route"),
            Self::NotFound => (404, "not-found", "Introuvable"),
            Self::MethodNotAllowed => (405, "method-not-allowed", "Cette méthode n'existe pas sur cette route"),
            Self::ExternalIdConflict => {
                (409, "external-id-conflict", "Cet identifiant externe désigne déjà un autre projet")
            }
            Self::WebhookLimitReached => (409, "webhook-limit-reached", "Dix webhooks au plus par service"),
            Self::WebhookDisabled => (409, "webhook-disabled", "Ce webhook est désactivé"),
            Self::Gone => (410, "gone", "Ce projet a été supprimé"),
            Self::VersionConflict => (412, "version-conflict", "Le projet a changé depuis la version donnée"),
            Self::BodyTooLarge => (413, "body-too-large", "Le corps de la requête est trop grand"),
            Self::UnsupportedMediaType => (415, "unsupported-media-type", "Le corps doit être du JSON"),
            Self::ValidationFailed => (422, "validation-failed", "Des valeurs ne respectent pas les règles"),
            Self::StatutUnknown => (422, "statut-unknown", "Ce libellé de statut n'est pas de votre table"),
            Self::IdempotencyKeyReused => {
                (422, "idempotency-key-reused", "Cette clé d'idempotence a déjà servi pour un autre corps")
            }
            Self::WebhookUrlRefused => (422, "webhook-url-refused", "Cette adresse de webhook est refusée"),
            Self::Internal => (500, "internal-error", "Une erreur interne est survenue"),
            Self::Unavailable => (503, "unavailable", "Le service est momentanément indisponible, réessayez"),
        }
    }
}

/// A problem to answer with.
#[derive(Clone, Debug)]
pub struct Problem {
    code: Code,
    detail: Option<String>,
    members: Map<String, Value>,
}

impl Problem {
    /// A problem without further detail.
    #[must_use]
    pub fn new(code: Code) -> Self {
        Self { code, detail: None, members: Map::new() }
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

/// The problem of a response, kept beside it so that the outermost layer can add `instance`.
#[derive(Clone)]
pub struct Answered(pub Problem);

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.status(), self.to_json().to_string()).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if self.code == Code::Unauthenticated {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response.extensions_mut().insert(Answered(self));
        response
    }
}
