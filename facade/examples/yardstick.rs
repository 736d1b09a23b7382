//! What the benchmark of the facade is measured by: the least that a server over HTTP can do, and the
//! least that a client of the database can.
//!
//! `hello` serves until it is killed; `select URL STATEMENT TOKENS COUNT` and
//! `request ADDRESS TOKENS COUNT` print the median of so many round trips, in microseconds.
//! TOKENS is how many tokens there are to draw from: `bench100000000000` is the first.
#![allow(clippy::print_stdout, reason = "the figures are the product")]

use bytes::Bytes;
use http_body_util::Full;
use hyper::service::service_fn;
use hyper::{Response, server::conn::http1};
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::io::{BufRead, BufReader, Write};
use std::time::{Duration, Instant};
use tokio::net::TcpListener;

/// Round trips that warm caches up and are not counted.
const WARM_UP: usize = 1000;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["hello"] => hello(),
        ["select", url, statement, tokens, count] => {
            select(url, statement, number(tokens), number(count));
        }
        ["request", address, tokens, count] => request(address, number(tokens), number(count)),
        _ => eprintln!(
            "usage: hello | select URL STATEMENT TOKENS COUNT | request ADDRESS TOKENS COUNT"
        ),
    }
}

#[tokio::main]
async fn hello() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    eprintln!(
        "listening on http://{}",
        listener.local_addr().expect("it is bound")
    );
    loop {
        let (stream, _) = listener.accept().await.expect("a descriptor");
        stream.set_nodelay(true).expect("an open socket");
        tokio::spawn(async move {
            let hello = service_fn(async |_| {
                Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(b"hello"))))
            });
            let _ = http1::Builder::new()
                .serve_connection(TokioIo::new(stream), hello)
                .await;
        });
    }
}

#[tokio::main]
async fn select(url: &str, statement: &str, tokens: usize, count: usize) {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls)
        .await
        .expect("the database listens");
    tokio::spawn(connection);
    let statement = client.prepare(statement).await.expect("a good statement");
    let mut times = Vec::with_capacity(count);
    for i in 0..count + WARM_UP {
        let text = token(i, tokens);
        let start = Instant::now();
        client.query_one(&statement, &[&text]).await.expect("a row");
        times.push(start.elapsed());
    }
    print_median(times);
}

fn request(address: &str, tokens: usize, count: usize) {
    let stream = std::net::TcpStream::connect(address).expect("the server listens");
    stream.set_nodelay(true).expect("an open socket");
    let mut stream = BufReader::new(stream);
    let mut times = Vec::with_capacity(count);
    let mut line = String::new();
    for i in 0..count + WARM_UP {
        let text = token(i, tokens);
        let start = Instant::now();
        let request = format!(
            "GET /v1/forward-auth?scope=read HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {text}\r\n\r\n"
        );
        stream
            .get_mut()
            .write_all(request.as_bytes())
            .expect("sent");
        line.clear();
        stream.read_line(&mut line).expect("an answer");
        assert!(line.starts_with("HTTP/1.1 200"), "{line}");
        while line != "\r\n" {
            line.clear();
            stream.read_line(&mut line).expect("an answer");
        }
        times.push(start.elapsed());
    }
    print_median(times);
}

/// Spread over all tokens by a step that shares no factor with their number.
fn token(i: usize, tokens: usize) -> String {
    format!("bench{}", 100_000_000_000 + i * 7919 % tokens)
}

fn print_median(times: Vec<Duration>) {
    let mut times = times[WARM_UP..].to_vec();
    times.sort_unstable();
    println!("{}", times[times.len() / 2].as_nanos() as f64 / 1000.0);
}

fn number(text: &str) -> usize {
    text.parse().expect("a number")
}
