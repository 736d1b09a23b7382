//! Keys chosen to meet in one place of a hash table, and bodies chosen to be hard to read.
use crate::claim::{Effort, Tally};
use pgtoken_tests::{ADMIN_SECRET, Acme, Stand, outcome, row, rows};
use postgres::Client;
use std::time::{Duration, Instant};

/// Chosen ids with these upper 64 bits all met in one slot while the hash had a constant where it has a secret.
const MEET: &str = "9e3779b9-7f4a-7c15";

/// So many tokens whose ids begin so, as an import leaves them; their texts are `<name>1`, `<name>2`, ….
fn bring(client: &mut Client, name: &str, start: &str, tokens: u64) {
    rows(
        client,
        &format!(
            "insert into pgtoken.token (id, digest, name, user_id, workspace_id, scope, created_by,
                                        owner_enabled, workspace_enabled, owner_scope)
             select ('{start}-' || to_char(n, 'FM0000') || '-0123456789ab')::uuid, sha256(convert_to('{name}' || n, 'UTF8')),
                    't', 'olga', 'acme', 'read', 'old system', true, true, 'write'
             from generate_series(1, {tokens}) as n"
        ),
    );
}

/// The shorter of a few times that verifying all of them takes.
fn time(client: &mut Client, name: &str, tokens: u64) -> Duration {
    let all = format!(
        "select count(*) filter (where valid) from generate_series(1, {tokens}) as n,
         lateral pgtoken.verify_token('{name}' || n)"
    );
    let times = (0..5).map(|_| {
        let start = Instant::now();
        assert_eq!(row(client, &all), tokens.to_string());
        start.elapsed()
    });
    times.min().expect("five times")
}

/// An attacker who chooses ids (those of imported tokens are whatever they were) makes them all meet in the table
/// of use: verifying them must cost what it costs with any others.
pub fn chosen_ids_slow_nothing_down(effort: Effort) -> Tally {
    let mut tally = Tally::default();
    let tokens = effort.tries(4000, 9999);
    let mut acme = Acme::new();
    bring(&mut acme.client, "plain", "00000000-0000-0000", tokens);
    bring(&mut acme.client, "chosen", MEET, tokens);
    rows(&mut acme.client, "vacuum analyze pgtoken.token");
    let plain = time(&mut acme.client, "plain", tokens);
    let chosen = time(&mut acme.client, "chosen", tokens);
    tally.add(2 * tokens);
    let factor = chosen.as_secs_f64() / plain.as_secs_f64();
    tally.check(factor < 2.0, || {
        format!("chosen ids take {factor:.1} times as long")
    });
    tally.figure(format!(
        "{tokens} chosen ids take {factor:.2} times what others take"
    ));
    tally
}

/// How long anything that fits into a request may take, on a machine that does other things too.
const PATIENCE: Duration = Duration::from_secs(5);

/// Deep, long, repeated and colliding input: an answer that is no 5xx, within a bound, and the next is as ever.
pub fn huge_and_colliding_input_is_answered_in_bounded_time(effort: Effort) -> Tally {
    let mut tally = Tally::default();
    let stand = Stand::with(&[("PGTOKEN_GUESSES_PER_MINUTE", "1000000")]);
    let (mut longest, mut client) = (Duration::ZERO, stand.acme.db.client());
    for _ in 0..effort.tries(1, 30) {
        for body in bodies() {
            for path in [
                "/v1/tokens",
                "/v1/verify",
                "/v1/verify/batch",
                "/v1/tokens/revoke",
                "/v1/session",
            ] {
                let start = Instant::now();
                let answer = post(&stand, path, &body);
                longest = longest.max(start.elapsed());
                let shown = &body[..body.len().min(60)];
                tally.check((400..500).contains(&answer), || {
                    format!("{path} {shown}: {answer}")
                });
                tally.check(start.elapsed() < PATIENCE, || {
                    format!("{path} {shown}: {:?}", start.elapsed())
                });
            }
        }
        for (headers, path) in heads() {
            let start = Instant::now();
            let lines: Vec<&str> = headers.iter().map(String::as_str).collect();
            // The facade closes a connection whose head is too large.
            let status = stand
                .connect()
                .ask("GET", &path, &lines, "")
                .map_or(431, |answer| answer.status);
            longest = longest.max(start.elapsed());
            tally.check(status < 500 && start.elapsed() < PATIENCE, || {
                format!(
                    "{} headers, {} octets of path: {status}",
                    headers.len(),
                    path.len()
                )
            });
        }
        for sql in statements() {
            let start = Instant::now();
            let end = outcome(&mut client, &sql);
            longest = longest.max(start.elapsed());
            let known = ["ok", "22023", "54001", "22P02", "54000", "22001"].contains(&end.as_str());
            tally.check(known && start.elapsed() < PATIENCE, || {
                format!("{}…: {end} after {:?}", &sql[..80], start.elapsed())
            });
        }
    }
    tally.check(stand.ask("GET", "/readyz", &[], "").status == 200, || {
        "the facade is not ready".to_owned()
    });
    tally.figure(format!("longest answer {longest:?}"));
    tally
}

/// The status; the facade may answer and close before all of the body is sent.
fn post(stand: &Stand, path: &str, body: &str) -> u16 {
    let bearer = format!("Authorization: Bearer {ADMIN_SECRET}");
    let headers = [bearer.as_str(), "Content-Type: application/json"];
    let answer = stand.connect().ask("POST", path, &headers, body);
    answer.map_or(413, |answer| answer.status)
}

