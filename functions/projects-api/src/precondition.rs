//! `If-Match` and `If-None-Match`, and the `ETag` they are compared with.

use http::{HeaderMap, HeaderName, HeaderValue, header};
use passerelle::web::problem::{Code, Problem};

/// What proxies add to the tag of an answer they compress.
const CODINGS: [&str; 4] = ["-gzip", "-br", "-deflate", "-zstd"];

/// The `ETag` of a version.
pub(crate) fn etag(version: u64) -> HeaderValue {
    // Digits in quotes are always a valid header value.
    HeaderValue::from_str(&format!("\"{version}\"")).unwrap_or(HeaderValue::from_static("\"\""))
}

/// Refuses a write decided on another state than the `current` version; `None` when there is no project yet.
///
/// # Errors
/// 412 with the current version.
pub(crate) fn check(headers: &HeaderMap, current: Option<u64>) -> Result<(), Problem> {
    let matched = names_current(headers, &header::IF_MATCH, current) != Some(false);
    let unmatched = names_current(headers, &header::IF_NONE_MATCH, current) != Some(true);
    if matched && unmatched {
        return Ok(());
    }
    let detail = match current {
        Some(version) => format!("La version courante est {version}."),
        None => "Le projet n'existe pas.".to_owned(),
    };
    let problem = Problem::new(Code::VersionConflict).detail(detail);
    Err(match current {
        Some(version) => problem.member("currentVersion", version),
        None => problem,
    })
}

/// Whether one of the header's tags names the current version; `None` without the header.
fn names_current(headers: &HeaderMap, name: &HeaderName, current: Option<u64>) -> Option<bool> {
    let mut values = headers.get_all(name).iter().peekable();
    values.peek()?;
    Some(current.is_some_and(|current| {
        let names = |tag: &str| tag == "*" || version(tag) == Some(current);
        values.any(|value| value.to_str().is_ok_and(|value| value.split(',').map(str::trim).any(names)))
    }))
}

/// The version a tag names: `"5"`, weak, or with the mark of a compressed answer.
fn version(tag: &str) -> Option<u64> {
    let quoted = tag.strip_prefix("W/").unwrap_or(tag);
    let text = quoted.strip_prefix('"')?.strip_suffix('"')?;
    let text = CODINGS.iter().find_map(|coding| text.strip_suffix(coding)).unwrap_or(text);
    let digits = !text.is_empty() && !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passes(name: HeaderName, values: &[&str], current: Option<u64>) -> bool {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(&name, HeaderValue::from_str(value).unwrap());
        }
        check(&headers, current).is_ok()
    }

    #[test]
    fn only_the_current_version_or_a_star_matches() {
        let good: [&[&str]; 8] = [
            &[],
            &["\"2\""],
            &["*"],
            &["\"1\", \"2\""],
            &["\"1\"", "\"2\""],
            &["W/\"2\""],
            &["\"2-gzip\""],
            &["W/\"2-br\""],
        ];
        for values in good {
            assert!(passes(header::IF_MATCH, values, Some(2)), "{values:?}");
        }
        for bad in ["\"1\"", "2", "", "W/2", "\"02\"", "\"2-\"", "\"2-x\"", "\"-gzip\"", "\"+2\"", "w/\"2\""] {
            assert!(!passes(header::IF_MATCH, &[bad], Some(2)), "{bad}");
        }
    }

    #[test]
    fn none_match_refuses_what_there_is() {
        assert!(!passes(header::IF_NONE_MATCH, &["*"], Some(2)));
        assert!(!passes(header::IF_NONE_MATCH, &["\"2\""], Some(2)));
        assert!(passes(header::IF_NONE_MATCH, &["\"1\""], Some(2)));
        assert!(passes(header::IF_NONE_MATCH, &["*"], None));
        assert!(!passes(header::IF_MATCH, &["*"], None), "there is nothing to match");
        assert!(passes(header::IF_MATCH, &[], None));
    }
}
