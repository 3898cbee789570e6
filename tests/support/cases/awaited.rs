//! The cases that are known to fail for now, because what they ask for does not exist yet.
//!
//! They run all the same; one that passes fails the run until its line is removed, so that the list
//! can only shrink.

use std::io;

use crate::case_files::folder;

/// The ids of `awaited.txt`, each with its reason.
#[derive(Debug, Default)]
pub struct Awaited(Vec<(String, String)>);

impl Awaited {
    /// The list of this repository.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn of_repository() -> io::Result<Self> {
        Ok(Self::parse(&std::fs::read_to_string(folder().join("awaited.txt"))?))
    }

    fn parse(text: &str) -> Self {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        Self(
            lines
                .map(|line| {
                    let (id, reason) = line.split_once('#').unwrap_or((line, ""));
                    (id.trim().to_owned(), reason.trim().to_owned())
                })
                .collect(),
        )
    }

    /// Why a case is awaited, if it is.
    pub fn reason(&self, id: &str) -> Option<&str> {
        self.0.iter().find(|(awaited, _)| awaited == id).map(|(_, reason)| reason.as_str())
    }

    /// The lines that no longer name any case.
    pub fn idle<'a>(&'a self, ids: &[&str]) -> impl Iterator<Item = &'a str> {
        self.0.iter().map(|(awaited, _)| awaited.as_str()).filter(|awaited| !ids.contains(awaited))
    }
}
