//! `If-Match`, and the `ETag` it is compared with.

use http::{HeaderMap, HeaderValue, header};
use passerelle::web::problem::{Code, Problem};

/// The `ETag` of a version.
pub(crate) fn etag(version: u64) -> HeaderValue {
    // Digits in quotes are always a valid header value.
    HeaderValue::from_str(&format!("\"{version}\"")).unwrap_or(HeaderValue::from_static("\"\""))
}

/// Refuses a request made for another version than `current`. `*`, and no header at all, pass.
///
/// # Errors
/// 412 with the current version.
pub(crate) fn if_match(headers: &HeaderMap, current: u64) -> Result<(), Problem> {
    let mut values = headers.get_all(header::IF_MATCH).iter().peekable();
    if values.peek().is_none() {
        return Ok(());
    }
    let expected = format!("\"{current}\"");
    let names = |value: &HeaderValue| {
        value.to_str().is_ok_and(|value| value.split(',').map(str::trim).any(|tag| tag == "*" || tag == expected))
    };
    if values.any(names) {
        return Ok(());
    }
    Err(Problem::new(Code::VersionConflict)
        .detail(format!("La version courante est {current}."))
        .member("currentVersion", current))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(values: &[&str], passes: bool) {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::IF_MATCH, HeaderValue::from_str(value).unwrap());
        }
        assert_eq!(if_match(&headers, 2).is_ok(), passes, "{values:?}");
    }

    #[test]
    fn only_the_current_version_or_a_star_passes() {
        check(&[], true);
        check(&["\"2\""], true);
        check(&["*"], true);
        check(&["\"1\", \"2\""], true);
        check(&["\"1\"", "\"2\""], true);
        check(&["\"1\""], false);
        check(&["2"], false);
        check(&["W/\"2\""], false);
        check(&[""], false);
    }
}
