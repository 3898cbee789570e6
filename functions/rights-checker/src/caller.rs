//! Who calls: a service with a key of scope `manage`, or a person with an access token.

use std::net::IpAddr;

use axum::extract::FromRequestParts;
use domain::api_key::Scope;
use domain::droits::account::{Role, StoredPerimeter, visible_communes};
use domain::droits::perimeter::GeoCode;
use domain::droits::suspension::banner;
use http::request::Parts;
use lambda_http::request::RequestContext;
use passerelle::identity::access_token;
use passerelle::store::communs::api_keys::ApiKey;
use passerelle::store::droits::StoredUser;
use passerelle::web::caller::{service_key, token};
use passerelle::web::error::ApiError;
use passerelle::web::fair_share::recognise;
use passerelle::web::problem::{Code, Problem};
use serde_json::json;
use uuid::Uuid;

use crate::app::App;

/// The services whose keys of scope `manage` open droits: ZLV's own, and the operators'.
const MANAGERS: [&str; 2] = ["zlv", "exploitation"];
/// The service that may say whose address it speaks for.
const ZLV: &str = "zlv";
/// Where ZLV writes the address of the person it speaks for.
const CLIENT_ADDRESS: &str = "x-client-address";

/// ZLV, or an operator: a key of scope `manage` of a service that manages droits.
pub(crate) struct ManageCaller {
    /// Who is written down for what was done.
    pub(crate) service: String,
}

/// Where an anonymous request comes from.
pub(crate) struct Origin {
    /// The address API Gateway saw, or the one ZLV says it speaks for; of IPv6, the network a subscriber gets (/64).
    pub(crate) address: Option<String>,
    /// Whether ZLV or an operator calls: they have proved the mailboxes they speak of.
    pub(crate) proves_mailboxes: bool,
}

/// A person who signed in; suspended, maybe.
pub(crate) struct UserCaller {
    pub(crate) stored: StoredUser,
    pub(crate) establishment: Uuid,
}

/// A person who may see data, and the communes they see.
pub(crate) struct DataCaller {
    pub(crate) role: Role,
    /// Their own, unless their rights there were never checked; an administrator's is no limit.
    pub(crate) establishments: Vec<Uuid>,
    pub(crate) communes: Vec<GeoCode>,
}

impl FromRequestParts<App> for ManageCaller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let key = service_key(parts, &app.keys).await?;
        if key.scope != Scope::Manage {
            return Err(Code::ScopeRefused.into());
        }
        if !manages(&key) {
            return Err(Code::PermissionRefused.into());
        }
        Ok(Self { service: key.service.as_str().to_owned() })
    }
}

fn manages(key: &ApiKey) -> bool {
    key.scope == Scope::Manage && MANAGERS.contains(&key.service.as_str())
}

impl FromRequestParts<App> for Origin {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let key = match service_key(parts, &app.keys).await {
            Ok(key) => Some(key),
            // Whatever else is presented proves nothing, and is not asked for.
            Err(ApiError::Refused(_)) => None,
            Err(error) => return Err(error),
        };
        let source = match parts.extensions.get::<RequestContext>() {
            Some(RequestContext::ApiGatewayV2(context)) => context.http.source_ip.as_deref(),
            _ => None,
        };
        let client = parts.headers.get(CLIENT_ADDRESS).and_then(|value| value.to_str().ok());
        let spoken_for = client.filter(|_| key.as_ref().is_some_and(|key| key.service.as_str() == ZLV));
        let address = spoken_for.and_then(network).or_else(|| source.and_then(network));
        Ok(Self { address, proves_mailboxes: key.as_ref().is_some_and(manages) })
    }
}

/// The network of an address that its attempts are counted for.
fn network(text: &str) -> Option<String> {
    let address: IpAddr = text.trim().parse().ok()?;
    Some(match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    })
}

impl FromRequestParts<App> for UserCaller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        app.tokens.keep_fresh().await;
        let token = token(&parts.headers)?;
        let claims =
            access_token::verified(token, &app.tokens.current(), app.clock.now()).ok_or(Code::Unauthenticated)?;
        let stored = app.store.user(claims.sub).await?.ok_or(Code::Unauthenticated)?;
        if stored.user.deleted_at.is_some() || stored.credentials_version != claims.credentials_version {
            return Err(Code::Unauthenticated.into());
        }
        recognise(&parts.extensions);
        Ok(Self { stored, establishment: claims.establishment_id })
    }
}

impl FromRequestParts<App> for DataCaller {
    type Rejection = ApiError;

    /// The establishment is the token's; role, suspension, membership and perimeter are what is stored now.
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let UserCaller { stored, establishment } = UserCaller::from_request_parts(parts, app).await?;
        let user = stored.user;
        if user.suspension.is_some() {
            let causes = banner(user.suspension.as_ref(), None);
            return Err(Problem::new(Code::UserSuspended).member("causes", json!(causes)).into());
        }
        let membership = app.store.membership(user.id, establishment).await?;
        if !membership.member && user.role != Role::Admin {
            return Err(Code::Unauthenticated.into());
        }
        let establishment = membership.establishment.ok_or(Code::Unauthenticated)?;
        let communes = match (user.role, &membership.perimeter) {
            // Who is granted no perimeter is suspended for it, unless an operator has ended a suspension since.
            (Role::Usual, StoredPerimeter::NotGranted) => Vec::new(),
            (role, perimeter) => visible_communes(role, &establishment, perimeter),
        };
        let establishments = if user.role == Role::Admin || membership.perimeter.is_checked() {
            vec![establishment.id]
        } else {
            Vec::new()
        };
        Ok(Self { role: user.role, establishments, communes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_counted_by_the_network_a_subscriber_gets() {
        for (text, expected) in [
            ("198.51.100.20", Some("198.51.100.20")),
            ("::ffff:198.51.100.20", Some("198.51.100.20")),
            ("2001:db8:1:2:3:4:5:6", Some("2001:db8:1:2::/64")),
            ("2001:db8:1:2::1", Some("2001:db8:1:2::/64")),
            ("198.51.100.20, 10.0.0.1", None),
            ("", None),
        ] {
            assert_eq!(network(text).as_deref(), expected, "{text}");
        }
    }
}
