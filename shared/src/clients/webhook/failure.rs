//! Tells why a request brought no HTTP status.

use std::error::Error;
use std::io::ErrorKind;
use std::iter::successors;

use super::resolver::AddressRefused;
use domain::webhooks::outcome::ErrorClass;

/// The class shown to the receiver's owner. Whatever is no time-out, name or TLS problem broke the connection.
pub(super) fn classify(error: &reqwest::Error) -> ErrorClass {
    if causes(error).any(|cause| cause.is::<AddressRefused>()) {
        ErrorClass::AddressRefused
    } else if error.is_timeout() {
        ErrorClass::Timeout
    } else if error.is_dns() {
        ErrorClass::Dns
    } else if causes(error).any(|cause| cause.is::<rustls::Error>()) {
        ErrorClass::Tls
    } else {
        ErrorClass::Connect
    }
}

/// Whether an established connection was closed before any answer came.
pub(super) fn is_reset(error: &reqwest::Error) -> bool {
    !error.is_connect()
        && causes(error).any(|cause| {
            cause
                .downcast_ref::<hyper::Error>()
                .is_some_and(|error| error.is_incomplete_message() || error.is_closed() || error.is_canceled())
                || cause.downcast_ref::<std::io::Error>().is_some_and(|error| {
                    matches!(
                        error.kind(),
                        ErrorKind::ConnectionReset
                            | ErrorKind::ConnectionAborted
                            | ErrorKind::BrokenPipe
                            | ErrorKind::UnexpectedEof
                    )
                })
        })
}

fn causes<'a>(error: &'a reqwest::Error) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    successors(error.source(), |&cause| match cause.downcast_ref::<std::io::Error>() {
        // An `io::Error` does not count the error it wraps among its sources.
        Some(error) => error.get_ref().map(|wrapped| wrapped as &(dyn Error + 'static)),
        None => cause.source(),
    })
}
