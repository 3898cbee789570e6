//! The layout of the embedded file `cog-2026.bin`, written by `infra/reference-data`.
//!
//! Numbers are two bytes, little-endian; codes are ASCII. After the magic come six counts (régions, départements,
//! communes, former codes, EPCI, members), then the sections, each an array of records of one size sorted by code:
//!
//! | section | record |
//! |---|---|
//! | régions | code (3, filled up with blanks) |
//! | départements | code (3, filled up with blanks), rank of the région, rank of the first commune |
//! | communes | code (5) |
//! | EPCI of each commune | rank of the EPCI, or 0xFFFF |
//! | former codes | code (5), rank of the current commune |
//! | EPCI | SIREN (9), rank of the first member |
//! | members | rank of the commune, sorted within each EPCI |
//!
//! The places of the sections, and that they fill the file exactly, are worked out by the compiler.

static FILE: &[u8] = include_bytes!("cog-2026.bin");

const MAGIC: &[u8; 8] = b"COG2026\n";
const HEADER: usize = MAGIC.len() + 6 * 2;

/// Where the rank of the région stands in a record of [`DEPARTEMENTS`].
pub(super) const REGION: usize = 3;
/// Where the rank of the first commune stands in a record of [`DEPARTEMENTS`].
pub(super) const FIRST_COMMUNE: usize = 5;
/// The length of the code of a commune; in [`FORMER`] the rank of the commune follows it.
pub(super) const CODE: usize = 5;
/// The length of a SIREN; in [`EPCI`] the rank of the first member follows it.
pub(super) const SIREN: usize = 9;
/// Stands for "this commune is in no EPCI".
pub(super) const NO_EPCI: u16 = u16::MAX;

pub(super) static REGIONS: Section = Section::after_header(0, 3, 3);
pub(super) static DEPARTEMENTS: Section = REGIONS.followed_by(1, 7, 3);
pub(super) static COMMUNES: Section = DEPARTEMENTS.followed_by(2, CODE, CODE);
pub(super) static EPCI_OF_COMMUNE: Section = COMMUNES.followed_by(2, 2, 0);
pub(super) static FORMER: Section = EPCI_OF_COMMUNE.followed_by(3, CODE + 2, CODE);
pub(super) static EPCI: Section = FORMER.followed_by(4, SIREN + 2, SIREN);
pub(super) static MEMBERS: Section = EPCI.followed_by(5, 2, 0);

const _: () = {
    let mut at = 0;
    while at < MAGIC.len() {
        assert!(FILE[at] == MAGIC[at], "cog-2026.bin is not the file expected");
        at += 1;
    }
    assert!(MEMBERS.end() == FILE.len(), "cog-2026.bin is cut or too long");
};

/// An array of records of one size, sorted by the code each begins with.
pub(super) struct Section {
    start: usize,
    count: u16,
    record: usize,
    code: usize,
}

impl Section {
    const fn after_header(count: usize, record: usize, code: usize) -> Self {
        Self { start: HEADER, count: header_count(count), record, code }
    }

    const fn followed_by(&self, count: usize, record: usize, code: usize) -> Self {
        Self { start: self.end(), count: header_count(count), record, code }
    }

    const fn end(&self) -> usize {
        self.start + self.count as usize * self.record
    }

    /// How many records there are.
    pub(super) fn count(&self) -> u16 {
        self.count
    }

    /// The rank of the record with this code.
    pub(super) fn find(&self, code: &str) -> Option<u16> {
        let rank = self.partition_point(|rank| self.code(rank) < code);
        (rank < self.count && self.code(rank) == code).then_some(rank)
    }

    /// The rank of the first record for which `before` is false; it must be true for all those ahead of it.
    pub(super) fn partition_point(&self, before: impl Fn(u16) -> bool) -> u16 {
        let (mut low, mut high) = (0, self.count);
        while low < high {
            let middle = low + (high - low) / 2;
            if before(middle) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    /// The code of a record. Codes are ASCII, so the empty text never stands in for one.
    pub(super) fn code(&self, rank: u16) -> &'static str {
        let at = self.at(rank);
        std::str::from_utf8(&FILE[at..at + self.code]).unwrap_or_default().trim_end()
    }

    /// The number that stands `offset` bytes into a record.
    pub(super) fn number(&self, rank: u16, offset: usize) -> u16 {
        let at = self.at(rank) + offset;
        u16::from_le_bytes([FILE[at], FILE[at + 1]])
    }

    fn at(&self, rank: u16) -> usize {
        self.start + usize::from(rank) * self.record
    }
}

const fn header_count(rank: usize) -> u16 {
    let at = MAGIC.len() + 2 * rank;
    u16::from_le_bytes([FILE[at], FILE[at + 1]])
}
