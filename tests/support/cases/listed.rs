//! The cases set apart by id, each with its reason: those that are known to fail for now, because what they ask for does
//! not exist yet, and those that speak of what engines may not be held to when they are unkind.

use std::io;

use crate::case_files::folder;

/// The ids of one list, each with its reason.
#[derive(Debug, Default)]
pub struct Listed {
    file: &'static str,
    lines: Vec<(String, String)>,
}

impl Listed {
    /// Those that fail for now. They run all the same; one that passes fails the run until its line is removed, so that
    /// the list can only shrink.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn awaited() -> io::Result<Self> {
        Self::read("awaited.txt")
    }

    /// Those that unkind engines do not play.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn kind_only() -> io::Result<Self> {
        Self::read("kind-only.txt")
    }

    fn read(file: &'static str) -> io::Result<Self> {
        let text = std::fs::read_to_string(folder().join(file))?;
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let lines = lines.map(|line| {
            let (id, reason) = line.split_once('#').unwrap_or((line, ""));
            (id.trim().to_owned(), reason.trim().to_owned())
        });
        Ok(Self { file, lines: lines.collect() })
    }

    /// Why a case is listed, if it is.
    pub fn reason(&self, id: &str) -> Option<&str> {
        self.lines.iter().find(|(listed, _)| listed == id).map(|(_, reason)| reason.as_str())
    }

    /// The lines that name no case, or give no reason, each with its file.
    pub fn idle(&self, ids: &[&str]) -> impl Iterator<Item = (String, String)> {
        let idle = self.lines.iter().filter_map(|(listed, reason)| match reason.as_str() {
            _ if !ids.contains(&listed.as_str()) => Some(format!("{listed} n'est aucun cas")),
            "" => Some(format!("{listed} sans raison")),
            _ => None,
        });
        idle.map(|fault| (format!("tests/cases/{}", self.file), fault))
    }
}
