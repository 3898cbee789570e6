//! What the domains agree on about the outside world: e-mail addresses, SIREN and SIRET numbers, and the map of
//! French local authorities.
//!
//! Everything here is parsed once at the edge into a type that cannot be wrong; nothing does I/O.

pub mod arrondissement;
pub mod date;
pub mod email;
pub mod siren;
pub mod territory;
pub mod text;
