//! INSEE codes as Portail DF sends them: with blanks, in lower case, without leading zeros, of yesterday.

/// The code of a commune: five characters where four came.
pub(super) fn commune_code(text: &str) -> String {
    padded(text, 5)
}

/// The codes of départements. The Rhône comes in two halves (`69D`, `69M`), Corsica as one (`20`).
pub(super) fn departement_codes(text: &str) -> Vec<String> {
    match padded(text, 2).as_str() {
        "20" => vec!["2A".to_owned(), "2B".to_owned()],
        "69D" | "69M" => vec!["69".to_owned()],
        code => vec![code.to_owned()],
    }
}

/// The code of a région.
pub(super) fn region_code(text: &str) -> String {
    padded(text, 2)
}

fn padded(text: &str, width: usize) -> String {
    format!("{:0>width$}", text.trim().to_uppercase())
}
