//! What the cases of the webhooks cannot show.

mod fanout;
mod purge;
mod third_party_verifiers;
