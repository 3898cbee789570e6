//! Query parameters as extractors: the struct that documents them is what is read, and a route without any takes none.

use axum::extract::FromRequestParts;
use domain::query;
use http::request::Parts;
use serde::de::DeserializeOwned;

use super::problem::{Code, Problem};

/// The query of a request, all of its parameters known and right.
pub struct Query<T>(pub T);

impl<S: Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parse(parts.uri.query()).map(Self)
    }
}

/// Reads a query string, for a route that examines something else before it.
///
/// # Errors
/// 400 that names the parameter.
pub fn parse<T: DeserializeOwned>(query: Option<&str>) -> Result<T, Problem> {
    query::parse(query).map_err(refused)
}

/// A request without query parameters.
pub struct NoQuery;

impl<S: Sync> FromRequestParts<S> for NoQuery {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        query::none(parts.uri.query()).map(|()| Self).map_err(refused)
    }
}

fn refused(detail: String) -> Problem {
    Problem::new(Code::InvalidQuery).detail(detail)
}
