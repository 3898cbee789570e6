//! What the acceptance tests stand on: a world to act on and a way to call it, partial matching, stub receivers, a
//! Lambda runtime, and the runner of the acceptance cases.
//!
//! The tests drive Passerelle by HTTP and watch what comes out.

pub mod api;
pub mod case_files;
pub mod cases;
pub mod matching;
pub mod measured;
pub mod moving_clock;
pub mod names;
pub mod permissions;
pub mod receivers;
pub mod runtime_api;
pub mod verification;
pub mod workspace;
pub mod world;
