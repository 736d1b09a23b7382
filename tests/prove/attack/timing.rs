//! Timing: whether how long a refusal takes tells how much of a guess was right.
//!
//! Method: two kinds of texts, each text used once, asked in random order over one connection, and the client's own
//! clock around each call. The Mann-Whitney test compares the two samples by rank, so that a few slow calls of a
//! busy machine weigh no more than any others; |z| above 5 would come by chance once in two million times.
//! That the method sees a difference where there is one is shown by texts that are refused without a query.
use crate::claim::{Effort, Tally};
use pgtoken_tests::{Dice, Http, Stand, VERIFIER_SECRET};
use postgres::{Client, ToStatement};
use std::time::Instant;

const CERTAIN: f64 = 5.0;
const QUESTION: &str = "select code from pgtoken.verify_token($1)";
const DIGITS: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A text whose first `known` digits after the prefix are those of the token, and whose checksum is right.
fn guess(dice: &mut Dice, token: &str, known: usize) -> String {
    let (prefix, digits) = token.rsplit_once('_').expect("a token");
    let random = (known..43).map(|_| DIGITS[dice.roll(62) as usize] as char);
    let secret: String = digits[..known].chars().chain(random).collect();
    let text = format!("{prefix}_{secret}");
    let mut sum = crc32fast::hash(text.as_bytes());
    let mut checksum = [b'0'; 6];
    for place in checksum.iter_mut().rev() {
        *place = DIGITS[(sum % 62) as usize];
        sum /= 62;
    }
    format!("{text}{}", String::from_utf8_lossy(&checksum))
}

/// The z of the Mann-Whitney test: how many standard deviations the ranks of `b` are above what chance gives.
fn mann_whitney(a: &[u64], b: &[u64]) -> f64 {
    let mut all: Vec<(u64, bool)> = a
        .iter()
        .map(|t| (*t, false))
        .chain(b.iter().map(|t| (*t, true)))
        .collect();
    all.sort_unstable();
    let (mut rank_sum, mut ties, mut place) = (0.0, 0.0, 0);
    while place < all.len() {
        let same = all[place..]
            .iter()
            .take_while(|entry| entry.0 == all[place].0)
            .count();
        let rank = place as f64 + (same as f64 + 1.0) / 2.0;
        let of_b = all[place..place + same]
            .iter()
            .filter(|entry| entry.1)
            .count();
        rank_sum += rank * of_b as f64;
        ties += (same as f64).powi(3) - same as f64;
        place += same;
    }
    let (m, n) = (a.len() as f64, b.len() as f64);
    let mean = n * (m + n + 1.0) / 2.0;
    let variance = m * n / 12.0 * (m + n + 1.0 - ties / ((m + n) * (m + n - 1.0)));
    (rank_sum - mean) / variance.sqrt()
}

fn median(times: &[u64]) -> u64 {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    sorted[sorted.len() / 2]
}

/// Asks texts of two kinds in random order; the times of each in nanoseconds.
fn sample(
    dice: &mut Dice,
    pairs: u64,
    kinds: [&dyn Fn(&mut Dice) -> String; 2],
    mut ask: impl FnMut(&str),
) -> [Vec<u64>; 2] {
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..pairs {
        let first = dice.roll(2) as usize;
        for kind in [first, 1 - first] {
            let text = kinds[kind](dice);
            let start = Instant::now();
            ask(&text);
            times[kind].push(start.elapsed().as_nanos() as u64);
        }
    }
    times
}

/// A guess of which 20 to 36 digits are right, too few to be guessed whole, takes as long as one of which none is; over SQL and over HTTP.
pub fn a_guess_that_is_almost_right_takes_as_long_as_any_other(effort: Effort) -> Tally {
    let mut tally = Tally::default();
    let mut stand = Stand::new();
    let token = stand.acme.issue("'t', 'olga', 'write', 'acme'").text;
    let mut dice = Dice::seeded(uuid::Uuid::new_v4().as_u128() as u64);
    let wrong = |dice: &mut Dice| guess(dice, &token, 0);
    let almost = |dice: &mut Dice| {
        let known = 20 + dice.roll(17) as usize;
        guess(dice, &token, known)
    };
    let malformed = |dice: &mut Dice| {
        let mut text = guess(dice, &token, 0);
        let last = if text.ends_with('0') { '1' } else { '0' };
        text.pop();
        text.push(last);
        text
    };
    let mut client = stand.acme.db.client();
    let question = client.prepare(QUESTION).expect("prepared");
    let mut by_sql = |text: &str| assert_ne!(code(&mut client, &question, text), "valid");
    let mut http = stand.connect();
    let mut by_http = |text: &str| verify(&stand, &mut http, text);
    let pairs = effort.tries(4000, 200_000);
    sample(&mut dice, 500, [&wrong, &almost], &mut by_sql);
    sample(&mut dice, 500, [&wrong, &almost], &mut by_http);
    for (way, pairs, ask) in [
        ("SQL", pairs, &mut by_sql as &mut dyn FnMut(&str)),
        ("HTTP", pairs / 4, &mut by_http),
    ] {
        let [a, b] = sample(&mut dice, pairs, [&wrong, &almost], &mut *ask);
        let z = mann_whitney(&a, &b);
        tally.add(2 * pairs);
        tally.check(z.abs() < CERTAIN, || format!("{way}: z = {z:.1}"));
        tally.figure(format!(
            "{way}: z = {z:.2}, medians {} and {} ns",
            median(&a),
            median(&b)
        ));
        let [a, b] = sample(&mut dice, pairs / 4, [&malformed, &wrong], &mut *ask);
        let z = mann_whitney(&a, &b);
        // Over HTTP the network's noise is larger than the query that is saved.
        tally.check(way == "HTTP" || z > CERTAIN, || {
            format!("{way}: the method sees nothing: z = {z:.1}")
        });
        tally.figure(format!(
            "{way}, refused without a query against with one: z = {z:.1}"
        ));
    }
    let valid = code(&mut stand.acme.client, QUESTION, &token);
    tally.check(valid == "valid", || format!("the token itself: {valid}"));
    tally
}

fn code(client: &mut Client, question: &(impl ToStatement + ?Sized), text: &str) -> String {
    client
        .query_one(question, &[&text])
        .expect("a verdict")
        .get(0)
}

fn verify(stand: &Stand, http: &mut Http, text: &str) {
    let bearer = format!("Authorization: Bearer {VERIFIER_SECRET}");
    let headers = [bearer.as_str(), "Content-Type: application/json"];
    let body = format!("{{\"token\":\"{text}\"}}");
    let answer = http
        .ask("POST", "/v1/verify", &headers, &body)
        .or_else(|_| {
            // The facade closes a connection that was idle while SQL was asked.
            *http = stand.connect();
            http.ask("POST", "/v1/verify", &headers, &body)
        });
    assert_eq!(answer.expect("an answer").status, 200);
}
