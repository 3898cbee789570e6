//! The digest by which a service compares its copy with ours.

use sha2::{Digest as _, Sha256};

use super::project::Project;
use super::view::ProjectView;

/// SHA-256 (hexadecimal) of what every reader is shown alike: it depends neither on the reader nor on native labels.
#[must_use]
pub fn hash(project: &Project) -> String {
    let mut shown = ProjectView::frozen(project).to_json();
    if let Some(members) = shown.as_object_mut() {
        members.remove("statutNatif");
        // Who may write is no part of a copy.
        members.remove("links");
    }
    hex::encode(Sha256::digest(shown.to_string().as_bytes()))
}
