//! What the HTTP functions share: problem+json answers and the reading of bodies.

pub mod body;
pub mod problem;
