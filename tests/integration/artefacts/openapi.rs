//! The `OpenAPI` document, the routes and the pages say the same thing.

use std::collections::BTreeSet;

use acceptance::api::{Answer, Call};
use acceptance::workspace::root;
use axum::Router;
use engines::Storage;
use http::{StatusCode, header};
use passerelle::platform::clock::Clock;
use passerelle::web::problem::Code;
use passerelle_local::stack::{Stack, StackOptions};
use projects_api::{App, Config, router};
use serde_json::Value;

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// An API, its document and its table of routes.
struct Described {
    /// Where it begins, and the name of its file.
    name: &'static str,
    document: fn() -> Result<String, serde_json::Error>,
    operations: &'static [(&'static str, &'static str)],
    /// The operations that ask for no credentials, and what an empty request of each is answered.
    public: &'static [(&'static str, &'static str, StatusCode)],
}

const APIS: [Described; 3] = [
    Described {
        name: "communs",
        document: projects_api::document,
        operations: projects_api::OPERATIONS,
        public: &[("get", "/openapi.json", StatusCode::OK)],
    },
    Described {
        name: "droits",
        document: rights_checker::document,
        operations: rights_checker::OPERATIONS,
        public: &[
            ("get", "/openapi.json", StatusCode::OK),
            ("post", "/signup-links", StatusCode::UNSUPPORTED_MEDIA_TYPE),
            ("post", "/password-resets", StatusCode::UNSUPPORTED_MEDIA_TYPE),
            ("post", "/password-resets/completion", StatusCode::UNSUPPORTED_MEDIA_TYPE),
            ("post", "/users/creation", StatusCode::UNSUPPORTED_MEDIA_TYPE),
            ("post", "/authenticate", StatusCode::UNSUPPORTED_MEDIA_TYPE),
            ("post", "/authenticate/verify-2fa", StatusCode::UNSUPPORTED_MEDIA_TYPE),
        ],
    },
    Described {
        name: "coop",
        document: dataspace_sync::document,
        operations: dataspace_sync::OPERATIONS,
        public: &[("get", "/openapi.json", StatusCode::OK)],
    },
];

impl Described {
    fn prefix(&self) -> String {
        format!("/{}/v1", self.name)
    }

    fn document(&self) -> Value {
        serde_json::from_str(&(self.document)().unwrap()).unwrap()
    }
}

async fn api() -> Router {
    let options = StackOptions::new(Storage::Memory, Clock::system());
    Stack::start(options).await.unwrap().api()
}

/// The function by itself, whatever the template routes to it.
async fn function() -> Router {
    let options = StackOptions::new(Storage::Memory, Clock::system());
    let stack = Stack::start(options).await.unwrap();
    let variables = stack.variables("ProjectsApi");
    let config = Config::read(|name| variables.get(name).cloned()).unwrap();
    router(App::start(stack.sdk(), config, Clock::system()).await.unwrap())
}

/// An anonymous request.
async fn ask(api: &Router, method: &str, path: &str) -> Answer {
    let call = Call { method: method.to_uppercase(), path: path.to_owned(), ..Call::default() };
    call.send(api).await.unwrap()
}

/// Method and path of every documented operation.
fn documented(document: &Value) -> BTreeSet<(&str, &str)> {
    let paths = document["paths"].as_object().unwrap();
    paths
        .iter()
        .flat_map(|(path, item)| METHODS.into_iter().filter(|m| item.get(m).is_some()).map(|m| (m, path.as_str())))
        .collect()
}

#[test]
fn the_committed_document_is_the_one_the_code_describes() {
    for api in APIS {
        let file = root().join(format!("docs/openapi/{}.json", api.name));
        expectorate::assert_contents(file, &(api.document)().unwrap());
    }
}

#[test]
fn every_route_is_documented_and_every_documented_route_exists() {
    for api in APIS {
        let document = api.document();
        let routes: BTreeSet<(&str, &str)> = api.operations.iter().copied().collect();
        assert_eq!(routes.len(), api.operations.len(), "a route is listed twice");
        assert_eq!(routes, documented(&document));
    }
}

#[tokio::test]
async fn the_router_answers_exactly_the_documented_operations() {
    let router = api().await;
    for api in APIS {
        let document = api.document();
        let documented = documented(&document);
        let paths: BTreeSet<&str> = documented.iter().map(|(_, path)| *path).collect();
        for path in paths {
            // Braces are no character of a path: a name stands for any value.
            let address = format!("{}{}", api.prefix(), path.replace(['{', '}'], ""));
            for method in METHODS {
                let public = api.public.iter().find(|operation| (operation.0, operation.1) == (method, path));
                let expected = match public {
                    Some((_, _, answer)) => *answer,
                    None if documented.contains(&(method, path)) => StatusCode::UNAUTHORIZED,
                    None => StatusCode::METHOD_NOT_ALLOWED,
                };
                assert_eq!(ask(&router, method, &address).await.status, expected, "{method} {address}");
            }
        }
    }
    let api = router;
    for unknown in [
        "/communs/v1/nulle-part",
        "/droits/v1/nulle-part",
        "/coop/v1/nulle-part",
        "/communs/v1/projects/x/y/z",
        "/problems/inconnu",
    ] {
        let answer = ask(&api, "get", unknown).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{unknown}");
        assert_eq!(answer.header(header::CONTENT_TYPE), "application/problem+json", "{unknown}");
    }
}

