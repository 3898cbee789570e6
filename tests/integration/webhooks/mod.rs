//! What the cases of the webhooks cannot show.

mod fanout;
mod own_header;
mod purge;
mod third_party_verifiers;
