//! What the acceptance tests stand on: partial matching, stub receivers, a clock that can be moved, a Lambda runtime.
//!
//! Nothing here knows how Passerelle works inside: the tests drive it by HTTP and watch what comes out.

pub mod api;
pub mod case_files;
pub mod matching;
pub mod moving_clock;
pub mod names;
pub mod permissions;
pub mod receivers;
pub mod runtime_api;
pub mod verification;
pub mod workspace;
