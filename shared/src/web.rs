//! What the HTTP functions share: problem+json answers, bodies, queries, what surrounds a request, and the parts their
//! `OpenAPI` documents have in common.

pub mod body;
pub mod caller;
pub mod conflict;
pub mod error;
pub mod fair_share;
pub mod guide;
pub mod layer;
pub mod openapi;
pub mod page_size;
pub mod pages;
pub mod parameters;
pub mod problem;
pub mod routing;
