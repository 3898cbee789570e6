//! What came of one attempt to deliver a webhook.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What came of one attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryOutcome {
    /// The receiver answered with an HTTP status, whatever it was.
    Answered {
        /// The HTTP status code.
        status: u16,
        /// How long the receiver asks us to wait, if it said so.
        retry_after: Option<Duration>,
    },
    /// No HTTP status came.
    Failed(ErrorClass),
}

/// Why no HTTP status came. The names on the wire are part of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorClass {
    /// The connection or the answer took too long.
    Timeout,
    /// The connection was refused, reset, or did not speak HTTP.
    Connect,
    /// The name has no address.
    Dns,
    /// The certificate or the TLS handshake failed.
    Tls,
    /// The address policy forbids to connect there.
    AddressRefused,
}

impl DeliveryOutcome {
    /// Whether the webhook was delivered: a 2xx status. Redirections are failures.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.status().is_some_and(|status| (200..300).contains(&status))
    }

    /// The HTTP status code, if one came.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Answered { status, .. } => Some(*status),
            Self::Failed(_) => None,
        }
    }

    /// The class of the error, if no HTTP status came.
    #[must_use]
    pub fn error_class(&self) -> Option<ErrorClass> {
        match self {
            Self::Answered { .. } => None,
            Self::Failed(class) => Some(*class),
        }
    }
}

impl ErrorClass {
    /// The name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Timeout => "timeout",
            Self::Connect => "connect",
            Self::Dns => "dns",
            Self::Tls => "tls",
            Self::AddressRefused => "address-refused",
        }
    }
}

impl fmt::Display for ErrorClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_2xx_is_a_success() {
        for (status, success) in
            [(199, false), (200, true), (204, true), (299, true), (302, false), (410, false), (500, false)]
        {
            assert_eq!(DeliveryOutcome::Answered { status, retry_after: None }.is_success(), success, "{status}");
        }
        assert!(!DeliveryOutcome::Failed(ErrorClass::Timeout).is_success());
    }

    #[test]
    fn error_classes_are_named_once() {
        for class in
            [ErrorClass::Timeout, ErrorClass::Connect, ErrorClass::Dns, ErrorClass::Tls, ErrorClass::AddressRefused]
        {
            assert_eq!(serde_json::to_value(class).unwrap(), class.as_str());
        }
    }
}
