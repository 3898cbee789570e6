//! What the cases of communs cannot show.

mod erasure;
mod feed;
