//! Stub receivers of webhooks on loopback, one path per service.
//!
//! The server is written on a bare socket: a receiver that accepts a request and then closes without a
//! word is something an HTTP framework does not let a handler do.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use passerelle::platform::clock::Clock;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::verification::{SigningSecret, verify};

/// How a receiver answers one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// An HTTP status.
    Status(StatusCode),
    /// Nothing for that long, then the connection is closed.
    Hang(Duration),
}

/// One request as it came in.
#[derive(Debug, Clone)]
pub struct Received {
    /// The service whose receiver got it.
    pub service: String,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body, untouched.
    pub body: Bytes,
    /// What is wrong with its method, headers or signatures, if anything.
    pub fault: Option<String>,
}

/// The receivers of one test, on one port; they stop when this is dropped.
#[derive(Debug)]
pub struct Receivers {
    address: SocketAddr,
    shared: Arc<Shared>,
    _tasks: JoinSet<()>,
}

#[derive(Debug)]
struct Shared {
    clock: Clock,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    services: BTreeMap<String, Service>,
    received: Vec<Received>,
}

#[derive(Debug, Default)]
struct Service {
    /// Answers in turn; the last one repeats. None given: 200.
    answers: Vec<Answer>,
    answered: usize,
    secrets: Vec<SigningSecret>,
}

impl Receivers {
    /// Listens on a free loopback port. `clock` is what timestamps are checked against.
    ///
    /// # Errors
    /// When no port can be opened.
    pub async fn open(clock: Clock) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared { clock, state: Mutex::default() });
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, Arc::clone(&shared)));
        Ok(Self { address, shared, _tasks: tasks })
    }

    /// The address to subscribe for a service.
    #[must_use]
    pub fn url(&self, service: &str) -> String {
        format!("http://{}/{service}", self.address)
    }

    /// Sets the answers of a service's receiver, from its next request on.
    pub fn answer(&self, service: &str, answers: Vec<Answer>) {
        let mut state = self.shared.lock();
        let service = state.services.entry(service.to_owned()).or_default();
        service.answers = answers;
        service.answered = 0;
    }

    /// Sets the secrets that sign a service's webhooks, newest first.
    pub fn expect_secrets(&self, service: &str, secrets: Vec<SigningSecret>) {
        let mut state = self.shared.lock();
        state.services.entry(service.to_owned()).or_default().secrets = secrets;
    }

    /// Everything received since the last call, in order of arrival.
    #[must_use]
    pub fn take(&self) -> Vec<Received> {
        std::mem::take(&mut self.shared.lock().received)
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn receive(&self, request: Request) -> Answer {
        let now = self.clock.now();
        let mut state = self.lock();
        let service = state.services.entry(request.service.clone()).or_default();
        let fault = verify(&request.method, &request.headers, &request.body, &service.secrets, now).err();
        let turn = service.answered.min(service.answers.len().saturating_sub(1));
        service.answered += 1;
        let answer = service.answers.get(turn).copied();
        state.received.push(Received { service: request.service, headers: request.headers, body: request.body, fault });
        answer.unwrap_or(Answer::Status(StatusCode::OK))
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    // Owned here, so that dropping the listener's task ends the connections with it.
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                if let Ok((stream, _)) = accepted {
                    let shared = Arc::clone(&shared);
                    connections.spawn(async move {
                        // A sender that goes away in the middle is nothing a receiver can mend.
                        let _ = serve(stream, &shared).await;
                    });
                }
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

struct Request {
    service: String,
    method: Method,
    headers: HeaderMap,
    body: Bytes,
}

async fn serve(stream: TcpStream, shared: &Shared) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    while let Some(request) = read_request(&mut stream).await? {
        match shared.receive(request) {
            Answer::Hang(time) => {
                tokio::time::sleep(time).await;
                return Ok(());
            }
            Answer::Status(status) => stream.write_all(answer_text(status).as_bytes()).await?,
        }
    }
    Ok(())
}

fn answer_text(status: StatusCode) -> String {
    let line = format!("HTTP/1.1 {} {}\r\n", status.as_str(), status.canonical_reason().unwrap_or("Status"));
    // A sender that follows redirections comes back and is caught: the second request is no signed POST.
    let location = if status.is_redirection() { "location: /redirige\r\n" } else { "" };
    if matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED) {
        return format!("{line}{location}\r\n");
    }
    let body = format!("reponse {}", status.as_str());
    format!("{line}{location}content-type: text/plain\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

/// Reads one request; none when the sender closed between two.
async fn read_request(stream: &mut BufReader<TcpStream>) -> io::Result<Option<Request>> {
    let Some(first) = read_line(stream).await? else {
        return Ok(None);
    };
    let mut words = first.split(' ');
    let (Some(method), Some(path)) = (words.next(), words.next()) else {
        return Err(malformed("request line"));
    };
    let method = method.parse().map_err(|_| malformed("method"))?;
    let service = path.trim_start_matches('/').to_owned();
    let mut headers = HeaderMap::new();
    loop {
        let line = read_line(stream).await?.ok_or_else(|| malformed("head"))?;
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':').ok_or_else(|| malformed("header"))?;
        headers.append(
            name.parse::<HeaderName>().map_err(|_| malformed("header name"))?,
            value.trim().parse::<HeaderValue>().map_err(|_| malformed("header value"))?,
        );
    }
    let length = headers.get("content-length").map(|value| value.to_str().ok().and_then(|text| text.parse().ok()));
    let mut body = vec![0; length.unwrap_or(Some(0)).ok_or_else(|| malformed("length"))?];
    stream.read_exact(&mut body).await?;
    Ok(Some(Request { service, method, headers, body: body.into() }))
}

async fn read_line(stream: &mut BufReader<TcpStream>) -> io::Result<Option<String>> {
    let mut line = String::new();
    if stream.read_line(&mut line).await? == 0 {
        return Ok(None);
    }
    Ok(Some(line.trim_end_matches(['\r', '\n']).to_owned()))
}

fn malformed(part: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("malformed {part}"))
}
