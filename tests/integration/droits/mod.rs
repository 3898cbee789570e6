//! What the cases of droits cannot show.

mod accounts;
mod sessions;
