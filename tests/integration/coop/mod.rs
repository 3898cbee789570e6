//! What the cases of the coop cannot show.

mod dataspace_client;
pub mod following;
mod nights;
