//! Requests as API Gateway hands them over, brought into a form that cannot be misread.
//!
//! An HTTP API decodes the path before the function sees it, and leaves the query as it came. `lambda_http` puts both
//! into an address as they are: of an id `a#b` it would read `a`, which is another project, and on what no address holds
//! it panics. So the path is encoded again here, and of the query whatever may not stand in one.
//!
//! Source: docs/spec/communs.md#precisions

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde_json::Value;

/// What may not stand in a query that is encoded already.
const IN_QUERY: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// What may not stand in a path as it is: `%` too, for the path is decoded.
const IN_PATH: &AsciiSet = &IN_QUERY.add(b'%').add(b'?');

/// Encodes the path again, the query where needed, and takes the scheme from nobody: the API has one.
pub(super) fn make_readable(event: &mut Value) {
    encode(&mut event["rawPath"], IN_PATH);
    encode(&mut event["rawQueryString"], IN_QUERY);
    if let Some(headers) = event["headers"].as_object_mut() {
        headers.remove("x-forwarded-proto");
    }
}

fn encode(text: &mut Value, set: &'static AsciiSet) {
    if let Value::String(text) = text {
        *text = utf8_percent_encode(text, set).to_string();
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(path: &str, query: &str, expected: (&str, &str)) {
        let mut event =
            json!({"rawPath": path, "rawQueryString": query, "headers": {"x-forwarded-proto": "https,http"}});
        make_readable(&mut event);
        assert_eq!((event["rawPath"].as_str(), event["rawQueryString"].as_str()), (Some(expected.0), Some(expected.1)));
        assert_eq!(event["headers"], json!({}));
    }

    #[test]
    fn a_path_is_encoded_again_and_a_query_left_encoded() {
        check("/a/b-c_d.e~f", "x=1&y=%C3%A9", ("/a/b-c_d.e~f", "x=1&y=%C3%A9"));
        check("/id/a#b", "", ("/id/a%23b", ""));
        check("/id/50%41", "", ("/id/50%2541", ""));
        check("/id/a?b\\c", "", ("/id/a%3Fb%5Cc", ""));
        check("/id/é <", "q=\"<é> #", ("/id/%C3%A9%20%3C", "q=%22%3C%C3%A9%3E%20%23"));
    }
}
