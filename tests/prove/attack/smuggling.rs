//! Requests that two servers could read in two ways.
use super::disguise::{forwarded, paths};
use crate::claim::{Effort, Tally};
use pgtoken_tests::{ADMIN_SECRET, Stand};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

/// Sends bytes, and reads all that comes until the facade closes or says nothing more.
fn exchange(stand: &Stand, bytes: &str) -> String {
    let address = stand.facade.url("").replace("http://", "");
    let mut stream = TcpStream::connect(address).expect("the facade listens");
    stream
        .set_read_timeout(Some(Duration::from_secs(5)))
        .expect("a socket");
    // The facade may answer and close before all of it is sent.
    let _ = stream.write_all(bytes.as_bytes());
    let _ = stream.shutdown(Shutdown::Write);
    let mut said = Vec::new();
    let _ = stream.read_to_end(&mut said);
    String::from_utf8_lossy(&said).into_owned()
}

fn answers(said: &str) -> usize {
    said.matches("HTTP/1.1 ").count()
}

/// A request inside the body of another, which would issue a token if anybody took it for a request.
fn smuggled() -> String {
    let body = r#"{"name":"smuggled","user_id":"olga"}"#;
    format!(
        "POST /v1/tokens HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {ADMIN_SECRET}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// Framing that is not said once and plainly: the facade reads at most one request out of it, and closes. `LEN` is the
/// length of the smuggled request, `HEX` the same in hexadecimal.
const FRAMINGS: [&str; 34] = [
    "Content-Length: 0\r\nContent-Length: LEN",
    "Content-Length: LEN\r\nContent-Length: 0",
    "Content-Length: 0, LEN",
    "Content-Length: +0",
    "Content-Length: -1",
    "Content-Length: 0x0",
    "Content-Length: 0 0",
    "Content-Length: 00LEN\r\nContent-Length: 0",
    "Content-Length: 18446744073709551616",
    "Content-Length: \"0\"",
    "Content-Length: ",
    "Content-Length : 0",
    " Content-Length: 0",
    "Content-Length\t: 0",
    "Content-Length:\x0b0",
    "Transfer-Encoding: identity",
    "Transfer-Encoding: xchunked",
    "Transfer-Encoding: chunked, identity",
    "Transfer-Encoding: \x0bchunked",
    "Transfer-Encoding: chunked\x00",
    "Transfer-Encoding : chunked",
    "Transfer-Encoding\n: chunked",
    "Transfer-Encoding: gzip",
    "Transfer-Encoding: \"chunked\"",
    "Transfer-Encoding: chunked;x=y",
    "X: y\r\n Content-Length: LEN",
    "X: y\r\n\tTransfer-Encoding: chunked",
    "X: y\rContent-Length: LEN",
    "X: y\0",
    "X\0: y",
    "X y: z",
    ": y",
    "X",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
];

/// Chunks that are not plain, in a body that is sent in chunks and, in half of the tries, has a length too.
const CHUNKS: [&str; 14] = [
    "0x0\r\n\r\n",
    "-0\r\n\r\n",
    "+0\r\n\r\n",
    " 0\r\n\r\n",
    "g\r\n\r\n",
    "\r\n\r\n",
    "00000000000000000000000000000000000\r\n\r\n",
    "ffffffffffffffffff\r\n",
    "1\r\nab\r\n0\r\n\r\n",
    "2\r\n{}\n0\r\n\r\n",
    "2;\x00\r\n{}\r\n0\r\n\r\n",
    "2 2\r\n{}\r\n0\r\n\r\n",
    "0\r\nX y: z\r\n\r\n",
    "HEX",
];

/// Whatever the framing, what stands in a body is never taken for a request of its own; what only a gateway should
/// say is believed of no one else; and no spelling of a path reaches a route that has another.
pub fn no_request_is_hidden_in_another_or_in_its_headers(effort: Effort) -> Tally {
    let mut tally = Tally::default();
    let mut stand = Stand::with(&[("PGTOKEN_GUESSES_PER_MINUTE", "1000000")]);
    for _ in 0..effort.tries(1, 40) {
        framings(&stand, &mut tally);
        forwarded(&mut stand, &mut tally);
        paths(&mut stand, &mut tally);
    }
    let issued = stand
        .acme
        .row("select count(*) from pgtoken.tokens where name = 'smuggled'");
    tally.check(issued == "0", || {
        format!("{issued} smuggled requests were answered")
    });
    let control = exchange(&stand, &format!("{}\r\n", smuggled()));
    tally.check(control.starts_with("HTTP/1.1 201"), || {
        format!("the smuggled request by itself: {control}")
    });
    tally
}

fn framings(stand: &Stand, tally: &mut Tally) {
    let smuggled = smuggled();
    let fill = |text: &str| {
        text.replace("LEN", &smuggled.len().to_string())
            .replace("HEX", &format!("{:x}", smuggled.len()))
    };
    for framing in FRAMINGS {
        for start in ["GET /healthz", "POST /v1/verify", "POST /v1/revocation"] {
            let framing = fill(framing);
            let said = exchange(
                stand,
                &format!("{start} HTTP/1.1\r\nHost: a\r\n{framing}\r\n\r\n{smuggled}"),
            );
            tally.check(answers(&said) <= 1, || {
                format!("{start} {framing:?}: {said}")
            });
            let known = said.is_empty()
                || ["HTTP/1.1 4", "HTTP/1.1 200"]
                    .iter()
                    .any(|known| said.starts_with(known));
            tally.check(known, || format!("{start} {framing:?}: {said}"));
        }
    }
    for chunk in CHUNKS {
        for length in ["", "Content-Length: LEN\r\n", "Content-Length: 0\r\n"] {
            let head = fill(&format!("{length}Transfer-Encoding: chunked"));
            let said = exchange(
                stand,
                &format!(
                    "POST /v1/verify HTTP/1.1\r\nHost: a\r\n{head}\r\n\r\n{}{smuggled}",
                    fill(chunk)
                ),
            );
            tally.check(answers(&said) <= 1, || {
                format!("{head:?} {chunk:?}: {said}")
            });
        }
    }
    // Both a length and chunks: the chunks count (RFC 9112, 6.3), and what follows on the connection is not answered
    // as if only the length had been said.
    let both = format!(
        "Content-Length: {}\r\nTransfer-Encoding: chunked",
        smuggled.len()
    );
    let inside = format!("{:x}\r\n{smuggled}\r\n0\r\n\r\n", smuggled.len());
    let said = exchange(
        stand,
        &format!("POST /v1/revocation HTTP/1.1\r\nHost: a\r\n{both}\r\n\r\n{inside}"),
    );
    tally.check(answers(&said) == 1, || {
        format!("a length and chunks: {said}")
    });
}
