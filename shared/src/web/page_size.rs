//! How large an answer may be. Lambda carries 6,291,556 bytes of event, in which our JSON is a text once more escaped.

use serde_json::Value;

/// The most bytes of a page's items, escaped; a page ends there, full or not.
const MAX_BYTES: usize = 5_000_000;

/// How many of these items one answer carries, from the first on: one at least.
pub fn count_fitting(items: &[Value]) -> usize {
    let mut total = 0;
    let fits = |item: &&Value| {
        total += escaped_length(&item.to_string()) + 1;
        total <= MAX_BYTES
    };
    items.iter().take_while(fits).count().max(1).min(items.len())
}

/// The length of a JSON text inside a JSON string.
fn escaped_length(json: &str) -> usize {
    json.len() + json.bytes().filter(|byte| matches!(byte, b'"' | b'\\')).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_escaped_counts_twice() {
        for text in ["abc", "a\"b\\c", "é\n"] {
            let json = json!({"nom": text}).to_string();
            assert_eq!(escaped_length(&json), json!(json).to_string().len() - 2, "{text:?}");
        }
    }

    #[test]
    fn a_page_ends_before_it_is_too_large_and_is_never_empty() {
        let items = vec![json!("x".repeat(1_000_000 - 5)); 7];
        assert_eq!(count_fitting(&items), 5);
        assert_eq!(count_fitting(&[json!("x".repeat(6_000_000)), json!(1)]), 1);
        assert_eq!(count_fitting(&[json!(1), json!(2)]), 2);
        assert_eq!(count_fitting(&[]), 0);
    }
}
