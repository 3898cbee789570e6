//! Names of queues, and the URL, ARN and receipt handles made from them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::{ACCOUNT, REGION};

/// Whether AWS accepts this name for a standard queue.
pub(super) fn is_queue_name(name: &str) -> bool {
    (1..=80).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// The URL of a queue. It names the queue and is never fetched: the SDKs send it in the input.
pub(super) fn url(name: &str) -> String {
    format!("http://sqs.{REGION}.localhost/{ACCOUNT}/{name}")
}

/// The name of a queue in its URL, or the name itself.
pub(super) fn name_in_url(url: &str) -> &str {
    url.rsplit('/').next().unwrap_or(url)
}

/// The ARN of a queue.
pub(super) fn arn(name: &str) -> String {
    format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{name}")
}

/// The name of a queue in its ARN.
pub(super) fn name_in_arn(arn: &str) -> Option<&str> {
    arn.strip_prefix("arn:aws:sqs:")?.rsplit(':').next()
}

/// The proof of one receive of one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Receipt {
    pub(super) queue: String,
    pub(super) sequence: u64,
    pub(super) receive_count: u32,
    pub(super) message_id: String,
}

impl Receipt {
    /// The opaque handle a consumer keeps.
    pub(super) fn handle(&self) -> String {
        let Self { queue, sequence, receive_count, message_id } = self;
        URL_SAFE_NO_PAD.encode(format!("{queue}/{sequence}/{receive_count}/{message_id}"))
    }

    /// Reads a handle back, if it is one of ours.
    pub(super) fn read(handle: &str) -> Option<Self> {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(handle).ok()?).ok()?;
        let mut parts = text.split('/');
        Some(Self {
            queue: parts.next()?.to_owned(),
            sequence: parts.next()?.parse().ok()?,
            receive_count: parts.next()?.parse().ok()?,
            message_id: parts.next()?.to_owned(),
        })
    }
}
