//! What the cases of droits cannot show.

mod accounts;
mod retention;
mod sessions;
