//! Log injection: lines, colours and directions that a client puts into what an operator reads.
use crate::claim::{Effort, Tally};
use pgtoken_tests::{ADMIN_SECRET, Stand, VERIFIER_SECRET, wait_until};
use serde_json::json;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

/// What a line must not hold, in JSON's words and as bytes: line ends, escapes of terminals, changes of direction.
const EVIL: [(&str, &str); 10] = [
    (
        "\\n2030-01-01T00:00:00Z  INFO forged",
        "\n2030-01-01T00:00:00Z  INFO forged",
    ),
    ("\\r\\nforged", "\r\nforged"),
    ("\\u001b[2Jforged", "\u{1b}[2Jforged"),
    ("\\u001b]0;forged\\u0007", "\u{1b}]0;forged\u{7}"),
    ("\\u009b31mforged", "\u{9b}31mforged"),
    ("\\u0085forged", "\u{85}forged"),
    ("\\u2028forged", "\u{2028}forged"),
    ("\\u202eforged", "\u{202e}forged"),
    ("\\u0008\\u007fforged", "\u{8}\u{7f}forged"),
    ("\\tforged \\\" level=error", "\tforged \" level=error"),
];

/// In names, paths, queries, headers, ids and bodies, to routes that log them and to a database that complains of
/// them, at every level of logging: each line begins with a time and holds no control character.
pub fn no_client_writes_a_line_of_its_own_into_a_log(effort: Effort) -> Tally {
    let mut tally = Tally::default();
    for level in ["info", "trace"] {
        let stand = Stand::with(&[
            ("RUST_LOG", level),
            ("PGTOKEN_GUESSES_PER_MINUTE", "1000000"),
            ("PGTOKEN_JWT_SECRET", pgtoken_tests::JWT_SECRET),
        ]);
        let (_, before) = positions(&stand);
        for n in 0..effort.tries(1, 20) {
            for (escaped, raw) in EVIL {
                send(&stand, escaped, raw, n, &mut tally);
            }
        }
        stand.ask("GET", "/healthz", &["X-Request-Id: the-last-one"], "");
        wait_until(Duration::from_secs(20), "everything is logged", || {
            stand.facade.log().contains("the-last-one")
        });
        judge(&stand.facade.log(), level, &mut tally);
        server(&stand, before, &mut tally);
    }
    tally
}

fn positions(stand: &Stand) -> (usize, usize) {
    (
        stand.facade.log().len(),
        pgtoken_tests::shared().log().len(),
    )
}

