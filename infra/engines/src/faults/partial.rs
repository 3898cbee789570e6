//! Batches of which AWS does a part, and says which part it did not do.

use bytes::Bytes;
use serde_json::{Map, Value, json};

use crate::wire::WireAnswer;

/// The part of a batch that is not done.
pub(crate) enum Left {
    /// Keys of a `BatchGetItem`, by table, as they were asked for.
    Keys(Map<String, Value>),
    /// Ids of the entries of a batch of SQS.
    Entries(Vec<Value>),
}

/// Takes every second thing out of a batch, beginning with the first: what is left to do, if anything, and what is not
/// done. `None` for what is no batch.
pub(crate) fn split(operation: &str, body: &[u8]) -> Option<(Option<Bytes>, Left)> {
    let mut request: Value = serde_json::from_slice(body).ok()?;
    let (done, left) = match operation {
        "BatchGetItem" => {
            let mut left = Map::new();
            let tables = request["RequestItems"].as_object_mut()?;
            for (table, asked) in tables.iter_mut() {
                let mut of_table = asked.clone();
                of_table["Keys"] = take_every_second(&mut asked["Keys"])?.into();
                left.insert(table.clone(), of_table);
            }
            tables.retain(|_, asked| asked["Keys"].as_array().is_some_and(|keys| !keys.is_empty()));
            (!tables.is_empty(), Left::Keys(left))
        }
        _ => {
            let left = take_every_second(&mut request["Entries"])?;
            let ids = left.into_iter().map(|entry| entry["Id"].clone()).collect();
            (request["Entries"].as_array().is_some_and(|entries| !entries.is_empty()), Left::Entries(ids))
        }
    };
    Some((done.then(|| request.to_string().into()), left))
}

/// What is answered to a batch of which `done` answered a part; nothing of it was done without.
pub(crate) fn answered(done: Option<WireAnswer>, left: Left) -> WireAnswer {
    if done.as_ref().is_some_and(|answer| answer.status != 200) {
        return done.unwrap_or_else(|| WireAnswer::of(&json!({})));
    }
    let body = done.map(|answer| answer.body).unwrap_or_default();
    let mut answer: Map<String, Value> = serde_json::from_slice(&body).unwrap_or_default();
    match left {
        Left::Keys(keys) => {
            answer.entry("Responses").or_insert_with(|| json!({}));
            answer.insert("UnprocessedKeys".to_owned(), keys.into());
        }
        Left::Entries(ids) => {
            answer.entry("Successful").or_insert_with(|| json!([]));
            let failed = ids.into_iter().map(
                |id| json!({ "Id": id, "SenderFault": false, "Code": "InternalError", "Message": "injected fault" }),
            );
            let already = answer.entry("Failed").or_insert_with(|| json!([]));
            if let Some(already) = already.as_array_mut() {
                already.extend(failed);
            }
        }
    }
    WireAnswer::of(&answer)
}

/// Removes the first, the third and so on.
fn take_every_second(list: &mut Value) -> Option<Vec<Value>> {
    let whole = std::mem::take(list.as_array_mut()?);
    let (mut taken, mut kept) = (Vec::new(), Vec::new());
    for (place, element) in whole.into_iter().enumerate() {
        if place % 2 == 0 { taken.push(element) } else { kept.push(element) }
    }
    *list = kept.into();
    Some(taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_left_out_are_asked_for_as_they_were() {
        let body = br#"{"RequestItems":{"T":{"Keys":[1,2,3],"ConsistentRead":true},"U":{"Keys":[4]}}}"#;
        let (done, left) = split("BatchGetItem", body).unwrap();
        assert_eq!(done.unwrap(), r#"{"RequestItems":{"T":{"ConsistentRead":true,"Keys":[2]}}}"#);
        let answer = answered(Some(WireAnswer::of(&json!({"Responses": {"T": ["two"]}, "UnprocessedKeys": {}}))), left);
        let answer: Value = serde_json::from_slice(&answer.body).unwrap();
        let unprocessed = json!({"T": {"Keys": [1, 3], "ConsistentRead": true}, "U": {"Keys": [4]}});
        assert_eq!(answer, json!({"Responses": {"T": ["two"]}, "UnprocessedKeys": unprocessed}));
    }

    #[test]
    fn entries_that_failed_are_named() {
        let (done, left) = split("SendMessageBatch", br#"{"Entries":[{"Id":"a"},{"Id":"b"}],"QueueUrl":"q"}"#).unwrap();
        assert_eq!(done.unwrap(), r#"{"Entries":[{"Id":"b"}],"QueueUrl":"q"}"#);
        let done = WireAnswer::of(&json!({"Successful": [{"Id": "b"}], "Failed": []}));
        let answer: Value = serde_json::from_slice(&answered(Some(done), left).body).unwrap();
        assert_eq!((&answer["Successful"][0]["Id"], &answer["Failed"][0]["Id"]), (&json!("b"), &json!("a")));
        assert_eq!(answer["Failed"][0]["SenderFault"], false);
    }

    #[test]
    fn a_batch_of_one_fails_without_being_asked_for() {
        let (done, left) = split("DeleteMessageBatch", br#"{"Entries":[{"Id":"a"}]}"#).unwrap();
        assert!(done.is_none());
        let answer: Value = serde_json::from_slice(&answered(None, left).body).unwrap();
        assert_eq!((&answer["Successful"], &answer["Failed"][0]["Id"]), (&json!([]), &json!("a")));
        assert!(split("SendMessage", b"{}").is_none());
    }
}
