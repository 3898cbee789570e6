//! Plays a scenario, step by step, until the first one that differs.

use crate::matching::{Difference, differences, unordered_differences};
use passerelle_local::stand_ins::brevo;
use serde_json::{Map, Value, json};

use crate::api::{Answer, Call};
use crate::cases::Outcome;
use crate::cases::format::{ExpectedAnswer, RequestBody, RequestStep, Run, Scenario, Step, instant};
use crate::cases::permissions;
use crate::cases::play::Play;

/// How many differences of one step are told: more do not fit a line.
const SHOWN_DIFFERENCES: usize = 4;

/// Plays a whole scenario on a world of its own, whose engines are as unkind as the seed says.
pub async fn play(scenario: &Scenario, unkind: Option<u64>) -> Outcome {
    let mut play = Play::start(scenario.now, &scenario.given, unkind).await?;
    play.begin(scenario.given.clone()).await?;
    for (index, step) in scenario.steps.iter().enumerate() {
        play_step(&mut play, step).await.map_err(|difference| format!("étape {}: {difference}", index + 1))?;
    }
    permissions::note(&play.world.stack);
    // What no step asked about is verified all the same.
    received_bodies(&play).map(|_| ())
}

async fn play_step(play: &mut Play, step: &Step) -> Outcome {
    match step {
        Step::Request(step) => request(play, step).await,
        Step::At(at) => {
            let now = instant(&play.names.resolve_text(at))?;
            play.world.clock.move_to(now);
            Ok(())
        }
        Step::Given(given) => play.change(given).await,
        Step::Run(run) => self::run(play, *run).await,
        Step::ExpectWebhooks(expected) => expect_webhooks(play, expected),
        Step::ExpectCalls(expected) => expect_calls(play, expected),
        Step::ExpectState(expected) => expect_state(play, expected).await,
    }
}

async fn run(play: &Play, run: Run) -> Outcome {
    match run {
        Run::Drain => {}
        Run::Sweeper => {
            play.world.stack.run_schedule("OutboxSweeper").await.map_err(|error| format!("sweeper: {error}"))?;
        }
        Run::NightlySync => {
            play.world.stack.run_nightly().await.map_err(|error| format!("nightly-sync: {error}"))?;
        }
    }
    play.world.stack.drain().await.map_err(|error| format!("drain: {error}"))
}

async fn request(play: &mut Play, step: &RequestStep) -> Outcome {
    let path = play.names.resolve_text(&step.path);
    let caller = play.names.resolve_text(&step.caller);
    let place = format!("{} {path} ({caller})", step.method);
    let (headers, body) = message(play, step, &caller, &path).await?;
    let call = Call { method: step.method.clone(), path, headers, body };
    let answer = play.call(call).await.map_err(|error| format!("{place}: {error}"))?;
    let found = compare_answer(play, &step.expect, &answer);
    if !found.is_empty() {
        let status = answer.status.as_u16();
        let body: String = answer.whole_text().chars().take(400).collect();
        return Err(format!("{place}: {}; réponse: {status} {body}", told(&found)));
    }
    for (name, pointer) in &step.expect.save {
        let pointer = pointer.as_str().ok_or("save: pointeur attendu")?;
        let value = answer.body.pointer(pointer).ok_or_else(|| format!("{place}: save: rien sous {pointer}"))?;
        play.names.save(name, value.clone());
    }
    Ok(())
}

/// Headers and body as they go out. The headers a case writes win over those the runner would send.
async fn message(
    play: &mut Play,
    step: &RequestStep,
    caller: &str,
    path: &str,
) -> Result<(Vec<(String, String)>, Option<String>), String> {
    let mut headers = Vec::new();
    let body = match &step.body {
        RequestBody::None => None,
        RequestBody::Json(body) => Some(play.names.resolve(body).to_string()),
        RequestBody::Raw(body) => Some(play.names.resolve_text(body)),
    };
    if body.is_some() {
        headers.push(("content-type".to_owned(), "application/json".to_owned()));
    }
    if let Some(authorization) = play.authorization(caller, path).await? {
        headers.push(("authorization".to_owned(), authorization));
    }
    if let Some(email) = &step.user_email {
        headers.push(("x-user-email".to_owned(), play.names.resolve_text(email)));
    }
    for (name, value) in &step.headers {
        let Value::String(value) = play.names.resolve(value) else {
            return Err(format!("construction inconnue: en-tête {name} = {value}"));
        };
        let name = name.to_ascii_lowercase();
        headers.retain(|(sent, _)| *sent != name);
        headers.push((name, value));
    }
    Ok((headers, body))
}

