//! Against real listeners on loopback.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use domain::webhooks::address::check_url;

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nmoui";

/// A client for receivers that answer: a busy machine must not fail its tests.
fn client(policy: Policy) -> WebhookClient {
    within(policy, Duration::from_secs(5), Duration::from_secs(5))
}

/// A client for receivers that keep it waiting.
fn hurried() -> WebhookClient {
    within(Policy::LoopbackToo, Duration::from_millis(90), Duration::from_millis(90))
}

fn within(policy: Policy, total: Duration, answer: Duration) -> WebhookClient {
    let clock = Clock::from_fn(|| "2026-11-02T09:00:00Z".parse().unwrap());
    WebhookClient::new(policy, Timeouts { connect: total, total, answer }, clock).unwrap()
}

fn url(text: &str) -> CheckedUrl {
    check_url(text, Policy::LoopbackToo).unwrap()
}

async fn post(client: &WebhookClient, url: &CheckedUrl) -> Attempt {
    client.post(url, HeaderMap::new(), Bytes::from_static(b"{}")).await
}

/// A receiver that hands each connection, numbered from 0, to `serve`.
async fn receiver<F>(serve: impl Fn(TcpStream, usize) -> F + Send + 'static) -> CheckedUrl
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        for number in 0.. {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::spawn(serve(stream, number));
        }
    });
    url(&format!("http://{address}/hook"))
}

/// A receiver that answers every request with the same text.
async fn answering(answer: impl Into<String>) -> CheckedUrl {
    let answer: Arc<str> = answer.into().into();
    receiver(move |mut stream, _| {
        let answer = Arc::clone(&answer);
        async move {
            while read_request(&mut stream).await.is_some() {
                if stream.write_all(answer.as_bytes()).await.is_err() {
                    return;
                }
            }
        }
    })
    .await
}

/// Reads one request whole; `None` when the peer has gone.
async fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut text = String::new();
    let mut buffer = [0; 4_096];
    loop {
        let read = stream.read(&mut buffer).await.ok().filter(|read| *read > 0)?;
        text.push_str(std::str::from_utf8(&buffer[..read]).unwrap());
        let body_length = text
            .lines()
            .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse::<usize>().ok());
        if let (Some((_, body)), Some(length)) = (text.split_once("\r\n\r\n"), body_length)
            && body.len() >= length
        {
            return Some(text);
        }
    }
}

fn answered(status: u16) -> DeliveryOutcome {
    DeliveryOutcome::Answered { status, retry_after: None }
}

#[tokio::test]
async fn sends_what_it_is_given() {
    let received = Arc::new(Mutex::new(String::new()));
    let seen = Arc::clone(&received);
    let url = receiver(move |mut stream, _| {
        let seen = Arc::clone(&seen);
        async move {
            let request = read_request(&mut stream).await.unwrap();
            *seen.lock().unwrap() = request;
            stream.write_all(OK.as_bytes()).await.unwrap();
        }
    })
    .await;
    let headers = [("webhook-id", "evt_1"), ("traceparent", "00-1-2-01")]
        .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
        .into_iter()
        .collect();
    let attempt = client(Policy::LoopbackToo).post(&url, headers, Bytes::from_static("{\"é\":1}".as_bytes())).await;
    assert_eq!((attempt.outcome, attempt.answer.as_str()), (answered(200), "moui"));
    assert!(attempt.latency > Duration::ZERO && attempt.latency < Duration::from_secs(5));

    let request = received.lock().unwrap().clone();
    assert!(request.starts_with("POST /hook HTTP/1.1\r\n"), "{request}");
    for line in [
        "webhook-id: evt_1",
        "traceparent: 00-1-2-01",
        "content-type: application/json",
        concat!("user-agent: Passerelle-Webhooks/", env!("CARGO_PKG_VERSION")),
    ] {
        assert!(request.lines().any(|header| header == line), "{line} in {request}");
    }
    for absent in ["cookie", "referer", "accept-encoding", "authorization"] {
        assert!(!request.to_ascii_lowercase().contains(absent), "{absent} in {request}");
    }
    assert!(request.ends_with("\r\n\r\n{\"é\":1}"), "{request}");
}

