//! What an operation can refuse: the problems of each examination it makes, gathered by status.
//!
//! A route names its examinations, `Refused<(Caller, User, Existing)>`; codes, titles and examples come from the
//! table of the problems, so that the document cannot say anything else than the API.

use std::collections::BTreeMap;
use std::marker::PhantomData;

use crate::web::problem::Code;
use utoipa::IntoResponses;
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::{Ref, RefOr};

/// The media type of every refusal.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// An examination of a request, or several.
pub trait Examination {
    /// The problems it can end with.
    fn codes() -> Vec<Code>;
}

/// Declares examinations and the problems each can end with: `Name: Code, Code;`.
#[macro_export]
macro_rules! examinations {
    ($($(#[$doc:meta])* $name:ident: $($code:ident),+;)+) => {$(
        $(#[$doc])*
        pub struct $name;

        impl $crate::web::openapi::refusals::Examination for $name {
            fn codes() -> Vec<$crate::web::problem::Code> {
                vec![$($crate::web::problem::Code::$code),+]
            }
        }
    )+};
}

examinations! {
    /// The query string.
    Query: InvalidQuery;
    /// What the path names exists.
    Existing: NotFound;
    /// A JSON body, and the rules of its values.
    Body: InvalidBody, BodyTooLarge, UnsupportedMediaType, ValidationFailed;
}

macro_rules! several {
    ($($($name:ident)+;)+) => {$(
        impl<$($name: Examination),+> Examination for ($($name,)+) {
            fn codes() -> Vec<Code> {
                [$($name::codes()),+].concat()
            }
        }
    )+};
}

several! {
    A B;
    A B C;
    A B C D;
    A B C D E;
    A B C D E F;
    A B C D E F G;
}

/// The answers of an operation's examinations.
pub struct Refused<T>(PhantomData<T>);

impl<T: Examination> IntoResponses for Refused<T> {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let mut by_status: BTreeMap<u16, Vec<Code>> = BTreeMap::new();
        for code in T::codes() {
            let codes = by_status.entry(code.facts().0).or_default();
            if !codes.contains(&code) {
                codes.push(code);
            }
        }
        by_status.into_iter().map(|(status, codes)| (status.to_string(), response(&codes).into())).collect()
    }
}

/// The answer of one status.
pub(super) fn response(codes: &[Code]) -> Response {
    let line = |code: &Code| {
        let (_, name, title) = code.facts();
        format!("[`{name}`](/problems/{name}) : {title}.")
    };
    let example = |code: &Code| {
        let name = code.facts().1;
        (name, RefOr::Ref(Ref::new(format!("#/components/examples/{name}"))))
    };
    let content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name("Problem")))
        .examples_from_iter(codes.iter().map(example))
        .build();
    let mut response = ResponseBuilder::new()
        .description(codes.iter().map(line).collect::<Vec<_>>().join("\n\n"))
        .content(MEDIA_TYPE, content);
    if codes.contains(&Code::TooManyRequests) {
        let header = HeaderBuilder::new().description(Some("Secondes à attendre.")).build();
        response = response.header("Retry-After", header);
    }
    if codes.contains(&Code::Unauthenticated) {
        let header = HeaderBuilder::new().description(Some("Toujours `Bearer`.")).build();
        response = response.header("WWW-Authenticate", header);
    }
    response.build()
}
