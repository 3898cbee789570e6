use proptest::prelude::*;

use super::*;

fn codes(codes: &[&str]) -> Vec<String> {
    codes.iter().map(|code| (*code).to_owned()).collect()
}

fn check(commune: &str, perimeter: &Perimeter, siren: Option<&str>, expected: bool) {
    assert_eq!(commune_covered(commune, perimeter, siren), expected, "{commune} in {perimeter:?} of {siren:?}");
}

#[test]
fn the_departement_is_read_off_the_code() {
    let of = |code| departement_of(code).map(Departement::code);
    assert_eq!(of("67482"), Some("67"));
    assert_eq!(of("2A004"), Some("2A"));
    assert_eq!(of("2B033"), Some("2B"));
    assert_eq!(of("97411"), Some("974"));
    assert_eq!(of("98818"), Some("988"));
    for none in ["", "6748", "674822", "2C004", "99123", "00001", "20004", "6748a", "97911", "é482"] {
        assert_eq!(of(none), None, "{none}");
    }
}

#[test]
fn each_list_covers_in_its_own_way() {
    let strasbourg = "67482";
    check(strasbourg, &Perimeter { fr_entiere: true, ..Perimeter::default() }, None, true);
    check(strasbourg, &Perimeter { geo_codes: codes(&["67482"]), ..Perimeter::default() }, None, true);
    check(strasbourg, &Perimeter { departments: codes(&["67"]), ..Perimeter::default() }, None, true);
    check(strasbourg, &Perimeter { regions: codes(&["44"]), ..Perimeter::default() }, None, true);
    check(strasbourg, &Perimeter::default(), None, false);
    // 44 is the région Grand Est and the département Loire-Atlantique.
    check("44109", &Perimeter { regions: codes(&["44"]), ..Perimeter::default() }, None, false);
    check(strasbourg, &Perimeter { departments: codes(&["44"]), ..Perimeter::default() }, None, false);
}

#[test]
fn epci_count_only_alone() {
    let epci = Perimeter { epci: codes(&["246700488"]), ..Perimeter::default() };
    check("67482", &epci, None, true);
    check("35238", &epci, None, false);
    check("35238", &epci, Some("246700488"), true);
    check("67482", &Perimeter { geo_codes: codes(&["67001"]), ..epci.clone() }, Some("246700488"), false);
    check("67482", &Perimeter { departments: codes(&["35"]), ..epci }, None, false);
}

#[test]
fn arrondissements_are_covered_by_their_city_and_its_epci_and_not_the_other_way() {
    let lyon = Perimeter { epci: codes(&["200046977"]), ..Perimeter::default() };
    for code in ["69123", "69381", "69389"] {
        check(code, &lyon, None, true);
    }
    check("75101", &lyon, None, false);
    for (city, part, other) in [("75056", "75101", "75120"), ("69123", "69381", "69389"), ("13055", "13201", "13216")] {
        let whole = Perimeter { geo_codes: codes(&[city]), ..Perimeter::default() };
        check(part, &whole, None, true);
        let one = Perimeter { geo_codes: codes(&[part]), ..Perimeter::default() };
        check(part, &one, None, true);
        check(city, &one, None, false);
        check(other, &one, None, false);
    }
}

#[test]
fn codes_are_taken_as_they_come() {
    let communes = |list: &[&str]| Perimeter { geo_codes: codes(list), ..Perimeter::default() };
    check("01004", &communes(&["1004"]), None, true);
    check("2A004", &communes(&[" 2a004 "]), None, true);
    // A commune merged into another, on either side.
    check("49069", &communes(&["49126"]), None, true);
    check("49126", &communes(&["49069"]), None, true);
    for (text, commune) in [
        (" 67 ", "67482"),
        ("1", "01004"),
        ("69D", "69123"),
        ("69m", "69381"),
        ("2a", "2A004"),
        ("20", "2A004"),
        ("20", "2B033"),
    ] {
        check(commune, &Perimeter { departments: codes(&[text]), ..Perimeter::default() }, None, true);
    }
    check("97411", &Perimeter { regions: codes(&[" 4"]), ..Perimeter::default() }, None, true);
    check("97411", &Perimeter { regions: codes(&["974"]), ..Perimeter::default() }, None, false);
    check("67482", &Perimeter { epci: codes(&[" 246700488 "]), ..Perimeter::default() }, None, true);
}

fn any_perimeter() -> impl Strategy<Value = Perimeter> {
    let some =
        |all: &'static [&'static str]| prop::sample::subsequence(all, 0..=all.len()).prop_map(|list| codes(&list));
    (
        prop::bool::weighted(0.1),
        some(&["67482", "67447", "2A004", "97411", "35238"]),
        some(&["67", "2A", "974", "44"]),
        some(&["44", "94", "04"]),
        some(&["246700488", "243500139"]),
    )
        .prop_map(|(fr_entiere, geo_codes, departments, regions, epci)| Perimeter {
            fr_entiere,
            geo_codes,
            departments,
            regions,
            epci,
        })
}

proptest! {
    #[test]
    fn what_is_within_is_what_is_covered_in_order(
        perimeter in any_perimeter(),
        communes in prop::collection::vec(
            prop::sample::select(&["67482", "67447", "67001", "2A004", "2B033", "97411", "35238", "44109", "01001"][..]), 0..20),
    ) {
        let communes: Vec<GeoCode> = communes.into_iter().filter_map(GeoCode::parse).collect();
        let coverage = perimeter.coverage(Some("246700488"));
        let one_by_one: Vec<GeoCode> = communes.iter().copied().filter(|&code| coverage.covers(code)).collect();
        prop_assert_eq!(coverage.covers_one_of(&communes), !one_by_one.is_empty());
        prop_assert_eq!(coverage.within(&communes), one_by_one);
    }
}
