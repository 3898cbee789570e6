//! Exports as xlsx: rows are written as they come, in constant memory; the header stays in view, columns are typed.

use passerelle::store::droits::Housing;
use rust_xlsxwriter::{Format, Workbook, XlsxError};

/// The media type of the answer.
pub(crate) const MEDIA_TYPE: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// The largest file: Lambda answers 6 MB, of which base64 leaves three quarters.
pub(crate) const MAX_BYTES: usize = 4_400_000;

/// Columns, with their widths.
const COLUMNS: [(&str, f64); 4] =
    [("Logement", 38.0), ("Commune (INSEE)", 16.0), ("Statut", 8.0), ("Propriétaires", 60.0)];

/// A file being written.
pub struct Export {
    workbook: Workbook,
    rows: u32,
}

impl Export {
    /// A file with its header row.
    ///
    /// # Errors
    /// When its temporary file cannot be written.
    pub fn new() -> Result<Self, XlsxError> {
        let mut workbook = Workbook::new();
        let sheet = workbook.add_worksheet_with_constant_memory()?;
        sheet.set_name("Logements")?;
        sheet.set_freeze_panes(1, 0)?;
        let bold = Format::new().set_bold();
        for (column, (title, width)) in (0..).zip(COLUMNS) {
            sheet.set_column_width(column, width)?;
            sheet.write_with_format(0, column, title, &bold)?;
        }
        Ok(Self { workbook, rows: 0 })
    }

    /// Adds a row. Codes are texts, so that leading zeros stay; the status is a number.
    ///
    /// # Errors
    /// When its temporary file cannot be written.
    pub fn add(&mut self, housing: &Housing) -> Result<(), XlsxError> {
        self.rows += 1;
        let owners: Vec<String> = housing.owner_ids.iter().map(ToString::to_string).collect();
        let sheet = self.workbook.worksheet_from_index(0)?;
        sheet.write(self.rows, 0, housing.id.to_string())?;
        sheet.write(self.rows, 1, housing.geo_code.as_str())?;
        sheet.write(self.rows, 2, housing.status)?;
        sheet.write(self.rows, 3, owners.join(", "))?;
        Ok(())
    }

    /// The finished file.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn finish(mut self) -> Result<Vec<u8>, XlsxError> {
        self.workbook.save_to_buffer()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use calamine::{Data, Reader as _, Xlsx};
    use domain::droits::perimeter::GeoCode;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_file_opens_elsewhere_with_its_types() {
        let mut export = Export::new().unwrap();
        let housing = Housing {
            id: Uuid::from_u128(1),
            geo_code: GeoCode::parse("01001").unwrap(),
            status: 3,
            owner_ids: vec![Uuid::from_u128(2), Uuid::from_u128(3)],
        };
        export.add(&housing).unwrap();
        let mut read: Xlsx<_> = Xlsx::new(Cursor::new(export.finish().unwrap())).unwrap();
        let sheet = read.worksheet_range("Logements").unwrap();
        assert_eq!(sheet.get_value((0, 0)), Some(&Data::String("Logement".to_owned())));
        assert_eq!(sheet.get_value((1, 1)), Some(&Data::String("01001".to_owned())));
        assert_eq!(sheet.get_value((1, 2)), Some(&Data::Float(3.0)));
        assert_eq!(sheet.height(), 2);
    }
}
