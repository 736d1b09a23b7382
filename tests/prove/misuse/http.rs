//! Requests of every route as every kind of caller: each is answered, and never by a 5xx.
use super::memory::held_mb;
use super::request::operations;
use super::seed::{chance, seed};
use super::value::{Known, pick};
use crate::claim::{Effort, Tally};
use pgtoken_tests::jwt::Signer;
use pgtoken_tests::{ADMIN_SECRET, Http, HttpAnswer, JWT_SECRET, Stand, VERIFIER_SECRET};
use std::collections::BTreeMap;
use std::io;

/// Requests between two new tokens.
const REFRESH: u64 = 200;
/// What a facade may hold after whatever it was asked.
pub const MEMORY_MB: u64 = 200;

/// A facade that limits no guesses, since that is what most requests here are.
pub fn stand() -> Stand {
    Stand::with(&[
        ("PGTOKEN_JWT_SECRET", JWT_SECRET),
        ("PGTOKEN_GUESSES_PER_MINUTE", "1000000"),
        ("PGTOKEN_BODY_TIMEOUT", "2s"),
    ])
}

/// The header lines of each kind of caller; a token is added to them.
pub fn callers() -> Vec<Vec<String>> {
    let bearer = |text: &str| vec![format!("Authorization: Bearer {text}")];
    vec![
        Vec::new(),
        bearer(ADMIN_SECRET),
        bearer(VERIFIER_SECRET),
        bearer(&Signer::hs256(JWT_SECRET).user("mia")),
        bearer(&Signer::hs256(JWT_SECRET).user("nobody")),
        vec!["X-API-Key: nothing that is known".to_owned()],
    ]
}

/// The experiment.
pub fn any_request(effort: Effort) -> Tally {
    let seed = seed();
    let mut chance = chance(seed, 0);
    let mut tally = Tally::default();
    let mut stand = stand();
    let operations = operations();
    let (mut callers, fixed) = (callers(), callers().len());
    let mut known = Known::default();
    let mut connection = stand.connect();
    let mut statuses = BTreeMap::new();
    for n in 0..effort.tries(2_500, 40_000) {
        if n % REFRESH == 0 {
            refresh(&mut stand, &mut known);
            callers.truncate(fixed);
            callers.extend(
                known
                    .tokens
                    .iter()
                    .map(|t| vec![format!("Authorization: Bearer {t}")]),
            );
        }
        let caller = pick(&mut chance, &callers).clone();
        let operation = pick(&mut chance, &operations);
        let request = operation.request(&mut chance, &known, &caller);
        let answer = ask(&mut connection, &stand, &request.bytes());
        let status = answer.as_ref().map_or(0, |answer| answer.status);
        *statuses.entry(status).or_insert(0) += 1;
        tally.check((200..500).contains(&status), || {
            format!("{answer:?} to {request:.600?} (PGTOKEN_PROVE_SEED={seed})")
        });
    }
    check_alive(&mut tally, &mut stand);
    tally.figure(format!("seed {seed}; answers by status: {statuses:?}"));
    tally
}

/// New tokens, which no request has ended yet.
fn refresh(stand: &mut Stand, known: &mut Known) {
    *known = Known::default();
    for arguments in [
        "'t', 'olga', 'write', 'acme'",
        "'t', 'mia', 'full', 'acme', '{upload}'",
        "'t', 'mia', 'agency', 'acme', grants => '{\"windows\": [\"main\"]}'",
    ] {
        let issued = stand.acme.issue(arguments);
        known.tokens.push(issued.text);
        known.ids.push(issued.id);
    }
}

/// The answer, over a new connection if the facade has closed the last one.
fn ask(connection: &mut Http, stand: &Stand, bytes: &[u8]) -> io::Result<HttpAnswer> {
    let mut asked = connection
        .send_bytes(bytes)
        .and_then(|()| connection.receive());
    if asked.is_err() {
        *connection = stand.connect();
        asked = connection
            .send_bytes(bytes)
            .and_then(|()| connection.receive());
    }
    if !asked
        .as_ref()
        .is_ok_and(|answer| answer.header("connection") != "close")
    {
        *connection = stand.connect();
    }
    asked
}

/// The process lives, answers, has not panicked, and holds no more memory than it should.
pub fn check_alive(tally: &mut Tally, stand: &mut Stand) {
    let token = stand.acme.issue("'alive', 'olga'");
    let answer = stand.get_with("/v1/token", &token, &[]);
    tally.check(answer.status == 200, || {
        format!("a good request: {answer:?}")
    });
    let log = stand.facade.log();
    let panics: Vec<&str> = log
        .lines()
        .filter(|line| line.contains("panicked") || line.contains("ERROR"))
        .collect();
    tally.check(panics.is_empty(), || format!("in the log: {panics:.1000?}"));
    let held = held_mb(stand.facade.id());
    tally.check(held < MEMORY_MB, || format!("the facade holds {held} MB"));
    tally.figure(format!("the facade holds {held} MB"));
}
