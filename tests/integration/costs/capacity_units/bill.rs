//! What a path cost: the calls of DynamoDB it made, added up, and as text.

use std::collections::HashMap;
use std::fmt::Write as _;

use engines::Metered;
use serde_json::Value;

/// The calls of one path.
#[derive(Debug, Clone)]
pub struct Bill {
    pub path: String,
    pub calls: Vec<Metered>,
    /// The reads depend on how random ids fall into shards: the figure varies a little from run to run.
    pub about: bool,
}

impl Bill {
    pub fn read(&self) -> f64 {
        self.calls.iter().map(|call| call.read).sum()
    }

    pub fn write(&self) -> f64 {
        self.calls.iter().map(|call| call.write + call.index_write).sum()
    }

    fn index_write(&self) -> f64 {
        self.calls.iter().map(|call| call.index_write).sum()
    }

    fn line(&self) -> String {
        let about = if self.about { "≈ " } else { "" };
        let [read, write, index] = [self.read(), self.write(), self.index_write()].map(number);
        format!("| {} | {about}{read} | {write} | {index} | {about}{} |", self.path, self.calls.len())
    }
}

/// The whole file; a figure that varies keeps what `committed` says while that is near enough.
pub fn render(bills: &[Bill], change: &[&Bill], committed: &str) -> String {
    let mut text = String::from(
        "# What each access path costs\n\n\
         Written by the test `capacity_units` (`EXPECTORATE=overwrite` rewrites it); explained in [scaling.md](scaling.md). Units of \
         DynamoDB; writes include those on indexes. `≈`: varies a little with how random ids fall into shards.\n\n\
         | path | read units | write units | of these on indexes | calls |\n|---|---|---|---|---|\n",
    );
    let known: HashMap<&str, &str> =
        committed.lines().filter_map(|line| Some((line.split('|').nth(1)?.trim(), line))).collect();
    for bill in bills {
        let line = bill.line();
        match known.get(bill.path.as_str()) {
            Some(known) if bill.about && near(known, bill) => text.push_str(known),
            _ => text.push_str(&line),
        }
        text.push('\n');
    }
    let total: f64 = change.iter().map(|bill| bill.write()).sum();
    let _ = write!(
        text,
        "\n## One change, unit by unit\n\n\
         An update of a project with every member filled in, told to three receivers, each delivered at the first attempt: \
         **{} write units**. Sizes are those of the items written, in bytes, rounded down to tens; a unit is 1,024 bytes, two in a transaction.\n\n\
         | call | items | write units | of these on indexes |\n|---|---|---|---|\n",
        number(total)
    );
    for call in change.iter().flat_map(|bill| &bill.calls).filter(|call| call.write > 0.0) {
        let items = items(call).join(", ");
        let (write, index) = (number(call.write + call.index_write), number(call.index_write));
        let _ = writeln!(text, "| {} | {items} | {write} | {index} |", call.operation);
    }
    text
}

/// Whether a committed line with a figure that varies still tells the truth, within a tenth and a half.
fn near(line: &str, bill: &Bill) -> bool {
    let figures: Vec<f64> = line
        .split('|')
        .skip(2)
        .filter_map(|cell| cell.trim().trim_start_matches("≈ ").replace(',', "").parse().ok())
        .collect();
    #[expect(clippy::cast_precision_loss, reason = "a few hundred calls")]
    let now = [bill.read(), bill.write(), bill.index_write(), bill.calls.len() as f64];
    figures.len() == now.len() && figures.iter().zip(now).all(|(then, now)| (then - now).abs() <= 0.15 * then)
}

fn number(units: f64) -> String {
    // The sum of nothing is a negative zero.
    let units = units + 0.0;
    if units.fract() == 0.0 { format!("{units:.0}") } else { format!("{units:.1}") }
}

/// What a call wrote, by kind and size: to the ten bytes, as a latency may take a digit more.
fn items(call: &Metered) -> Vec<String> {
    let written = |part: &Value| {
        let item = part.get("Item").or_else(|| part.get("Key"));
        item.map(|item| {
            let size = part.get("Item").map_or(String::new(), |item| format!(" ({})", size(item) / 10 * 10));
            format!("{}{size}", kind(item))
        })
    };
    match call.request["TransactItems"].as_array() {
        Some(parts) => parts.iter().filter_map(|part| written(part.as_object()?.values().next()?)).collect(),
        None => written(&call.request).into_iter().collect(),
    }
}

/// The item of a key, as docs/scaling.md names it.
fn kind(item: &Value) -> &'static str {
    let text = |name: &str| item[name]["S"].as_str().unwrap_or_default();
    let (pk, sk) = (text("PK"), text("SK"));
    match pk.split('#').next().unwrap_or_default() {
        "P" if sk == "HEAD" => "project",
        "P" if sk.starts_with("H#") => "history",
        "P" => "further département",
        "X" => "external id",
        "U" => "right",
        "EV" => "event",
        "W" => "delivery",
        "WEBHOOKS" => "webhook",
        "I" => "kept answer",
        _ => "other",
    }
}

/// The size of an item as DynamoDB counts it, near enough: names and texts as UTF-8, structure as overhead.
fn size(value: &Value) -> usize {
    let Value::Object(members) = value else { return 0 };
    members.iter().map(|(name, value)| name.len() + attribute(value)).sum()
}

fn attribute(value: &Value) -> usize {
    let Some((kind, value)) = value.as_object().and_then(|object| object.iter().next()) else { return 0 };
    match (kind.as_str(), value) {
        ("S", Value::String(text)) => text.len(),
        ("N", Value::String(digits)) => digits.len().div_ceil(2) + 1,
        ("M", Value::Object(members)) => 3 + members.len() + size(value),
        ("L", Value::Array(items)) => 3 + items.iter().map(|item| 1 + attribute(item)).sum::<usize>(),
        _ => 1,
    }
}
