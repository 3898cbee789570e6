//! The pure rules of webhooks: who receives them, where they may be sent, how they are signed, when they are tried
//! again.

pub mod address;
pub mod delivery;
pub mod health;
pub mod outcome;
pub mod own_header;
pub mod pings;
pub mod retry;
pub mod signature;
pub mod subscription;
