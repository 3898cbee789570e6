//! Resolves names to the addresses that may be connected to.

use std::net::SocketAddr;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use thiserror::Error;

use domain::webhooks::address::Policy;

/// The system's resolver, less the addresses the policy refuses.
pub(super) struct AllowedAddresses {
    policy: Policy,
}

/// The name resolves, but to refused addresses only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("every address of this name is refused")]
pub(super) struct AddressRefused;

/// The name resolves to no address at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("this name has no address")]
struct NoAddress;

impl AllowedAddresses {
    pub(super) fn new(policy: Policy) -> Self {
        Self { policy }
    }
}

impl Resolve for AllowedAddresses {
    fn resolve(&self, name: Name) -> Resolving {
        let policy = self.policy;
        Box::pin(async move {
            // Port 0 stands for "the one of the URL".
            let found: Vec<_> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            if found.is_empty() {
                return Err(NoAddress.into());
            }
            let allowed = retain_allowed(found, policy)?;
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

fn retain_allowed(mut found: Vec<SocketAddr>, policy: Policy) -> Result<Vec<SocketAddr>, AddressRefused> {
    found.retain(|address| policy.allows(address.ip()));
    if found.is_empty() { Err(AddressRefused) } else { Ok(found) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(found: &[&str], policy: Policy, expected: Result<&[&str], AddressRefused>) {
        let addresses = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect::<Vec<SocketAddr>>();
        assert_eq!(retain_allowed(addresses(found), policy), expected.map(addresses), "{found:?}");
    }

    #[test]
    fn only_allowed_addresses_remain() {
        check(&["10.0.0.1:0", "8.8.8.8:0", "[::1]:0"], Policy::Public, Ok(&["8.8.8.8:0"]));
        check(&["10.0.0.1:0", "127.0.0.1:0"], Policy::LoopbackToo, Ok(&["127.0.0.1:0"]));
        check(&["10.0.0.1:0", "127.0.0.1:0", "[::ffff:8.8.8.8]:0"], Policy::Public, Err(AddressRefused));
    }
}
