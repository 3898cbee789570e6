//! TLS of outgoing connections: servers must be certified by the machine's root certificates, read once for all clients.
//!
//! Each client of `reqwest` would read them again, which is most of a function's start.

use std::sync::{Arc, OnceLock};

use rustls::crypto::aws_lc_rs;
use rustls::{ClientConfig, Error, RootCertStore};

/// The TLS configuration of a client.
///
/// # Errors
/// When the cryptography and TLS's versions do not go together, which they do.
fn config() -> Result<ClientConfig, Error> {
    let read = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    let (usable, _) = roots.add_parsable_certificates(read.certs);
    if usable == 0 {
        tracing::error!(errors = ?read.errors, "no root certificates: no server will be trusted");
    }
    let provider = Arc::new(aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

/// A builder of clients that trust the machine's root certificates.
pub(super) fn client() -> reqwest::ClientBuilder {
    static CONFIG: OnceLock<Option<ClientConfig>> = OnceLock::new();
    let builder = reqwest::Client::builder();
    match CONFIG.get_or_init(|| config().ok()) {
        Some(config) => builder.tls_backend_preconfigured(config.clone()),
        // The client then says itself what is wrong.
        None => builder,
    }
}
