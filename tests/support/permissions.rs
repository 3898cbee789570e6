//! The lists of what each function may call, kept beside the functions.

use std::collections::BTreeSet;

use crate::workspace::root;

/// A function: its name in `template.yaml`, its folder in `functions`.
#[derive(Debug, Clone, Copy)]
pub struct FunctionId {
    /// Logical id.
    pub id: &'static str,
    /// Folder, and name of the binary.
    pub folder: &'static str,
}

/// All of them.
pub const FUNCTIONS: [FunctionId; 5] = [
    FunctionId { id: "ProjectsApi", folder: "projects-api" },
    FunctionId { id: "WebhookFanout", folder: "webhook-fanout" },
    FunctionId { id: "OutboxSweeper", folder: "outbox-sweeper" },
    FunctionId { id: "RightsChecker", folder: "rights-checker" },
    FunctionId { id: "DataspaceSync", folder: "dataspace-sync" },
];

/// The list of a function: an action of IAM and the variable that names its resource, a line each, and of tables the
/// partition keys that may be named.
///
/// # Panics
/// When the list cannot be read.
#[must_use]
pub fn granted(function: FunctionId) -> BTreeSet<String> {
    lines(function).into_iter().map(|(call, _)| call).collect()
}

/// The same without the partition keys: what calls are compared with.
///
/// # Panics
/// When the list cannot be read.
#[must_use]
pub fn listed(function: FunctionId) -> BTreeSet<String> {
    lines(function).into_iter().map(|(call, _)| without_keys(call)).collect()
}

/// The same without the calls that no acceptance case brings about: `# ` and the test that does follows them.
///
/// # Panics
/// When the list cannot be read.
#[must_use]
pub fn expected_in_cases(function: FunctionId) -> BTreeSet<String> {
    lines(function).into_iter().filter(|(_, elsewhere)| !elsewhere).map(|(call, _)| without_keys(call)).collect()
}

fn without_keys(call: String) -> String {
    call.split_once(" keys ").map_or(call.clone(), |(call, _)| call.to_owned())
}

fn lines(function: FunctionId) -> Vec<(String, bool)> {
    let path = root().join("functions").join(function.folder).join("permissions.txt");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .map(|line| line.split_once(" # ").map_or((line.to_owned(), false), |(call, _)| (call.to_owned(), true)))
        .collect()
}
