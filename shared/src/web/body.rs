//! Reading a request body as JSON, within its limits.

use std::convert::Infallible;

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use domain::body::{Parsed, parse};
use http::{HeaderMap, header};
use serde::de::DeserializeOwned;

use super::problem::{Code, Problem};

/// The largest body of an ordinary request: 1 MiB.
pub const MAX_BYTES: usize = 1024 * 1024;
/// The largest body of a bulk: what Lambda's limit of 6 MiB leaves of an event that holds it as an escaped text.
pub const MAX_BULK_BYTES: usize = 5_000_000;

/// The media types a route takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Media {
    /// `application/json`.
    Json,
    /// That, or `application/merge-patch+json`.
    MergePatch,
}

impl Media {
    fn accepts(self, essence: &str) -> bool {
        essence == "application/json" || (self == Self::MergePatch && essence == "application/merge-patch+json")
    }
}

/// The valid JSON body of at most [`MAX_BYTES`], for a route that examines nothing between its caller and its body.
pub struct ValidBody<T>(pub T);

impl<S: Sync, T: DeserializeOwned> FromRequest<S> for ValidBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        RawBody::read(request, MAX_BYTES).await.valid(Media::Json).map(Self)
    }
}

/// A body of at most [`MAX_BYTES`] as an extractor. Whatever is wrong with it is told when it is parsed.
impl<S: Sync> FromRequest<S> for RawBody {
    type Rejection = Infallible;

    async fn from_request(request: Request, _: &S) -> Result<Self, Infallible> {
        Ok(Self::read(request, MAX_BYTES).await)
    }
}

/// A body read whole, not yet judged: rights are examined before its content.
pub struct RawBody {
    headers: HeaderMap,
    bytes: Result<Vec<u8>, Problem>,
}

impl RawBody {
    /// Reads the body, up to `max` bytes.
    pub async fn read(request: Request, max: usize) -> Self {
        let (parts, body) = request.into_parts();
        let bytes = limited(body, &parts.headers, max).await;
        Self { headers: parts.headers, bytes }
    }

    /// The body as the `T` that documents it, with the faults of its values.
    ///
    /// # Errors
    /// 413, 415, and 400 for the first fault of shape.
    pub fn parse<T: DeserializeOwned>(&self, media: Media) -> Result<Parsed<T>, Problem> {
        parse(self.text(media)?, "").map_err(Problem::shape)
    }

    /// The body as the `T` that documents it, all of its values right.
    ///
    /// # Errors
    /// Those of [`Self::parse`], and 422 with all faults.
    pub fn valid<T: DeserializeOwned>(&self, media: Media) -> Result<T, Problem> {
        Ok(self.parse(media)?.valid()?)
    }

    /// The text of a body of a media type the route takes.
    ///
    /// # Errors
    /// 413, 415.
    pub fn text(&self, media: Media) -> Result<&[u8], Problem> {
        let bytes = self.bytes.as_ref().map_err(Clone::clone)?;
        let given = self.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
        let essence = given.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
        if media.accepts(&essence) { Ok(bytes) } else { Err(Code::UnsupportedMediaType.into()) }
    }
}

async fn limited(body: Body, headers: &HeaderMap, max: usize) -> Result<Vec<u8>, Problem> {
    let too_large = || Problem::new(Code::BodyTooLarge);
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()).and_then(|v| v.parse().ok());
    if announced.is_some_and(|length: usize| length > max) {
        return Err(too_large());
    }
    axum::body::to_bytes(body, max).await.map(Vec::from).map_err(|_| too_large())
}