#[tokio::test]
async fn any_status_is_an_answer() {
    let url = answering("HTTP/1.1 500 Oups\r\ncontent-length: 0\r\n\r\n").await;
    let attempt = post(&client(Policy::LoopbackToo), &url).await;
    assert_eq!((attempt.outcome, attempt.answer.as_str()), (answered(500), ""));
}

#[tokio::test]
async fn retry_after_is_read() {
    for (value, expected) in [("120", Some(120)), ("Mon, 02 Nov 2026 09:01:00 GMT", Some(60)), ("bientôt", None)] {
        let url = answering(format!("HTTP/1.1 503 Occupé\r\nretry-after: {value}\r\ncontent-length: 0\r\n\r\n")).await;
        let outcome = post(&client(Policy::LoopbackToo), &url).await.outcome;
        assert_eq!(
            outcome,
            DeliveryOutcome::Answered { status: 503, retry_after: expected.map(Duration::from_secs) },
            "{value}"
        );
    }
}

#[tokio::test]
async fn redirections_are_not_followed() {
    let called = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&called);
    let elsewhere = receiver(move |_, _| {
        count.fetch_add(1, Ordering::SeqCst);
        std::future::ready(())
    })
    .await;
    let url = answering(format!("HTTP/1.1 302 Found\r\nlocation: {elsewhere}\r\ncontent-length: 0\r\n\r\n")).await;
    assert_eq!(post(&client(Policy::LoopbackToo), &url).await.outcome, answered(302));
    assert_eq!(called.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_receiver_that_keeps_silent_times_out() {
    let url = receiver(|mut stream, _| async move {
        read_request(&mut stream).await;
        std::future::pending::<()>().await;
    })
    .await;
    let attempt = post(&hurried(), &url).await;
    assert_eq!(attempt.outcome, DeliveryOutcome::Failed(ErrorClass::Timeout));
    assert!(attempt.latency >= Duration::from_millis(90), "{:?}", attempt.latency);
}

#[tokio::test]
async fn a_receiver_that_trickles_its_answer_is_not_waited_for() {
    let url = receiver(|mut stream, _| async move {
        read_request(&mut stream).await;
        let mut sent = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n").await;
        while sent.is_ok() {
            sent = stream.write_all(b"a").await;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    let attempt = post(&within(Policy::LoopbackToo, Duration::from_secs(5), Duration::from_millis(40)), &url).await;
    assert_eq!(attempt.outcome, answered(200));
    assert!(attempt.answer.len() < 20, "{}", attempt.answer);
    assert!(attempt.latency < Duration::from_secs(5), "{:?}", attempt.latency);
}

#[tokio::test]
async fn trickled_headers_time_out() {
    let url = receiver(|mut stream, _| async move {
        read_request(&mut stream).await;
        let mut sent = stream.write_all(b"HTTP/1.1 200 OK\r\n").await;
        while sent.is_ok() {
            sent = stream.write_all(b"x: y\r\n").await;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    let attempt = post(&hurried(), &url).await;
    assert_eq!(attempt.outcome, DeliveryOutcome::Failed(ErrorClass::Timeout));
}

#[tokio::test]
async fn only_the_beginning_of_a_long_answer_is_kept() {
    let check = async |body: String, kept: usize| {
        let url = answering(format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len())).await;
        let attempt = post(&client(Policy::LoopbackToo), &url).await;
        assert_eq!(attempt.outcome, answered(200));
        assert_eq!(attempt.answer, body[..kept]);
    };
    check("a".repeat(2_047), 2_047).await;
    check("a".repeat(2_049), 2_048).await;
    check("a".repeat(1_000_000), 2_048).await;
    // The limit falls inside a letter, which goes.
    check(format!("a{}", "é".repeat(2_000)), 2_047).await;
}

#[tokio::test]
async fn an_endless_answer_is_cut() {
    let written = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&written);
    let url = receiver(move |mut stream, _| {
        let count = Arc::clone(&count);
        async move {
            read_request(&mut stream).await;
            let mut sent = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
            while sent.is_ok() {
                sent = stream.write_all(&[b'a'; 1_024]).await;
                count.fetch_add(1_024, Ordering::SeqCst);
            }
        }
    })
    .await;
    let attempt = post(&client(Policy::LoopbackToo), &url).await;
    assert_eq!((attempt.outcome, attempt.answer.len()), (answered(200), KEPT_LIMIT));
}

#[tokio::test]
async fn bytes_that_are_no_text_are_replaced() {
    assert_eq!(text(b"caf\xe9 noir"), "caf\u{fffd} noir");
    assert_eq!(text(b"caf\xc3"), "caf\u{fffd}");
    assert_eq!(text(b""), "");
}

#[tokio::test]
async fn a_kept_connection_that_is_reset_is_tried_once_more() {
    let connections = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&connections);
    // Each connection serves one request; the next one on it is read, and the connection closed without an answer.
    let url = receiver(move |mut stream, _| {
        count.fetch_add(1, Ordering::SeqCst);
        async move {
            read_request(&mut stream).await;
            stream.write_all(OK.as_bytes()).await.unwrap();
            read_request(&mut stream).await;
            stream.set_zero_linger().unwrap();
        }
    })
    .await;
    let client = client(Policy::LoopbackToo);
    for _ in 0..3 {
        assert_eq!(post(&client, &url).await.outcome, answered(200));
    }
    assert_eq!(connections.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn a_reset_is_tried_once_more_whatever_other_attempts_open() {
    // The second request on a connection is answered by a reset, once other attempts have opened connections.
    let (client, neighbour) = (client(Policy::LoopbackToo), answering(OK).await);
    let (calling, connections) = (client.clone(), Arc::new(AtomicUsize::new(0)));
    let count = Arc::clone(&connections);
    let url = receiver(move |mut stream, _| {
        let (client, neighbour) = (calling.clone(), neighbour.clone());
        count.fetch_add(1, Ordering::SeqCst);
        async move {
            read_request(&mut stream).await;
            stream.write_all(OK.as_bytes()).await.unwrap();
            if read_request(&mut stream).await.is_some() {
                // Each reset after more of them at once than were kept.
                let others = (0..4).map(|_| post(&client, &neighbour));
                futures_util::future::join_all(others).await;
            }
            stream.set_zero_linger().unwrap();
        }
    })
    .await;
    for _ in 0..3 {
        assert_eq!(post(&client, &url).await.outcome, answered(200));
    }
    assert_eq!(connections.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn the_status_decides_whatever_headers_come_with_it() {
    let check = async |headers: &str| {
        let url = answering(format!("HTTP/1.1 200 OK\r\n{headers}content-length: 4\r\n\r\nmoui")).await;
        let attempt = post(&client(Policy::LoopbackToo), &url).await;
        let shown: String = headers.chars().take(60).collect();
        assert_eq!((attempt.outcome, attempt.answer.as_str()), (answered(200), "moui"), "{shown}");
    };
    check(&"x-filler: a\r\n".repeat(255)).await;
    check(&format!("x-long: {}\r\n", "a".repeat(250 * 1_024))).await;
    check(&format!("x-long: {}\r\n", "a".repeat(1_000)).repeat(255)).await;
    check("x-folded: a\r\n  b\r\n").await;
    check("x-folded: a\r\n\tb\r\n\tc\r\n").await;
    check("server : x\r\n").await;
    check("x-odd\u{e9}: x\r\n").await;
    check("x-value: \u{1}\u{e9}\r\n").await;
    check("no colon at all\r\n").await;
    check(": no name\r\n").await;
    check("x-empty:\r\n").await;
    check("content-length: 4\r\n").await;
    check("content-length: 4, 4\r\n").await;
    check("date: hier\r\n").await;
    check("retry-after: \u{e9}\r\n").await;
    check("connection: upgrade\r\nupgrade: h2c\r\n").await;
}

#[tokio::test]
async fn the_status_decides_whatever_its_line_says() {
    let check = async |line: &str| {
        let url = answering(format!("{line}\r\ncontent-length: 4\r\n\r\nmoui")).await;
        assert_eq!(post(&client(Policy::LoopbackToo), &url).await.outcome, answered(200), "{line}");
    };
    check("HTTP/1.1 200").await;
    check("HTTP/1.1 200 ").await;
    check("HTTP/1.0 200 OK").await;
    check("HTTP/1.1 200 C'est accept\u{e9}").await;
    check("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK").await;
    check("HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 200 OK").await;
}

#[tokio::test]
async fn a_new_connection_that_is_reset_is_a_failure() {
    let connections = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&connections);
    let url = receiver(move |mut stream, _| {
        count.fetch_add(1, Ordering::SeqCst);
        async move {
            read_request(&mut stream).await;
            stream.set_zero_linger().unwrap();
        }
    })
    .await;
    assert_eq!(post(&client(Policy::LoopbackToo), &url).await.outcome, DeliveryOutcome::Failed(ErrorClass::Connect));
    assert_eq!(connections.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn connections_are_kept() {
    let connections = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&connections);
    let url = receiver(move |mut stream, _| {
        count.fetch_add(1, Ordering::SeqCst);
        async move {
            while read_request(&mut stream).await.is_some() {
                stream.write_all(OK.as_bytes()).await.unwrap();
            }
        }
    })
    .await;
    let client = client(Policy::LoopbackToo);
    for _ in 0..3 {
        assert_eq!(post(&client, &url).await.outcome, answered(200));
    }
    assert_eq!(connections.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn refused_addresses_are_not_connected_to() {
    let called = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&called);
    let reachable = receiver(move |_, _| {
        count.fetch_add(1, Ordering::SeqCst);
        std::future::ready(())
    })
    .await;
    let public = client(Policy::Public);
    let refused = DeliveryOutcome::Failed(ErrorClass::AddressRefused);
    assert_eq!(post(&public, &reachable).await.outcome, refused);
    // A name that passed the gate of URLs, and resolves to loopback.
    let port = reachable.url().port().unwrap();
    assert_eq!(post(&public, &url(&format!("http://localhost:{port}/"))).await.outcome, refused);
    assert_eq!(called.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn names_are_resolved_to_allowed_addresses() {
    let listening = answering(OK).await;
    let named = url(&format!("http://localhost:{}/", listening.url().port().unwrap()));
    assert_eq!(post(&client(Policy::LoopbackToo), &named).await.outcome, answered(200));
}

#[tokio::test]
async fn a_closed_port_is_a_connection_error() {
    let closed: SocketAddr = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let attempt = post(&client(Policy::LoopbackToo), &url(&format!("http://{closed}/"))).await;
    assert_eq!((attempt.outcome, attempt.answer.as_str()), (DeliveryOutcome::Failed(ErrorClass::Connect), ""));
}

#[tokio::test]
async fn a_receiver_that_does_not_speak_tls_is_a_tls_error() {
    let plain = receiver(|mut stream, _| async move {
        // Whatever is left unread would turn the answer into a reset.
        let mut hello = [0; 16_384];
        assert!(stream.read(&mut hello).await.unwrap() > 0);
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n").await.unwrap();
        while stream.read(&mut hello).await.is_ok_and(|read| read > 0) {}
    })
    .await;
    let secure = url(plain.as_str().replace("http:", "https:").as_str());
    assert_eq!(post(&client(Policy::LoopbackToo), &secure).await.outcome, DeliveryOutcome::Failed(ErrorClass::Tls));
}

#[tokio::test]
async fn an_answer_that_is_no_http_is_a_connection_error() {
    let url = answering("220 smtp.example.org ESMTP\r\n").await;
    assert_eq!(post(&client(Policy::LoopbackToo), &url).await.outcome, DeliveryOutcome::Failed(ErrorClass::Connect));
}
