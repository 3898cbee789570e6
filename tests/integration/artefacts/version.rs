//! One version, wherever a person or a program may ask for it.

use acceptance::api::{Api, Caller};
use engines::Storage;
use http::{Method, StatusCode};
use passerelle::VERSION;
use passerelle::platform::clock::Clock;
use passerelle_local::stack::{Stack, StackOptions};

#[tokio::test]
async fn documents_and_answers_carry_the_version_of_the_workspace() {
    assert_eq!(VERSION, env!("CARGO_PKG_VERSION"));
    let options = StackOptions::new(Storage::Memory, Clock::system());
    let router = Stack::start(options).await.unwrap().api();
    for prefix in ["/communs/v1", "/droits/v1", "/coop/v1"] {
        let api = Api::under(prefix, router.clone());
        let document = api.send(&Method::GET, "/openapi.json", &Caller::default(), None).await;
        assert_eq!(document.body["info"]["version"], VERSION, "{prefix}");
        let unknown = api.send(&Method::GET, "/nulle-part", &Caller::default(), None).await;
        for (answer, status) in [(document, StatusCode::OK), (unknown, StatusCode::NOT_FOUND)] {
            assert_eq!(answer.status, status, "{prefix}");
            let told: Vec<_> = answer.headers.get_all("x-passerelle-version").iter().collect();
            assert_eq!(told, [VERSION], "{prefix} {status}");
        }
    }
}
