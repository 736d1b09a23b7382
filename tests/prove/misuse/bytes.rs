//! Bytes that no client sends: the facade refuses or closes, and goes on.
use super::corpus;
use super::http::{callers, check_alive, stand};
use super::request::{Operation, operations};
use super::seed::{chance, seed};
use super::value::{Known, pick};
use crate::claim::{Effort, Tally};
use rand::RngExt;
use rand::rngs::SmallRng;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

/// Requests between two good ones.
const BATCH: u64 = 50;
/// How long silence is waited for: whoever is owed nothing waits no longer.
const SILENCE: Duration = Duration::from_millis(30);

/// Header lines that are put into a head.
const LINES: &[&[u8]] = &[
    b"Content-Length: 0\r\n",
    b"Content-Length: 18446744073709551616\r\n",
    b"Content-Length: -1\r\n",
    b"Content-Length: 5\r\nContent-Length: 6\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Transfer-Encoding: chunked, identity\r\n",
    b"Transfer-Encoding: xchunked\r\n",
    b"Expect: 100-continue\r\n",
    b"Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABk\r\n",
    b"Host: a\r\nHost: b\r\n",
    b"Authorization: Bearer a\r\nAuthorization: Bearer b\r\n",
    b"Authorization: Bearer \xff\xfe\r\n",
    b"X-Forwarded-For: \xff, 999.1.1.1, ::::\r\n",
    b" X-Folded: yes\r\n",
    b"X-Request-Id: \x01\r\n",
    b"X-Request-Id: \xff\r\n",
    b"Cookie: a=\"; =; ;;=\xff\r\n",
    b"Idempotency-Key: \xff\r\n",
    b"Pgtoken-Actor: \xff\r\n",
    b"Content-Type: \xff\r\n",
    b"Origin: \xff\r\n",
];

/// What is put into a request somewhere.
const SPLICES: &[&[u8]] = &[
    b"\0",
    b"\r\n",
    b"\n",
    b"\r",
    b"\r\n\r\n",
    b"\xff\xfe",
    b"\xc3\x28",
    b"%00",
    b"%2e%2e%2f",
    b"//",
    b"..;/",
    b"\x80",
    b"HTTP/9.9",
    b"HTTP/1.0",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"GET http://[::1/ HTTP/1.1\r\n\r\n",
    b"0\r\n\r\n",
    b"ffffffffffffffff\r\n",
    b"5;x=\"\r\nabcde\r\n",
];

/// The experiment.
pub fn any_bytes(effort: Effort) -> Tally {
    let seed = seed();
    let requests = effort.tries(1_200, 20_000);
    let threads = effort.tries(2, 4);
    let mut stand = stand();
    let issued = stand.acme.issue("'t', 'olga', 'write', 'acme'");
    let known = Known {
        tokens: vec![issued.text],
        ids: vec![issued.id],
    };
    let mut tally = Tally::default();
    let address = stand.facade.url("").replace("http://", "");
    for (name, bytes) in corpus::requests() {
        tally.attempt(harmless(&address, &bytes, true).map_err(|why| format!("{name}: {why}")));
    }
    let operations = operations();
    std::thread::scope(|scope| {
        let (address, known, operations) = (&address, &known, &operations);
        let attack = |thread| {
            let mut chance = chance(seed, thread);
            let mut broken = Vec::new();
            for n in 0..requests / threads {
                if n % BATCH == 0 {
                    broken.extend(answers(address).err());
                }
                let bytes = mutated(&mut chance, operations, known);
                let ends = chance.random_bool(0.5);
                if let Err(why) = harmless(address, &bytes, ends) {
                    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(800)]).into_owned();
                    broken.push(format!("{why} to {text:?}"));
                }
            }
            broken
        };
        let runs: Vec<_> = (0..threads)
            .map(|thread| scope.spawn(move || attack(thread)))
            .collect();
        for run in runs {
            tally.add(requests / threads);
            for broken in run.join().expect("a thread ends by itself") {
                tally.attempt(Err(format!("{broken} (PGTOKEN_PROVE_SEED={seed})")));
            }
        }
    });
    check_alive(&mut tally, &mut stand);
    tally.figure(format!("seed {seed}"));
    tally
}

/// A request that was good once.
fn mutated(chance: &mut SmallRng, operations: &[Operation], known: &Known) -> Vec<u8> {
    let caller = pick(chance, &callers()).clone();
    let mut bytes = pick(chance, operations)
        .request(chance, known, &caller)
        .bytes();
    for _ in 0..chance.random_range(1..4) {
        let place = chance.random_range(0..bytes.len());
        match chance.random_range(0..8) {
            0 => bytes[place] = chance.random(),
            1 => bytes.truncate(place.max(1)),
            2 => drop(bytes.drain(place / 2..place)),
            3 => {
                let copy = bytes[place..].to_vec();
                bytes.extend(copy);
            }
            4 => {
                let many = chance.random_range(1..40_000);
                bytes.splice(place..place, std::iter::repeat_n(b'a', many));
            }
            5 => {
                let lines = b"X-Line: x\r\n".repeat(chance.random_range(1..300));
                let place = after_first_line(&bytes);
                bytes.splice(place..place, lines);
            }
            6 => {
                let place = after_first_line(&bytes);
                let line = pick(chance, LINES);
                bytes.splice(place..place, line.iter().copied());
            }
            _ => {
                let splice = pick(chance, SPLICES);
                bytes.splice(place..place, splice.iter().copied());
            }
        }
        if bytes.is_empty() {
            bytes.push(b'\n');
        }
    }
    bytes
}

fn after_first_line(bytes: &[u8]) -> usize {
    let end = bytes.windows(2).position(|two| two == b"\r\n");
    end.map_or(bytes.len(), |end| end + 2)
}

/// Sends bytes and reads whatever comes; a 5xx in it is a failure.
fn harmless(address: &str, bytes: &[u8], ends: bool) -> Result<(), String> {
    let mut stream =
        TcpStream::connect(address).map_err(|error| format!("no connection: {error}"))?;
    let set = stream.set_read_timeout(Some(SILENCE));
    set.expect("a socket has timeouts");
    // The facade may have closed before the last byte.
    let _ = stream.write_all(bytes);
    if ends {
        let _ = stream.shutdown(Shutdown::Write);
    }
    let mut answer = Vec::new();
    let mut part = [0; 16_384];
    loop {
        match stream.read(&mut part) {
            Ok(0) => break,
            Ok(length) => answer.extend_from_slice(&part[..length]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => break,
        }
    }
    match answer
        .windows(10)
        .any(|ten| ten.starts_with(b"HTTP/1.") && ten.ends_with(b" 5"))
    {
        true => Err(String::from_utf8_lossy(&answer).into_owned()),
        false => Ok(()),
    }
}

/// Whether the facade answers a good request.
fn answers(address: &str) -> Result<(), String> {
    let mut connection =
        pgtoken_tests::Http::connect(address).map_err(|error| error.to_string())?;
    match connection.ask("GET", "/readyz", &[], "") {
        Ok(answer) if answer.status == 200 => Ok(()),
        other => Err(format!("a good request: {other:?}")),
    }
}
