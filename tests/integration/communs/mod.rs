//! What the cases of communs cannot show.

mod authors;
mod erasure;
mod feed;
