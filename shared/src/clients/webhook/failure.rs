//! Tells why a request brought no HTTP status.

use std::error::Error;
use std::io::ErrorKind;
use std::iter::successors;
use std::net::SocketAddr;

use hyper_util::client::legacy::connect::{Connected, HttpInfo};

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

/// The connection, by its local address, that was closed before any answer came on it; `None` when the request failed
/// otherwise.
pub(super) fn reset_connection(error: &reqwest::Error) -> Option<SocketAddr> {
    if !causes(error).any(is_reset) {
        return None;
    }
    let of_connection = |cause: &'_ (dyn Error + 'static)| {
        local_address(cause.downcast_ref::<hyper_util::client::legacy::Error>()?.connect_info()?)
    };
    causes(error).find_map(of_connection)
}

/// The local address of an established connection.
pub(super) fn local_address(connected: &Connected) -> Option<SocketAddr> {
    let mut told = http::Extensions::new();
    connected.get_extras(&mut told);
    told.get::<HttpInfo>().map(HttpInfo::local_addr)
}

fn is_reset(cause: &(dyn Error + 'static)) -> bool {
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
}

fn causes<'a>(error: &'a reqwest::Error) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    successors(error.source(), |&cause| match cause.downcast_ref::<std::io::Error>() {
        // An `io::Error` does not count the error it wraps among its sources.
        Some(error) => error.get_ref().map(|wrapped| wrapped as &(dyn Error + 'static)),
        None => cause.source(),
    })
}