fn compare_answer(play: &Play, expected: &ExpectedAnswer, answer: &Answer) -> Vec<Difference> {
    let now = play.world.clock.now();
    let mut found = Vec::new();
    let mut compare = |place: &str, expected: &Value, actual: &Value| {
        let expected = play.names.resolve(expected);
        found.extend(differences(&expected, actual, now).into_iter().map(|difference| Difference {
            pointer: format!("{place}{}", difference.pointer),
            detail: difference.detail,
        }));
    };
    compare("status", &expected.status, &answer.status.as_u16().into());
    for (name, value) in &expected.headers {
        let actual = answer.headers.get(name).and_then(|value| value.to_str().ok());
        compare(&format!("en-tête {name}"), value, &actual.into());
    }
    if let Some(problem) = &expected.problem {
        let problem = play.names.resolve_text(problem);
        let code = answer.body.get("type").and_then(Value::as_str);
        let code = code.and_then(|uri| uri.rsplit('/').next());
        compare("problem", &problem.into(), &code.into());
        let media_type = answer.headers.get("content-type").and_then(|value| value.to_str().ok());
        compare("content-type", &"application/problem+json".into(), &media_type.into());
        compare("body/status", &answer.status.as_u16().into(), &answer.body["status"]);
    }
    if let Some(body) = &expected.body {
        compare("body", body, &answer.body);
    }
    found
}

fn expect_webhooks(play: &Play, expected: &Map<String, Value>) -> Outcome {
    let received = received_bodies(play)?;
    for (service, expected) in expected {
        let Value::Array(expected) = play.names.resolve(expected) else {
            return Err(format!("expectWebhooks.{service}: liste attendue"));
        };
        let actual: Vec<Value> =
            received.iter().filter(|(receiver, _)| receiver == service).map(|(_, body)| body.clone()).collect();
        let found = unordered_differences(&expected, &actual, play.world.clock.now());
        if !found.is_empty() {
            return Err(format!("webhooks de {service}: {}", told(&found)));
        }
    }
    Ok(())
}

fn expect_calls(play: &Play, expected: &Map<String, Value>) -> Outcome {
    for (neighbour, expected) in expected {
        let expected = play.names.resolve(expected);
        match neighbour.as_str() {
            "portailDf" => {
                let actual: Value = play.world.portail_df.take_requests().into();
                if actual != expected {
                    return Err(format!("appels à Portail DF: {expected} attendus, {actual} faits"));
                }
            }
            "dataspace" => {
                let actual: Value = play.world.dataspace.take_requests().into();
                if actual != expected {
                    return Err(format!("appels au Dataspace: {expected} attendus, {actual} faits"));
                }
            }
            "brevo" => {
                let Value::Array(expected) = &expected else {
                    return Err("expectCalls.brevo: liste attendue".to_owned());
                };
                let call = |call: brevo::Call| json!({"method": call.method, "path": call.path, "body": call.body});
                let actual: Vec<Value> = play.world.brevo.take().into_iter().map(call).collect();
                let found = unordered_differences(expected, &actual, play.world.clock.now());
                if !found.is_empty() {
                    return Err(format!("appels à Brevo: {}", told(&found)));
                }
            }
            _ => return Err(format!("construction inconnue: expectCalls.{neighbour}")),
        }
    }
    Ok(())
}

/// What `GET /coop/v1/users/{id}` shows of the user of the case: lists complete, in any order.
async fn expect_state(play: &mut Play, expected: &Map<String, Value>) -> Outcome {
    let user = play.coop_user.ok_or("expectState: le cas n'a pas de coopUser")?;
    let answer = play.call_as("coop:sync", "GET", format!("/coop/v1/users/{user}"), None).await?;
    let now = play.world.clock.now();
    for (name, expected) in expected {
        let (expected, actual) = (play.names.resolve(expected), &answer.body[name]);
        let found = match (&expected, actual) {
            (Value::Array(expected), Value::Array(actual)) => unordered_differences(expected, actual, now),
            (expected, actual) => differences(expected, actual, now),
        };
        if !found.is_empty() {
            return Err(format!("état, {name}: {}; trouvé: {actual}", told(&found)));
        }
    }
    Ok(())
}

/// The bodies received since the last call, by service, provided every webhook was in order.
fn received_bodies(play: &Play) -> Result<Vec<(String, Value)>, String> {
    play.world
        .receivers
        .take()
        .into_iter()
        .map(|received| match received.fault {
            Some(fault) => Err(format!("webhook reçu par {}: {fault}", received.service)),
            None => {
                let body = serde_json::from_slice(&received.body).unwrap_or_default();
                Ok((received.service, body))
            }
        })
        .collect()
}

fn told(found: &[Difference]) -> String {
    let shown: Vec<String> = found.iter().take(SHOWN_DIFFERENCES).map(Difference::to_string).collect();
    shown.join("; ")
}
