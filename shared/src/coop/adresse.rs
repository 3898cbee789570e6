//! The street of an address, out of its parts.

use super::texte::present;

/// `numero_voie`, `repetition` and `nom_voie` with blanks between; a number 0 and absent parts are left out. Empty when
/// nothing is there.
#[must_use]
pub fn adresse(numero_voie: Option<i64>, repetition: Option<&str>, nom_voie: Option<&str>) -> String {
    let numero = numero_voie.filter(|numero| *numero != 0).map(|numero| numero.to_string());
    let parts = [numero.as_deref(), present(repetition), present(nom_voie)];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_absent_is_left_out() {
        assert_eq!(adresse(Some(45), Some("bis"), Some("Avenue")), "45 bis Avenue");
        assert_eq!(adresse(Some(0), None, Some(" Bourg  ")), "Bourg");
        assert_eq!(adresse(None, Some("null"), None), "");
    }
}
