//! The matrix as text: a line for each row, a column for each caller, and the key to its abbreviations.

use std::fmt::Write as _;

use acceptance::api::Answer;

use super::callers::Column;

/// Problem codes that have an abbreviation; any other is written out, and so stands out.
const ABBREVIATIONS: [(&str, &str); 9] = [
    ("400c", "invalid-body"),
    ("400u", "user-email-required"),
    ("400i", "user-email-invalid"),
    ("401", "unauthenticated"),
    ("403d", "permission-refused"),
    ("403p", "scope-refused"),
    ("404", "not-found"),
    ("409", "external-id-conflict"),
    ("410", "gone"),
];

const WIDTH: usize = 9;

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

/// The whole matrix.
pub fn render(columns: &[Column], lines: &[(String, Vec<String>)]) -> String {
    let margin = lines.iter().map(|(label, _)| label.chars().count()).max().unwrap_or_default() + 2;
    let mut text = String::from(
        "# Every route as every kind of caller. Compared whole by the test `access`; UPDATE_MATRIX=1 rewrites it.\n\
         # The project was created by mec and is linked to tet; the webhook is mec's. `200:1` shows one item.\n",
    );
    for (short, code) in ABBREVIATIONS {
        let _ = writeln!(text, "# {short:<5}{code}");
    }
    text.push('\n');
    let head = |name: &str, of: fn(&Column) -> &'static str| line(name, margin, columns.iter().map(of));
    text.push_str(&head("clé", |column| column.key));
    text.push_str(&head("service", |column| column.service));
    text.push_str(&head("utilisateur", |column| column.user));
    text.push('\n');
    for (label, cells) in lines {
        text.push_str(&line(label, margin, cells.iter().map(String::as_str)));
    }
    text
}

fn line<'a>(label: &str, margin: usize, cells: impl Iterator<Item = &'a str>) -> String {
    let mut line = format!("{label:<margin$}");
    for cell in cells {
        let _ = write!(line, "{cell:<WIDTH$}");
    }
    line.truncate(line.trim_end().len());
    line.push('\n');
    line
}
