//! Where a webhook may be sent.
//!
//! A receiver's URL is given by a caller, and our functions sit inside a network: without this policy a caller could
//! have us call machines that only we can reach (SSRF). There are three gates. [`check_url`] looks at the URL when it
//! is registered and again at each send: scheme, port, credentials, names of private networks, literal addresses.
//! [`Policy::allows`] looks at every address a name resolves to, at each send. And the client connects to the
//! addresses that passed, without resolving again and without following redirections.
//!
//! Source: docs/spec/webhooks.md#subscriptions

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{Ipv4Net, Ipv6Net};
use thiserror::Error;
use url::{Host, Url};

/// The ports a webhook may be sent to.
const PORTS: [u16; 2] = [443, 8443];

/// The longest URL accepted, in characters of its canonical form.
const MAX_LENGTH: usize = 2_048;

/// Names that never leave a machine or a private network.
const PRIVATE_NAMES: [&str; 3] = ["localhost", "local", "internal"];

/// IPv4 networks that are not the public internet (IANA special-purpose registry).
const REFUSED_V4: [Ipv4Net; 15] = [
    v4([0, 0, 0, 0], 8),
    v4([10, 0, 0, 0], 8),
    v4([100, 64, 0, 0], 10),
    v4([127, 0, 0, 0], 8),
    v4([169, 254, 0, 0], 16),
    v4([172, 16, 0, 0], 12),
    v4([192, 0, 0, 0], 24),
    v4([192, 0, 2, 0], 24),
    v4([192, 88, 99, 0], 24),
    v4([192, 168, 0, 0], 16),
    v4([198, 18, 0, 0], 15),
    v4([198, 51, 100, 0], 24),
    v4([203, 0, 113, 0], 24),
    v4([224, 0, 0, 0], 4),
    v4([240, 0, 0, 0], 4),
];

/// The only IPv6 network that is the public internet: whatever lies outside (loopback, link-local, unique local,
/// multicast, mapped, compatible, translated, NAT64...) is refused.
const GLOBAL_V6: Ipv6Net = v6([0x2000, 0], 3);

/// What is refused inside [`GLOBAL_V6`]: protocol assignments (Teredo among them), documentation, 6to4,
/// documentation again.
const REFUSED_V6: [Ipv6Net; 4] =
    [v6([0x2001, 0], 23), v6([0x2001, 0xdb8], 32), v6([0x2002, 0], 16), v6([0x3fff, 0], 20)];

/// How strict to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// Production: the public internet only, over TLS.
    Public,
    /// The local stack: loopback in addition, over `http` or `https`, on any port.
    LoopbackToo,
}

/// A URL that passed [`check_url`], in canonical form.
#[derive(Clone, PartialEq, Eq)]
pub struct CheckedUrl(Url);

/// Why a URL is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Refusal {
    /// It cannot be read as an absolute URL with a host.
    #[error("l'URL n'est pas une adresse absolue valide")]
    Malformed,
    /// It is longer than 2,048 characters.
    #[error("l'URL dépasse 2 048 caractères")]
    TooLong,
    /// The scheme is not `https`.
    #[error("seul le schéma https est accepté")]
    Scheme,
    /// The port is not on the list.
    #[error("seuls les ports 443 et 8443 sont acceptés")]
    Port,
    /// It carries a user name or a password.
    #[error("l'URL ne doit contenir ni utilisateur ni mot de passe")]
    Credentials,
    /// It has a fragment, which is never sent.
    #[error("l'URL ne doit pas contenir de fragment (#)")]
    Fragment,
    /// The host is a name of a private network.
    #[error("ce nom d'hôte est réservé aux réseaux privés")]
    PrivateName,
    /// The host is an address outside the public internet.
    #[error("cette adresse IP n'est pas publique")]
    PrivateAddress,
}

/// The first gate: whether webhooks may be sent to this URL, as far as its text tells. The host is read as browsers
/// do, so that `https://2130706433/` is seen as 127.0.0.1. A plain name passes; what it resolves to is checked by
/// [`Policy::allows`] at each send.
///
/// # Errors
/// The first [`Refusal`] found.
pub fn check_url(text: &str, policy: Policy) -> Result<CheckedUrl, Refusal> {
    let url = Url::parse(text).map_err(|_| Refusal::Malformed)?;
    if url.as_str().len() > MAX_LENGTH {
        return Err(Refusal::TooLong);
    }
    if !matches!(url.scheme(), "https" | "http") {
        return Err(Refusal::Scheme);
    }
    let host = url.host().ok_or(Refusal::Malformed)?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Refusal::Credentials);
    }
    if url.fragment().is_some() {
        return Err(Refusal::Fragment);
    }
    if policy == Policy::LoopbackToo && is_loopback(&host) {
        return Ok(CheckedUrl(url));
    }
    if url.scheme() != "https" {
        return Err(Refusal::Scheme);
    }
    if !url.port_or_known_default().is_some_and(|port| PORTS.contains(&port)) {
        return Err(Refusal::Port);
    }
    match &host {
        Host::Domain(name) if is_private_name(name) => return Err(Refusal::PrivateName),
        Host::Domain(_) => {}
        Host::Ipv4(address) if !is_allowed((*address).into()) => return Err(Refusal::PrivateAddress),
        Host::Ipv6(address) if !is_allowed((*address).into()) => return Err(Refusal::PrivateAddress),
        Host::Ipv4(_) | Host::Ipv6(_) => {}
    }
    Ok(CheckedUrl(url))
}

/// Whether an address belongs to the public internet, the only place production connects to.
#[must_use]
pub fn is_allowed(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => !REFUSED_V4.iter().any(|network| network.contains(&address)),
        IpAddr::V6(address) => {
            GLOBAL_V6.contains(&address) && !REFUSED_V6.iter().any(|network| network.contains(&address))
        }
    }
}

impl Policy {
    /// Whether a connection to this address may be made.
    #[must_use]
    pub fn allows(self, address: IpAddr) -> bool {
        is_allowed(address) || (self == Self::LoopbackToo && address.is_loopback())
    }
}

impl CheckedUrl {
    /// The URL in canonical form.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The same, parsed.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.0
    }

    /// The host when it is an address: no name will be resolved, so the client checks it by itself.
    #[must_use]
    pub fn literal_address(&self) -> Option<IpAddr> {
        match self.0.host()? {
            Host::Domain(_) => None,
            Host::Ipv4(address) => Some(address.into()),
            Host::Ipv6(address) => Some(address.into()),
        }
    }
}

impl fmt::Display for CheckedUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Without path and query: receivers put tokens there, and a log is no place for them.
impl fmt::Debug for CheckedUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CheckedUrl({})", self.0.origin().ascii_serialization())
    }
}

fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => last_label(name) == "localhost",
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

/// `localhost`, `*.localhost`, `*.local`, `*.internal`, with or without the final dot.
fn is_private_name(name: &str) -> bool {
    PRIVATE_NAMES.contains(&last_label(name))
}

fn last_label(name: &str) -> &str {
    let name = name.strip_suffix('.').unwrap_or(name);
    name.rsplit('.').next().unwrap_or(name)
}

/// `a.b.c.d/prefix`.
const fn v4([a, b, c, d]: [u8; 4], prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix)
}

/// `a:b::/prefix`.
const fn v6([a, b]: [u16; 2], prefix: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, 0, 0, 0, 0, 0, 0), prefix)
}

#[cfg(test)]
mod tests;