#[test]
fn every_operation_is_described_for_people_and_names_who_may_call_it() {
    for api in APIS {
        let document = api.document();
        let mut ids = BTreeSet::new();
        for (method, path) in documented(&document) {
            let operation = &document["paths"][path][method];
            for member in ["summary", "description", "operationId"] {
                assert!(operation[member].as_str().is_some_and(|text| !text.is_empty()), "{method} {path}: {member}");
            }
            assert!(ids.insert(operation["operationId"].as_str().unwrap()), "{method} {path}: operationId used twice");
            let keyless = operation["security"][0].as_object().is_some_and(serde_json::Map::is_empty);
            let public = api.public.iter().any(|operation| (operation.0, operation.1) == (method, path));
            assert_eq!(keyless, public, "{method} {path}: security");
            for name in path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')) {
                let parameters = operation["parameters"].as_array().unwrap();
                let found = parameters.iter().any(|p| p["in"] == "path" && p["name"] == name && p["required"] == true);
                assert!(found, "{method} {path}: parameter {name}");
            }
        }
    }
}

#[test]
fn every_reference_of_the_document_leads_somewhere() {
    fn check(document: &Value, part: &Value) {
        match part {
            Value::Object(members) => {
                if let Some(Value::String(reference)) = members.get("$ref") {
                    let pointer = reference.strip_prefix('#').unwrap();
                    assert!(document.pointer(pointer).is_some(), "{reference}");
                }
                members.values().for_each(|member| check(document, member));
            }
            Value::Array(items) => items.iter().for_each(|item| check(document, item)),
            _ => {}
        }
    }
    for api in APIS {
        let document = api.document();
        check(&document, &document);
    }
}

#[tokio::test]
async fn the_documentation_needs_no_key_and_nothing_from_elsewhere() {
    let api = api().await;
    for described in APIS {
        let prefix = described.prefix();
        let served = ask(&api, "get", &format!("{prefix}/openapi.json")).await;
        assert_eq!(served.header(header::CONTENT_TYPE), "application/json");
        assert_eq!(serde_json::from_str::<Value>(&served.whole_text()).unwrap(), described.document());
        loads_only_what_we_serve(&api, &format!("{prefix}/docs")).await;
    }
}

async fn loads_only_what_we_serve(api: &Router, page: &str) {
    let page = ask(api, "get", page).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.header(header::CONTENT_SECURITY_POLICY).starts_with("default-src 'none'"));
    let page_text = page.whole_text();
    let loaded: Vec<&str> =
        page_text.split(['"']).filter(|part| part.ends_with(".js") || part.ends_with(".css")).collect();
    assert_eq!(loaded.len(), 3, "{loaded:?}");
    for file in loaded {
        assert!(file.starts_with("/communs/v1/docs/"), "{file} is not served by us");
        let answer = ask(api, "get", file).await;
        assert_eq!(answer.status, StatusCode::OK, "{file}");
        assert!(!answer.bytes.is_empty(), "{file}");
        let media_type = if file.ends_with(".js") { "text/javascript" } else { "text/css" };
        assert!(answer.header(header::CONTENT_TYPE).starts_with(media_type), "{file}");
        let gzipped = answer.bytes.starts_with(&[0x1f, 0x8b]);
        assert_eq!(answer.header(header::CONTENT_ENCODING) == "gzip", gzipped, "{file}");
    }
}

#[tokio::test]
async fn every_problem_has_its_page() {
    let api = function().await;
    let index = ask(&api, "get", "/problems").await;
    for code in Code::ALL {
        let (status, name, _) = code.facts();
        assert!(index.whole_text().contains(&format!("/problems/{name}")), "{name} is not in the list");
        let page = ask(&api, "get", &format!("/problems/{name}")).await;
        assert_eq!(page.status, StatusCode::OK, "{name}");
        assert_eq!(page.header(header::CONTENT_TYPE), "text/html; charset=utf-8", "{name}");
        for expected in [name, &status.to_string(), "Quand cela arrive", "Que faire"] {
            assert!(page.whole_text().contains(expected), "{name}: {expected}");
        }
    }
}
