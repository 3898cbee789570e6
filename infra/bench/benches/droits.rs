//! What a decision of droits costs: `cargo bench -p bench --bench droits`.

use std::hint::black_box;

use chrono::{DateTime, TimeDelta, Utc};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use domain::droits::account::{Establishment, Prospect, Role, User};
use domain::droits::creation::{self, CreationFacts};
use domain::droits::decision::{Decision, Pending, Step};
use domain::droits::perimeter::{GeoCode, Perimeter};
use domain::droits::portail_df::{Consultation, Entry, Fetched, PortailGroup, PortailStructure};
use domain::droits::sign_in::{self, Password, SecondFactor, SignInFacts};
use domain::reference::territory;
use uuid::Uuid;

fn communes(count: usize) -> Vec<GeoCode> {
    // There are 34,969 of them: a few come twice.
    let all = (0..2).flat_map(|_| territory::communes());
    all.filter_map(|commune| GeoCode::parse(commune.code())).take(count).collect()
}

fn establishment(communes: Vec<GeoCode>) -> Establishment {
    Establishment { id: Uuid::nil(), siren: "246700488".to_owned(), name: "EMS".to_owned(), geo_codes: communes }
}

fn entry(now: DateTime<Utc>) -> Entry {
    Entry {
        date_expiration: Fetched::None,
        cgu_valide: true,
        structure: Fetched::Known(PortailStructure {
            id: 1,
            siren: "246700488".to_owned(),
            name: "EMS".to_owned(),
            acces_lovac: Fetched::Known(now + TimeDelta::days(1)),
        }),
        group: Fetched::Known(PortailGroup { id: 1, niveau_acces: Some("lovac".to_owned()), lovac: true }),
        perimeter: Fetched::Known(Perimeter { departments: vec!["67".to_owned()], ..Perimeter::default() }),
    }
}

fn finish<P: Pending>(step: Step<P>, consultation: &Consultation, now: DateTime<Utc>) -> Decision<P::Outcome> {
    match step {
        Step::Decided(decision) => decision,
        Step::AskPortailDf(pending) => pending.finish(consultation, now),
    }
}

fn decisions(criterion: &mut Criterion) {
    let now = DateTime::UNIX_EPOCH + TimeDelta::days(20_000);
    let consultation = Consultation::Answered(vec![entry(now)]);
    let establishment = establishment(GeoCode::parse("67482").into_iter().collect());
    let prospect = Prospect { email: String::new(), has_account: true, has_commitment: true };
    criterion.bench_function("décision de création", |bencher| {
        let facts = CreationFacts {
            test_account: false,
            prospect: Some(&prospect),
            establishment: Some(&establishment),
            email_used: false,
        };
        bencher.iter(|| finish(creation::begin(black_box(&facts)), &consultation, now));
    });
    let user = User {
        id: Uuid::nil(),
        email: String::new(),
        role: Role::Usual,
        establishment_id: Uuid::nil(),
        suspension: None,
        created_at: None,
        deleted_at: None,
        last_authenticated_at: None,
        deletion_announced: None,
    };
    criterion.bench_function("décision de connexion", |bencher| {
        let facts = SignInFacts {
            user: Some(&user),
            password: Password::Right,
            second_factor: SecondFactor::Satisfied,
            establishment: Some(&establishment),
            member: true,
            checked_before: true,
        };
        bencher.iter(|| finish(sign_in::begin(black_box(&facts)), &consultation, now));
    });
}

fn effective_geo_codes(criterion: &mut Criterion) {
    let list = |codes: &[&str]| codes.iter().map(|code| (*code).to_owned()).collect::<Vec<_>>();
    let perimeters = [
        ("département", Perimeter { departments: list(&["67", "68", "35"]), ..Perimeter::default() }),
        ("région", Perimeter { regions: list(&["44", "53"]), ..Perimeter::default() }),
        ("EPCI", Perimeter { epci: list(&["243500139", "200046977"]), ..Perimeter::default() }),
    ];
    let mut group = criterion.benchmark_group("effectiveGeoCodes");
    for count in [5_000, 35_000] {
        let communes = communes(count);
        group.throughput(Throughput::Elements(count as u64));
        for (name, perimeter) in &perimeters {
            group.bench_with_input(BenchmarkId::new(*name, count), perimeter, |bencher, perimeter| {
                // The perimeter is made ready anew each time, as at each request.
                bencher.iter(|| perimeter.coverage(Some("246700488")).within(black_box(&communes)));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, decisions, effective_geo_codes);
criterion_main!(benches);
