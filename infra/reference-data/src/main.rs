//! Builds the compact file of communes, EPCI, départements and régions that the shared crate embeds.
//!
//! ```text
//! npm pack @etalab/decoupage-administratif@6.0.0 --pack-destination target
//! tar xzf target/etalab-decoupage-administratif-6.0.0.tgz -C target
//! cargo run -p reference-data -- target/package/data shared/domain/src/reference/territory/cog-2026.bin
//! ```
//!
//! The output depends on the input alone. Its layout is described in `shared/domain/src/reference/territory/file.rs`.

mod encode;
mod source;

use std::error::Error;
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [data, output] = arguments.as_slice() else {
        return Err("usage: reference-data DOSSIER_JSON FICHIER".into());
    };
    let territory = source::read(Path::new(data))?;
    std::fs::write(output, encode::encode(&territory)?)?;
    Ok(())
}
