//! A matrix of access as text: a line for each row, a column for each kind of caller, and the key to its abbreviations.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use acceptance::api::{Answer, Api, Caller};
use acceptance::workspace::root;
use http::Method;
use serde_json::Value;

/// Problem codes that have an abbreviation; any other is written out, and so stands out.
const ABBREVIATIONS: [(&str, &str); 17] = [
    ("400c", "invalid-body"),
    ("400u", "user-email-required"),
    ("400i", "user-email-invalid"),
    ("401", "unauthenticated"),
    ("401f", "two-factor-failed"),
    ("401m", "mailbox-not-proved"),
    ("403d", "permission-refused"),
    ("403p", "scope-refused"),
    ("403s", "user-suspended"),
    ("404", "not-found"),
    ("404p", "prospect-missing"),
    ("404r", "sync-run-not-found"),
    ("404u", "user-missing"),
    ("409", "external-id-conflict"),
    ("410", "gone"),
    ("429", "too-many-attempts"),
    ("503", "portail-df-unavailable"),
];

/// One column: how the caller is shown, and what it presents.
#[derive(Debug, Clone)]
pub struct Column {
    /// `aucune`, `fausse`, a scope, or whose token it is.
    pub key: &'static str,
    /// The service; `-` when the key names none.
    pub service: &'static str,
    /// The user named; `-` when none is.
    pub user: &'static str,
    pub caller: Caller,
}

/// What a column says of itself.
type Of = fn(&Column) -> &'static str;

const HEAD: (Of, Of, Of) = (|column| column.key, |column| column.service, |column| column.user);

/// A matrix, row by row.
#[derive(Debug)]
pub struct Table {
    pub domain: &'static str,
    /// What its reader must know.
    pub note: &'static str,
    pub columns: Vec<Column>,
    pub lines: Vec<(String, Vec<String>)>,
}

impl Column {
    pub fn new(key: &'static str, service: &'static str, caller: Caller) -> Self {
        Self { key, service, user: "-", caller }
    }
}

impl Table {
    /// Fails when the committed file says otherwise.
    pub fn compare(&self) {
        let file = root().join(format!("tests/integration/access/{}.txt", self.domain));
        expectorate::assert_contents(file, &self.to_string());
    }
}

/// The answer to a request. The same with a query parameter nobody knows, sent before it, does nothing, and tells whoever
/// may do it why.
pub async fn answer(api: &Api, method: &Method, path: &str, caller: &Caller, body: Option<&Value>) -> Answer {
    let before = if path.contains('?') { '&' } else { '?' };
    let strange = api.send(method, &format!("{path}{before}inconnu=1"), caller, body).await;
    let answer = api.send(method, path, caller, body).await;
    assert!(!strange.status.is_success(), "{method} {path}?inconnu=1: {}", strange.status);
    if answer.status.is_success() {
        assert_eq!(strange.problem(), Some("invalid-query"), "{method} {path}?inconnu=1");
    }
    answer
}

/// An answer as a cell: its status, the problem if it is one, and how many items a list shows.
pub fn cell(answer: &Answer) -> String {
    let status = answer.status.as_u16();
    match (answer.problem(), answer.body["items"].as_array()) {
        (Some(code), _) => ABBREVIATIONS
            .iter()
            .find(|(short, known)| *known == code && short.starts_with(&status.to_string()))
            .map_or_else(|| format!("{status}!{code}"), |(short, _)| (*short).to_owned()),
        (None, Some(items)) => format!("{status}:{}", items.len()),
        (None, None) => status.to_string(),
    }
}

impl std::fmt::Display for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { domain, note, columns, lines } = self;
        writeln!(
            f,
            "# Every route of {domain} as every kind of caller. Compared whole by the test `access`; EXPECTORATE=overwrite\n\
             # rewrites it. {note} `200:1` shows one item."
        )?;
        let used: BTreeSet<&str> = lines.iter().flat_map(|(_, cells)| cells).map(String::as_str).collect();
        for (short, code) in ABBREVIATIONS.iter().filter(|(short, _)| used.contains(short)) {
            writeln!(f, "# {short:<5}{code}")?;
        }
        f.write_char('\n')?;
        let head = [("clé", HEAD.0), ("service", HEAD.1), ("utilisateur", HEAD.2)];
        let head = head.map(|(name, of)| (name, columns.iter().map(of).collect::<Vec<_>>()));
        let body = lines.iter().map(|(label, cells)| (label.as_str(), cells.iter().map(String::as_str).collect()));
        let body: Vec<(&str, Vec<&str>)> = body.collect();
        let width =
            |texts: &mut dyn Iterator<Item = &str>| texts.map(|text| text.chars().count()).max().unwrap_or(0) + 1;
        let margin = width(&mut body.iter().map(|(label, _)| *label)) + 1;
        let widths: Vec<usize> =
            (0..columns.len()).map(|n| width(&mut head.iter().chain(&body).map(|(_, cells)| cells[n]))).collect();
        let line = |(label, cells): &(&str, Vec<&str>)| {
            let mut line = format!("{label:<margin$}");
            for (cell, width) in cells.iter().zip(&widths) {
                let _ = write!(line, "{cell:<width$}");
            }
            line.trim_end().to_owned()
        };
        for row in &head {
            writeln!(f, "{}", line(row))?;
        }
        for row in &body {
            write!(f, "\n{}", line(row))?;
        }
        f.write_char('\n')
    }
}
