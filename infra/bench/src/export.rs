//! `bench export`: 100,000 rows of housing as a workbook; rows per second and peak memory.

use std::time::Instant;

use domain::droits::perimeter::GeoCode;
use passerelle::store::droits::Housing;
use rights_checker::Export;
use uuid::Uuid;

use crate::failure::Failure;
use crate::process::Usage;

/// Rows of the file.
const ROWS: u128 = 100_000;
/// The spec's bound.
const MEMORY_MIB: f64 = 64.0;

/// Writes the file in this process, which has done nothing else, and prints what it took.
pub(crate) fn run() -> Result<(), Failure> {
    let failed = |detail: String| Failure::process("export", detail);
    let commune = GeoCode::parse("67482").ok_or_else(|| failed("code refusé".to_owned()))?;
    let began = Instant::now();
    let mut export = Export::new().map_err(|error| failed(error.to_string()))?;
    for row in 1..=ROWS {
        let owner_ids = vec![Uuid::from_u128(row << 64)];
        let housing = Housing { id: Uuid::from_u128(row), geo_code: commune, status: 1, owner_ids };
        export.add(&housing).map_err(|error| failed(error.to_string()))?;
    }
    let file = export.finish().map_err(|error| failed(error.to_string()))?;
    let seconds = began.elapsed().as_secs_f64();
    let memory = Usage::of("self").peak_mib;
    crate::print(&format!(
        "{ROWS} lignes en {seconds:.2} s : {:.0} lignes/s ; fichier {:.1} Mio ; mémoire, au plus {memory:.0} Mio \
         (à tenir : {MEMORY_MIB} Mio)\n",
        ROWS as f64 / seconds,
        file.len() as f64 / f64::from(1 << 20),
    ))
}
