//! The one form in which ids that are UUIDs are read.

use uuid::Uuid;

/// A UUID in hyphenated form, 36 characters, either case; `None` for its other spellings (braces, URN, no hyphens),
/// which would make several paths of one thing.
#[must_use]
pub fn parse_hyphenated_uuid(text: &str) -> Option<Uuid> {
    (text.len() == 36).then(|| Uuid::try_parse(text).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_hyphenated_form_is_read() {
        assert!(parse_hyphenated_uuid("019a4323-86f4-7c41-b2d0-c5a1e7f3904d").is_some());
        for other in ["019a432386f47c41b2d0c5a1e7f3904d", "{019a4323-86f4-7c41-b2d0-c5a1e7f3904d}", ""] {
            assert_eq!(parse_hyphenated_uuid(other), None, "{other}");
        }
    }
}
