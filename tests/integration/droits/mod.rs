//! What the cases of droits cannot show.

mod sessions;
