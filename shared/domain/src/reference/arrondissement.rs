//! The 45 municipal arrondissements of Paris, Lyon and Marseille: places with an INSEE code of their own, that are no
//! communes but parts of one. The embedded file holds communes only, and their codes follow one another: a rule.

use super::territory::{self, Commune};

/// The codes of a city's arrondissements, from the first to the last, and the city's own.
const CITIES: [(u32, u32, &str); 3] = [(75_101, 75_120, "75056"), (69_381, 69_389, "69123"), (13_201, 13_216, "13055")];

/// The city an arrondissement is part of; `None` for any other code.
#[must_use]
pub fn city_code(code: &str) -> Option<&'static str> {
    if code.len() != 5 || !code.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number: u32 = code.parse().ok()?;
    CITIES.iter().find(|(first, last, _)| (*first..=*last).contains(&number)).map(|(.., city)| *city)
}

/// The commune this code stands for today: a commune, one merged into another, or the city of an arrondissement.
#[must_use]
pub fn commune_or_city(code: &str) -> Option<Commune> {
    territory::commune(city_code(code).unwrap_or(code))
}

/// The codes of the arrondissements of a city; none for any other commune.
pub fn arrondissements_of(city: &str) -> impl Iterator<Item = String> {
    let found = CITIES.iter().find(|(.., code)| *code == city);
    found.into_iter().flat_map(|(first, last, _)| (*first..=*last).map(|number| number.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_arrondissement_is_part_of_its_city() {
        for (code, city) in [
            ("75101", Some("75056")),
            ("75120", Some("75056")),
            ("75121", None),
            ("69380", None),
            ("69381", Some("69123")),
            ("69389", Some("69123")),
            ("13201", Some("13055")),
            ("13216", Some("13055")),
            ("13217", None),
            ("75056", None),
            ("+7510", None),
            ("", None),
        ] {
            assert_eq!(city_code(code), city, "{code}");
        }
        assert_eq!(["75056", "69123", "13055"].map(|city| arrondissements_of(city).count()), [20, 9, 16]);
        assert_eq!(arrondissements_of("67482").count(), 0);
    }

    #[test]
    fn a_code_stands_for_the_commune_of_today() {
        let code = |code| commune_or_city(code).map(Commune::code);
        assert_eq!(code("69381"), Some("69123"));
        assert_eq!(code("49126"), code("49069"));
        assert_eq!(code("67482"), Some("67482"));
        assert_eq!(code("99999"), None);
    }
}
