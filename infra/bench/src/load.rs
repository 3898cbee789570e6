//! The clients: one process that writes to the API and keeps a book of what was accepted.
//!
//! It is told an [`Order`] on its standard input and answers a [`LoadBook`], one line of JSON each. In a closed loop
//! a client sends its next change as soon as it has the answer to the last. In an open loop changes follow a
//! schedule that does not wait: a change whose turn comes while its client is still busy is sent late but counted
//! from its turn, so that a slow answer shows in all those it holds up ("coordinated omission").

mod client;
mod workload;

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;

pub(crate) use workload::{USER, Workload};

use self::client::Client;
use crate::book::{self, LoadBook};
use crate::failure::Failure;
use crate::process::{Usage, abandoned};

/// What the clients are to do.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Order {
    /// Where the API is, without its prefix.
    pub(crate) api: String,
    /// The API key.
    pub(crate) key: String,
    /// What to write.
    pub(crate) workload: Workload,
    /// How many clients, each with one request at a time and a project of its own.
    pub(crate) clients: usize,
    /// Changes per second of an open loop; none is a closed loop.
    pub(crate) rate: Option<u32>,
    /// For how long.
    pub(crate) seconds: u32,
}

/// Carries out one order.
pub(crate) async fn run() -> Result<(), Failure> {
    let mut input = BufReader::new(tokio::io::stdin());
    let mut line = String::new();
    input.read_line(&mut line).await.map_err(|error| Failure::io("lecture de l'ordre", error))?;
    let order: Order =
        serde_json::from_str(&line).map_err(|error| Failure::Arguments(format!("ordre illisible : {error}")))?;
    tokio::select! {
        book = carry_out(Arc::new(order)) => {
            let text = serde_json::to_string(&book?)
                .map_err(|error| Failure::process("bench load", format!("livre impossible à écrire : {error}")))?;
            crate::print(&format!("{text}\n"))
        }
        () = abandoned(input) => Ok(()),
    }
}

async fn carry_out(order: Arc<Order>) -> Result<LoadBook, Failure> {
    let http = client::http(&order.key)?;
    let began = book::now();
    let until = began + u64::from(order.seconds) * 1_000_000_000;
    let mut clients = JoinSet::new();
    let mut turns = Vec::new();
    for number in 0..order.clients {
        let client = Client::new(http.clone(), Arc::clone(&order), format!("{began}-{number}"));
        if order.rate.is_some() {
            let (sender, receiver) = unbounded_channel();
            turns.push(sender);
            clients.spawn(open(client, receiver));
        } else {
            clients.spawn(closed(client, until));
        }
    }
    if let Some(rate) = order.rate {
        let count = u64::from(rate) * u64::from(order.seconds);
        // A thread of its own: the timer of the asynchronous runtime counts whole milliseconds.
        thread::spawn(move || call_turns(&turns, began, rate, count));
    }
    let mut whole = LoadBook { began, ..LoadBook::default() };
    for part in clients.join_all().await {
        whole.accepted.extend(part.accepted);
        for (reason, count) in part.refused {
            *whole.refused.entry(reason).or_default() += count;
        }
    }
    whole.cpu_seconds = Usage::of("self").cpu_seconds;
    Ok(whole)
}

async fn closed(mut client: Client, until: book::Instant) -> LoadBook {
    loop {
        let now = book::now();
        if now >= until {
            return client.finish();
        }
        client.change(now).await;
    }
}

async fn open(mut client: Client, mut turns: UnboundedReceiver<book::Instant>) -> LoadBook {
    while let Some(intended) = turns.recv().await {
        client.change(intended).await;
    }
    client.finish()
}

/// Calls each client in turn, `rate` times a second; the clients end when the senders are gone.
fn call_turns(clients: &[UnboundedSender<book::Instant>], began: book::Instant, rate: u32, count: u64) {
    for (turn, client) in (0..count).zip(clients.iter().cycle()) {
        let intended = began + turn * 1_000_000_000 / u64::from(rate);
        thread::sleep(Duration::from_nanos(intended.saturating_sub(book::now())));
        if client.send(intended).is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn turns_follow_the_schedule_however_long_the_clients_take() {
        let (senders, mut receivers): (Vec<_>, Vec<_>) = (0..2).map(|_| unbounded_channel()).unzip();
        let began = book::now();
        thread::spawn(move || call_turns(&senders, began, 1_000, 5));
        let mut turns = Vec::new();
        for receiver in &mut receivers {
            while let Some(intended) = receiver.recv().await {
                turns.push((intended - began) / 1_000_000);
            }
        }
        assert_eq!(turns, [0, 2, 4, 1, 3]);
    }
}
