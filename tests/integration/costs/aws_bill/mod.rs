//! What a deployment costs: units measured on the local stack, times the prices of AWS. Writes the table of
//! docs/cost.md, and compares it with what is committed.

mod measure;
mod prices;

use std::fmt::Write as _;

use acceptance::workspace::root;

use measure::Usage;
use prices::{LINES, Line};

/// The generated part of the page lies between these.
const BEGIN: &str = "<!-- measured: EXPECTORATE=overwrite cargo integration aws_bill -->\n";
const END: &str = "<!-- end -->\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_on_costs_says_what_is_measured() {
    let change = measure::change().await;
    let night = measure::night().await;
    let sign_in = measure::sign_in().await;
    let idle = measure::idle().await;
    let columns = [
        ("1,000,000 changes, three receivers", &change, 1e6),
        ("10,000 users a night", &night, 1e4),
        ("1,000,000 sign-ins", &sign_in, 1e6),
        ("idle, a month", &idle, 1.0),
    ];
    let table = render(&columns);
    let path = root().join("docs/cost.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = page.split_once(BEGIN).expect("the page has a measured part");
    let (_, after) = rest.split_once(END).expect("which ends");
    expectorate::assert_contents(&path, &format!("{before}{BEGIN}{table}{END}{after}"));
}

/// Both tables: what is used by one, and what many of them cost.
fn render(columns: &[(&str, &Usage, f64)]) -> String {
    let mut text =
        String::from("| used by one | change | user of a night | sign-in | idle month |\n|---|---|---|---|---|\n");
    let row = |text: &mut String, name: &str, value: &dyn Fn(&Usage) -> String| {
        let _ = write!(text, "| {name} |");
        for (_, usage, _) in columns {
            let _ = write!(text, " {} |", value(usage));
        }
        text.push('\n');
    };
    for Line { name, amount, .. } in LINES {
        row(&mut text, name, &|usage| short(amount(usage)));
    }
    text.push_str("\n| in US dollars |");
    columns.iter().for_each(|(name, ..)| text.push_str(&format!(" {name} |")));
    text.push_str("\n|---|---|---|---|---|\n");
    for Line { name, amount, price } in LINES {
        let _ = write!(text, "| {name} |");
        columns.iter().for_each(|(_, usage, times)| text.push_str(&format!(" {:.2} |", amount(usage) * times * price)));
        text.push('\n');
    }
    text.push_str("| **in all** |");
    for (_, usage, times) in columns {
        let total: f64 = LINES.iter().map(|line| (line.amount)(usage) * times * line.price).sum();
        let _ = write!(text, " **{total:.2}** |");
    }
    text.push('\n');
    text
}

/// Three digits that count, and no more.
fn short(amount: f64) -> String {
    match amount {
        0.0 => "0".to_owned(),
        large if large >= 100.0 => format!("{large:.0}"),
        _ => {
            let digits = (2.0 - amount.log10().floor()).clamp(0.0, 6.0) as usize;
            let text = format!("{amount:.digits$}");
            if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
        }
    }
}
