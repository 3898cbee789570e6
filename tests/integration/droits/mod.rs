//! What the cases of droits cannot show.

mod accounts;
mod attempts;
mod retention;
mod sessions;
