//! Every operation of a domain as every kind of caller, compared with one table, `integration/<domain>_access.txt`.

use std::fmt::Write as _;
use std::path::Path;

use acceptance::api::{Answer, Api, Caller};
use http::Method;
use serde_json::Value;

/// The callers of a domain.
pub struct Matrix {
    pub domain: &'static str,
    /// What the reader of the table must know.
    pub note: &'static str,
    pub api: Api,
    pub callers: Vec<(&'static str, Caller)>,
}

/// What is sent to an operation.
pub struct Sent {
    /// Below the prefix of the API.
    pub path: String,
    pub body: Option<Value>,
}

impl Matrix {
    /// Tries every operation as every caller; fails when the table says otherwise. `UPDATE_MATRIX=1` rewrites it.
    pub async fn compare(&self, operations: &[(&str, &str)], sent: impl Fn(&str, &str) -> Sent) {
        let Self { domain, note, .. } = self;
        let mut actual = format!(
            "# Every operation of {domain} as every kind of caller, one answer a line. Compared whole by the test\n\
             # `{domain}_access`; UPDATE_MATRIX=1 rewrites it. {note}\n",
        );
        let width = self.callers.iter().map(|(name, _)| name.chars().count()).max().unwrap_or_default() + 2;
        for (method, route) in operations {
            let verb: Method = method.to_uppercase().parse().unwrap();
            let Sent { path, body } = sent(method, route);
            let _ = writeln!(actual, "\n{verb} {route}");
            for (name, caller) in &self.callers {
                let answer = self.api.send(&verb, &path, caller, body.as_ref()).await;
                let _ = writeln!(actual, "  {name:<width$}{}", cell(&answer));
            }
        }
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("integration/{domain}_access.txt"));
        if std::env::var_os("UPDATE_MATRIX").is_some() {
            std::fs::write(&file, &actual).unwrap();
        }
        let expected = std::fs::read_to_string(&file).unwrap_or_default();
        assert!(
            actual == expected,
            "access has changed: read this against {domain}_access.txt, line by line\n{actual}"
        );
    }
}

fn cell(answer: &Answer) -> String {
    let status = answer.status.as_u16();
    match (answer.problem(), answer.body["items"].as_array()) {
        (Some(code), _) => format!("{status} {code}"),
        (None, Some(items)) => format!("{status}:{}", items.len()),
        (None, None) => status.to_string(),
    }
}
