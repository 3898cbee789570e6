//! Lower-case hexadecimal, for hashes.

use std::fmt::Write as _;

/// The bytes as lower-case hexadecimal digits, two a byte.
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}
