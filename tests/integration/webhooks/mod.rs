//! What the cases of the webhooks cannot show.

mod third_party_verifiers;
