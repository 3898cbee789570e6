//! What the functions of Passerelle share.
//!
//! Dependencies run one way: `reference <- communs | webhooks <- store | clients <- functions <- infra/local`.
//! The domain modules are pure: no AWS SDK, no HTTP client, no environment, no clock.

pub mod auth;
pub mod aws;
pub mod clients;
pub mod clock;
pub mod codes;
pub mod communs;
pub mod config;
pub mod coop;
pub mod deflated;
pub mod droits;
pub mod hex;
pub mod ids;
pub mod instant;
pub mod lambda;
pub mod measures;
pub mod passwords;
pub mod people;
pub mod queue;
pub mod reference;
pub mod secrets;
pub mod shape;
pub mod store;
pub mod telemetry;
pub mod tokens;
pub mod web;
pub mod webhooks;
