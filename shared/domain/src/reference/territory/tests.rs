use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

fn check(code: &str, current: &str, departement: &str, region: &str, epci: Option<&str>) {
    let commune = commune(code).unwrap_or_else(|| panic!("{code} exists"));
    assert_eq!(commune.code(), current);
    assert_eq!(commune.departement().code(), departement, "{code}");
    assert_eq!(commune.region().code(), region, "{code}");
    assert_eq!(commune.epci().map(Epci::code), epci, "{code}");
}

#[test]
fn the_whole_of_france_is_there() {
    assert_eq!(communes().len(), 34_969);
    assert_eq!(all_epci().len(), 1_255);
    assert_eq!(departements().len(), 109);
    assert_eq!(regions().len(), 26);
    assert_eq!(file::FORMER.count(), 4_240);
    assert_eq!(all_epci().flat_map(Epci::communes).count(), 34_871);
}

#[test]
fn known_communes() {
    check("67482", "67482", "67", "44", Some("246700488"));
    check("97411", "97411", "974", "04", Some("249740119"));
    check("2A004", "2A004", "2A", "94", Some("242010056"));
    check("69123", "69123", "69", "84", Some("200046977"));
    check("75056", "75056", "75", "11", Some("200054781"));
    check("01001", "01001", "01", "84", Some("200069193"));
    check("95690", "95690", "95", "11", Some("249500513"));
    // The island of Yeu, in no EPCI.
    check("85113", "85113", "85", "52", None);
}

#[test]
fn overseas_collectivities_are_communes_like_others() {
    check("97502", "97502", "975", "975", None);
    check("97701", "97701", "977", "977", None);
    check("97801", "97801", "978", "978", None);
    check("98735", "98735", "987", "987", None);
    check("98818", "98818", "988", "988", None);
}

#[test]
fn former_codes_lead_to_the_commune_of_today() {
    check("74011", "74010", "74", "84", Some("200066793"));
    // Corsica was one département until 1976.
    check("20004", "2A004", "2A", "94", Some("242010056"));
    // An associated commune that crossed a boundary.
    check("02285", "59545", "59", "32", Some("200030633"));
    // Attached to one commune, then to another.
    assert_eq!(commune("55273").map(Commune::code), Some("55386"));
    assert_eq!(commune("60455").map(Commune::code), Some("60694"));
    for rank in 0..file::FORMER.count() {
        let code = file::FORMER.code(rank);
        assert_eq!(file::COMMUNES.find(code), None, "{code} is current");
        assert!(commune(code).is_some_and(|commune| commune.code() != code));
    }
}

#[test]
fn what_is_no_commune_is_refused() {
    let arrondissements = (75_101..=75_120).chain(13_201..=13_216).chain(69_381..=69_389).map(|code| code.to_string());
    let others =
        ["", "67", "67999", "6748", "674820", "2a004", "2C004", "99132", " 67482", "67482 ", "é7482", "246700488"];
    for code in arrondissements.chain(others.map(String::from)) {
        assert_eq!(commune(&code), None, "{code}");
    }
}

#[test]
fn codes_of_one_kind_are_not_those_of_another() {
    assert_eq!(region("44").map(Region::code), Some("44"));
    assert_eq!(departement("44").map(|it| it.region().code()), Some("52"));
    for code in ["", " ", "4", "44 ", "2", "2a", "20", "97", "970", "9744", "99"] {
        assert_eq!(departement(code), None, "{code:?}");
    }
    for code in ["", "67", "974", "05 ", "4"] {
        assert_eq!(region(code), None, "{code:?}");
    }
    for siren in ["", "67482", "246700489", "24670048", "2467004880", "246700488 "] {
        assert_eq!(epci(siren), None, "{siren:?}");
    }
}

#[test]
fn an_epci_names_its_communes_and_departements() {
    let strasbourg = epci("246700488").unwrap();
    let codes: Vec<_> = strasbourg.communes().map(Commune::code).collect();
    assert_eq!(codes.len(), 33);
    assert!(codes.is_sorted() && codes.contains(&"67482"));
    assert_eq!(strasbourg.departements().map(Departement::code).collect::<Vec<_>>(), ["67"]);

    let grand_paris = epci("200054781").unwrap();
    assert_eq!(grand_paris.communes().count(), 130);
    assert_eq!(
        grand_paris.departements().map(Departement::code).collect::<Vec<_>>(),
        ["75", "91", "92", "93", "94", "95"]
    );
    assert_eq!(all_epci().filter(|epci| epci.departements().count() > 1).count(), 89);
}

#[test]
fn the_relations_hold_both_ways() {
    for epci in all_epci() {
        assert!(crate::reference::siren::Siren::parse(epci.code()).is_ok());
        assert!(epci.communes().count() > 0);
        assert!(epci.communes().all(|commune| commune.epci() == Some(epci)), "{epci}");
    }
    let by_departement: Vec<_> = departements().flat_map(Departement::communes).collect();
    assert!(by_departement.into_iter().eq(communes()));
    for departement in departements() {
        assert!(departement.communes().count() > 0, "{departement}");
        assert!(departement.communes().all(|it| it.departement() == departement), "{departement}");
        assert!(departement.communes().all(|it| it.code().starts_with(departement.code())), "{departement}");
    }
    let by_region: BTreeSet<_> = regions().flat_map(Region::communes).collect();
    assert!(by_region.into_iter().eq(communes()));
    assert_eq!(region("94").unwrap().departements().map(Departement::code).collect::<Vec<_>>(), ["2A", "2B"]);
}

#[test]
fn codes_are_sorted_and_found_again() {
    assert!(communes().map(Commune::code).is_sorted_by(|left, right| left < right));
    assert!(communes().all(|it| commune(it.code()) == Some(it)));
    assert!(all_epci().all(|it| epci(it.code()) == Some(it)));
    assert!(departements().all(|it| departement(it.code()) == Some(it)));
    assert!(regions().all(|it| region(it.code()) == Some(it)));
    assert_eq!(format!("{:?} {}", commune("67482"), epci("246700488").unwrap()), "Some(Commune(67482)) 246700488");
}

proptest! {
    #[test]
    fn any_text_may_be_looked_up(code in "\\PC{0,12}|[0-9][0-9AB][0-9]{3}") {
        if let Some(found) = commune(&code) {
            prop_assert_eq!(commune(found.code()), Some(found));
            prop_assert!(found.departement().communes().any(|it| it == found));
        }
        prop_assert!(epci(&code).is_none_or(|it| it.code() == code));
        prop_assert!(departement(&code).is_none_or(|it| it.code() == code));
        prop_assert!(region(&code).is_none_or(|it| it.code() == code));
    }
}