/// The text in every place that a client fills.
fn send(stand: &Stand, escaped: &str, raw: &str, n: u64, tally: &mut Tally) {
    let encoded: String = raw.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let (admin, verifier) = (
        format!("Authorization: Bearer {ADMIN_SECRET}"),
        format!("Authorization: Bearer {VERIFIER_SECRET}"),
    );
    for (secret, method, path, body) in [
        (
            &admin,
            "POST",
            "/v1/tokens",
            r#"{"name": "T", "user_id": "T", "workspace_id": "T"}"#.to_owned(),
        ),
        (
            &admin,
            "POST",
            "/v1/tokens",
            format!(r#"{{"name": "{n}T", "user_id": "olga"}}"#),
        ),
        (&admin, "POST", "/v1/tokens", r#"{"T": 1}"#.to_owned()),
        (
            &admin,
            "POST",
            "/v1/tokens/find",
            r#"{"text": "T"}"#.to_owned(),
        ),
        (
            &admin,
            "POST",
            "/v1/tokens/revoke",
            r#"{"user_id": "olga", "reason": "T"}"#.to_owned(),
        ),
        (
            &verifier,
            "POST",
            "/v1/verify",
            r#"{"token": "T", "scope": "T", "target": "T"}"#.to_owned(),
        ),
        (
            &verifier,
            "POST",
            "/v1/verify",
            r#"{"token": "x", "client_addr": "T"}"#.to_owned(),
        ),
        (
            &admin,
            "POST",
            "/v1/session",
            r#"{"secret": "T", "actor": "T"}"#.to_owned(),
        ),
    ] {
        let body = body.replace('T', escaped);
        let answer = stand.ask(
            method,
            path,
            &[secret, "Content-Type: application/json"],
            &body,
        );
        tally.check(answer.status < 500, || format!("{path} {body}: {answer:?}"));
    }
    for path in [
        format!("/v1/tokens/{encoded}"),
        format!("/{encoded}"),
        format!("/v1/tokens?search={encoded}"),
        format!("/v1/tokens?{encoded}=1"),
        format!("/v1/workspaces/{encoded}/targets"),
        format!("/v1/forward-auth/{encoded}"),
        format!("/admin/{encoded}"),
    ] {
        let answer = stand.ask("GET", &path, &[&admin], "");
        tally.check(answer.status < 500, || format!("{path}: {answer:?}"));
    }
    // As they are, which no client library would send: the facade may refuse the head.
    for line in [
        format!("GET /{raw} HTTP/1.1\r\nHost: a"),
        format!("GET /v1/tokens?x={raw} HTTP/1.1\r\nHost: a"),
        format!("{raw} /healthz HTTP/1.1\r\nHost: a"),
        format!("GET /healthz HTTP/1.1\r\nHost: {raw}"),
        format!("GET /healthz HTTP/1.1\r\nHost: a\r\nX-Request-Id: {raw}"),
        format!("GET /healthz HTTP/1.1\r\nHost: a\r\nUser-Agent: {raw}"),
        format!("GET /v1/tokens HTTP/1.1\r\nHost: a\r\n{admin}\r\nPgtoken-Actor: {raw}"),
        format!("GET /v1/tokens HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {raw}"),
        format!("GET /v1/tokens HTTP/1.1\r\nHost: a\r\nCookie: pgtoken_session={raw}"),
        format!("GET /v1/tokens HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: {raw}"),
        format!("GET /v1/tokens HTTP/1.1\r\nHost: a\r\n{raw}: x"),
    ] {
        tally.add(1);
        let address = stand.facade.url("").replace("http://", "");
        let mut stream = TcpStream::connect(address).expect("the facade listens");
        stream
            .set_read_timeout(Some(Duration::from_secs(5)))
            .expect("a socket");
        let _ = stream.write_all(format!("{line}\r\n\r\n").as_bytes());
        let _ = stream.shutdown(Shutdown::Write);
        let _ = stream.read_to_end(&mut Vec::new());
    }
    let jwt = pgtoken_tests::jwt::Signer::hs256(pgtoken_tests::JWT_SECRET)
        .sign(&json!({"sub": raw, "exp": pgtoken_tests::jwt::now() + 60}));
    let answer = stand.bearer(&jwt, "GET", "/v1/tokens", serde_json::Value::Null);
    tally.check(answer.status == 403, || format!("{answer:?}"));
}

/// Each line is one of the facade's own.
fn judge(log: &str, level: &str, tally: &mut Tally) {
    for line in log.lines() {
        // The first words of a program that starts, and those of its own libraries, have the same form.
        let dated = line.len() > 20
            && line.is_char_boundary(20)
            && line[..4].chars().all(|c| c.is_ascii_digit())
            && line.as_bytes()[10] == b'T';
        tally.check(dated, || {
            format!("{level}: a line that nobody wrote: {line:?}")
        });
        let forged = line
            .chars()
            .any(|c| c.is_control() || ['\u{2028}', '\u{202e}'].contains(&c));
        tally.check(!forged, || format!("{level}: {line:?}"));
        tally.check(!line.starts_with("2030-"), || format!("{level}: {line:?}"));
    }
}

/// PostgreSQL indents what continues a line.
fn server(stand: &Stand, before: usize, tally: &mut Tally) {
    let log = pgtoken_tests::shared().log();
    let forged = log[before..]
        .lines()
        .find(|line| line.starts_with("2030-") || line.starts_with("forged"));
    tally.check(forged.is_none(), || format!("the server's log: {forged:?}"));
    let names = stand.acme.db.value::<i64>("select count(*) from pgtoken.token where name ~ '[[:cntrl:]]' or created_by ~ '[[:cntrl:]]'", &[]);
    tally.check(names == 0, || {
        format!("{names} names with control characters")
    });
}
