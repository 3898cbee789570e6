//! One line per case, in the order of the files, and the closing count.

use std::io::{self, Write};

use crate::awaited::Awaited;
use crate::format::Case;

/// What came of one case: nothing, or what differed.
pub type Outcome = Result<(), String>;

/// Writes the lines and counts.
pub struct Report<W> {
    out: W,
    awaited: Awaited,
    counts: Counts,
}

/// How many cases went which way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub passed: usize,
    pub failed: usize,
    pub awaited: usize,
}

impl<W: Write> Report<W> {
    pub fn new(out: W, awaited: Awaited) -> Self {
        Self { out, awaited, counts: Counts::default() }
    }

    /// Writes the line of one case.
    pub fn case(&mut self, case: &Case, outcome: Outcome) -> io::Result<()> {
        let name = format!("{} {}", case.id, one_line(&case.title));
        let reason = self.awaited.reason(&case.id);
        match (outcome, reason) {
            (Ok(()), None) => {
                self.counts.passed += 1;
                writeln!(self.out, "ok {name}")?;
            }
            (Err(difference), None) => {
                self.counts.failed += 1;
                writeln!(self.out, "FAILED {name}: {}", one_line(&difference))?;
            }
            (Err(_), Some(reason)) => {
                self.counts.awaited += 1;
                writeln!(self.out, "awaited {name}: {reason}")?;
            }
            (Ok(()), Some(_)) => {
                self.counts.failed += 1;
                writeln!(self.out, "FAILED {name}: passe désormais, à retirer de tests/cases/awaited.txt")?;
            }
        }
        self.out.flush()
    }

    /// Writes a failure that belongs to no case: a file that cannot be read, an idle line of a list.
    pub fn failure(&mut self, place: &str, detail: &str) -> io::Result<()> {
        self.counts.failed += 1;
        writeln!(self.out, "FAILED {place}: {}", one_line(detail))
    }

    /// Fails every line of the awaited list that names none of these cases.
    pub fn idle_lines(&mut self, ids: &[&str]) -> io::Result<()> {
        let idle: Vec<String> = self.awaited.idle(ids).map(str::to_owned).collect();
        for id in idle {
            self.failure("tests/cases/awaited.txt", &format!("{id} ne désigne plus aucun cas"))?;
        }
        Ok(())
    }

    /// Writes the closing lines; the last one is always `N passed, N failed`.
    pub fn close(mut self) -> io::Result<Counts> {
        let Counts { passed, failed, awaited } = self.counts;
        if awaited > 0 {
            writeln!(self.out, "{awaited} awaited")?;
        }
        writeln!(self.out, "{passed} passed, {failed} failed")?;
        self.out.flush()?;
        Ok(self.counts)
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