/// Bodies of up to 64 kB that are hard to read.
fn bodies() -> Vec<String> {
    let many =
        |n: usize, item: &dyn Fn(usize) -> String| (0..n).map(item).collect::<Vec<_>>().join(",");
    vec![
        "[".repeat(65_000),
        "{\"a\":".repeat(10_000),
        format!("{}{}", "[".repeat(30_000), "]".repeat(30_000)),
        format!(
            "{{\"metadata\":{}1{}}}",
            "{\"a\":".repeat(200),
            "}".repeat(200)
        ),
        format!(
            "{{\"name\":\"t\",\"user_id\":\"olga\",\"metadata\":{}{}}}",
            "[".repeat(120),
            "]".repeat(120)
        ),
        format!("{{{}}}", many(5000, &|n| format!("\"k{n}\":1"))),
        format!("{{{}}}", many(5000, &|_| "\"name\":1".to_owned())),
        format!(
            "{{{}}}",
            many(2000, &|n| format!("\"name{}\":1", "\\u0000".repeat(n % 3)))
        ),
        format!("{{\"name\":\"{}\"}}", "x".repeat(65_000)),
        format!("{{\"name\":\"{}\"}}", "\\u0041".repeat(10_000)),
        format!("{{\"rate_limit\":1{}}}", "0".repeat(60_000)),
        format!("{{\"rate_limit\":1e{}}}", "9".repeat(60_000)),
        format!("{{\"rate_limit\":0.{}1}}", "0".repeat(60_000)),
        format!(
            "{{\"permissions\":[{}]}}",
            many(8000, &|n| format!("\"p{n}\""))
        ),
        format!(
            "{{\"ids\":[{}],\"x\":1}}",
            many(1500, &|_| format!("\"{}\"", uuid::Uuid::nil()))
        ),
        format!(
            "{{\"questions\":[{}]}}",
            many(2000, &|_| "{\"token\":\"x\"}".to_owned())
        ),
        format!("{}{{}}", " ".repeat(65_000)),
        "\u{0}".repeat(65_000),
        "x".repeat(65_537),
        format!("{{\"name\":\"{}\"}}", "x".repeat(200_000)),
    ]
}

/// Heads of up to 64 kB: many headers, cookies and parameters, also of names that meet in a table of weak hashes.
fn heads() -> Vec<(Vec<String>, String)> {
    let path = "/v1/tokens".to_owned();
    let bearer = format!("Authorization: Bearer {ADMIN_SECRET}");
    let headers = |n: usize, name: &dyn Fn(usize) -> String| {
        (0..n)
            .map(|n| format!("{}: 1", name(n)))
            .collect::<Vec<_>>()
    };
    let pairs = ["Aa", "BB"];
    vec![
        (headers(90, &|n| format!("x-{n}")), path.clone()),
        (headers(5000, &|n| format!("x-{n}")), path.clone()),
        (headers(90, &|_| "x-forwarded-for".to_owned()), path.clone()),
        (
            headers(90, &|n| (0..7).map(|bit| pairs[n >> bit & 1]).collect()),
            path.clone(),
        ),
        (
            vec![format!("Cookie: {}", "a=b;".repeat(3500))],
            path.clone(),
        ),
        (
            vec![format!("X-Forwarded-For: {}", "127.0.0.1,".repeat(1400))],
            path.clone(),
        ),
        (
            vec![format!("Authorization: Bearer {}", "x".repeat(15_000))],
            path.clone(),
        ),
        (
            vec![bearer.clone()],
            format!("/v1/tokens?{}", "search=x&".repeat(1600)),
        ),
        (
            vec![bearer.clone()],
            format!("/v1/tokens?search={}", "%41".repeat(4500)),
        ),
        (
            vec![bearer.clone()],
            format!("/v1/forward-auth?{}", "permission=x&".repeat(1100)),
        ),
        (vec![bearer.clone()], format!("/{}", "a/".repeat(7000))),
        (vec![bearer], format!("/v1/tokens/{}", "x".repeat(70_000))),
    ]
}

/// SQL values without the facade's bounds.
fn statements() -> Vec<String> {
    let question = |arguments: &str| format!("select valid from pgtoken.verify_token({arguments})");
    let issue = |arguments: &str| format!("select pgtoken.issue_token('t', 'olga', {arguments})");
    vec![
        question("repeat('x', 50000000)"),
        question("'pgt_' || repeat('0', 49), permissions => array_fill('p'::text, array[100000])"),
        question("'pgt_' || repeat('0', 49), target => repeat('x', 10000000)"),
        "select count(*) from pgtoken.verify_tokens(array_fill('x'::text, array[100000]))".to_owned(),
        issue("metadata => (repeat('[', 5000) || repeat(']', 5000))::jsonb"),
        issue("metadata => (repeat('[', 100000) || repeat(']', 100000))::jsonb"),
        issue("metadata => jsonb_build_object('a', repeat('x', 10000000))"),
        issue("'agency', 'acme', grants => (repeat('{\"a\":', 4000) || '1' || repeat('}', 4000))::jsonb"),
        issue("'agency', 'acme', grants => (select jsonb_object_agg('t' || n, true) from generate_series(1, 100000) as n)"),
        issue("permissions => array_fill('p'::text, array[1000000])"),
        issue("allowed_addrs => (select array_agg(('10.' || n % 256 || '.0.0/16')::cidr) from generate_series(1, 100000) as n)"),
        "select pgtoken.find_token(repeat('%_\\', 1000000))".to_owned() + &" ".repeat(80),
        "select pgtoken.list_tokens(search => repeat('%_a', 1000000))".to_owned() + &" ".repeat(80),
        "select pgtoken.put_members('acme', (select jsonb_agg(jsonb_build_object('user_id', 'u' || n, 'scope', 'read')) from generate_series(1, 2000) as n))".to_owned(),
    ]
}
