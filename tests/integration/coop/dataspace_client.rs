//! The client of the Dataspace against a stand-in: what is an answer, what is an error, and how often it asks.

use std::time::{Duration, Instant};

use acceptance::world::World;
use passerelle::clients::dataspace::{Dataspace as Client, FetchError, Fetched};
use passerelle::platform::secrets::Rotating;
use passerelle_local::stand_ins::Down;
use passerelle_local::stand_ins::dataspace::Answer;
use serde_json::{Value, json};

/// More than three tries ever take here.
const LONG: Duration = Duration::from_secs(25);

/// A world, and the client under test.
struct Asking {
    world: World,
    client: Client,
    secret: String,
}

impl Asking {
    async fn start() -> Self {
        let world = World::start().await;
        let secret = world.stack.variables("DataspaceSync")["DATASPACE_SECRET"].clone();
        let secrets = aws_sdk_secretsmanager::Client::new(world.stack.sdk());
        let key = Rotating::load(secrets, secret.clone(), world.clock.clock()).await.unwrap();
        let client = Client::new(&format!("{}/", world.dataspace.url()), key).unwrap();
        Self { world, client, secret }
    }

    async fn asked(&self, answer: Answer) -> (Result<Fetched, FetchError>, usize) {
        self.world.dataspace.answer_everyone(answer);
        let fetched = self.client.fetch("camille@example.fr", LONG).await;
        (fetched, self.world.dataspace.take_requests())
    }
}

fn person() -> Value {
    json!({"id": 7, "pg_id": 3, "is_coordinateur": false, "is_conseiller_numerique": true, "later": {}})
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_and_what_they_mean() {
    let asking = Asking::start().await;
    let (found, requests) = asking.asked(Answer::Person(person())).await;
    assert!(matches!(found, Ok(Fetched::Found(payload)) if payload.id == 7 && payload.pg_id == Some(3)));
    assert_eq!(requests, 1);
    for unknown in [
        Answer::Unknown,
        Answer::Raw("[null]".to_owned()),
        Answer::Raw(format!("[null,{}]", person())),
        Answer::Down(Down::Status(404)),
    ] {
        let (found, requests) = asking.asked(unknown.clone()).await;
        assert!(matches!(found, Ok(Fetched::NotFound)), "{unknown:?}: {found:?}");
        assert_eq!(requests, 1, "{unknown:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_what_may_pass_is_asked_three_times() {
    let asking = Asking::start().await;
    for status in [500, 502, 503, 504, 429] {
        let (found, requests) = asking.asked(Answer::Down(Down::Status(status))).await;
        assert!(matches!(found, Err(FetchError::Unavailable(_))), "{status}: {found:?}");
        assert_eq!(requests, 3, "{status}");
    }
    let (found, requests) = asking.asked(Answer::Down(Down::Closed)).await;
    assert!(matches!(found, Err(FetchError::Unavailable(_))), "{found:?}");
    assert_eq!(requests, 0, "a connection closed at once carried no request");
    for status in [201, 204, 301, 400, 401, 403, 410, 418, 422] {
        let (found, requests) = asking.asked(Answer::Down(Down::Status(status))).await;
        assert!(matches!(found, Err(FetchError::Refused(_))), "{status}: {found:?}");
        assert_eq!(requests, 1, "{status}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_is_not_understood_is_never_taken_for_an_answer() {
    let asking = Asking::start().await;
    let too_large = format!("[{{\"id\":7,\"filler\":\"{}\"}}]", "x".repeat(9 << 20));
    for raw in ["", "null", "{}", "\"\"", "0", "[{\"id\":7", "<html>", too_large.as_str()] {
        let (found, requests) = asking.asked(Answer::Raw(raw.to_owned())).await;
        assert!(matches!(found, Err(FetchError::Refused(_))), "{:.40}: {found:?}", raw);
        assert_eq!(requests, 1, "{:.40}", raw);
    }
    let mut lacking = person();
    lacking["is_conseiller_numerique"] = Value::Null;
    for broken in [lacking, json!("x"), json!({}), json!([]), json!(false)] {
        let (found, requests) = asking.asked(Answer::Person(broken.clone())).await;
        assert!(matches!(found, Err(FetchError::Contract(_))), "{broken}: {found:?}");
        assert_eq!(requests, 1, "{broken}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_dataspace_is_given_up_in_time_and_its_error_names_nobody() {
    let asking = Asking::start().await;
    asking.world.dataspace.answer_everyone(Answer::Down(Down::Hangs));
    let began = Instant::now();
    let found = asking.client.fetch("camille@example.fr", Duration::from_millis(300)).await;
    assert!(began.elapsed() < Duration::from_secs(3));
    let Err(error @ FetchError::Unavailable(_)) = found else { panic!("{found:?}") };
    assert!(!format!("{error} {error:?}").contains("camille"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_person_is_asked_for_by_a_clean_e_mail() {
    let asking = Asking::start().await;
    asking.world.dataspace.answer("jean+test@example.fr", Answer::Person(person()));
    let found = asking.client.fetch("  Jean+Test@Example.FR ", LONG).await;
    assert!(matches!(found, Ok(Fetched::Found(_))), "{found:?}");
    let found = asking.client.fetch("jean.test@example.fr", LONG).await;
    assert!(matches!(found, Ok(Fetched::NotFound)), "{found:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_replaced_since_it_was_read_serves_the_next_request() {
    let asking = Asking::start().await;
    asking.world.dataspace.answer_everyone(Answer::Person(person()));
    asking.world.dataspace.require_key("key-of-tomorrow");
    let found = asking.client.fetch("camille@example.fr", LONG).await;
    assert!(matches!(found, Err(FetchError::Refused(_))), "{found:?}");
    let secrets = aws_sdk_secretsmanager::Client::new(asking.world.stack.sdk());
    let key = json!({"key": "key-of-tomorrow"}).to_string();
    secrets.put_secret_value().secret_id(&asking.secret).secret_string(key).send().await.unwrap();
    assert!(asking.client.fetch("camille@example.fr", LONG).await.is_err(), "the old key, refused, is read again");
    let found = asking.client.fetch("camille@example.fr", LONG).await;
    assert!(matches!(found, Ok(Fetched::Found(_))), "{found:?}");
    assert_eq!(asking.world.dataspace.take_requests(), 3);
}
