//! Verification by many connections while the extension is updated.
use super::steps::directory;
use super::versions::Old;
use crate::claim::{Effort, Tally};
use pgtoken_tests::{Cluster, error_of, rows, wait_until};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

pub fn verification(effort: Effort) -> Tally {
    let mut tally = Tally::default();
    for _ in 0..effort.tries(1, 3) {
        one_update(&mut tally, effort);
    }
    tally
}

/// Each connection asks for one token at a time, by prepared statements and in bulk.
const ALONE: &str = "select v.code from pgtoken.verify_token($1, 'read', consume => false) as v";
const IN_BULK: &str =
    "select v.code from pgtoken.verify_tokens(array[$1], array['read'], consume => false) as v";

/// Whoever asks gives up then, whatever became of the update.
const LONGEST: Duration = Duration::from_secs(300);

fn one_update(tally: &mut Tally, effort: Effort) {
    let cluster = Cluster::start();
    let old = Old::invented(&cluster);
    let acme = directory(&cluster, &old, effort);
    old.install_present(&cluster);
    cluster.restart();

    let texts: Vec<&str> = acme.secrets.iter().map(|secret| secret.text()).collect();
    let codes = |sql: &str| -> BTreeMap<&str, String> {
        let mut client = acme.db.client();
        let mut code = |text: &&'_ str| client.query_one(sql, &[text]).expect("a verdict").get(0);
        texts.iter().map(|text| (*text, code(text))).collect()
    };
    let expected = codes(ALONE);
    let (over, done) = (AtomicBool::new(false), AtomicU64::new(0));
    let started = Instant::now();
    let ask = |statement: &str| {
        let mut client = acme.db.client();
        let statement = client.prepare(statement).expect("a statement");
        let (mut wrong, mut errors) = (Vec::new(), Vec::new());
        for text in texts.iter().cycle() {
            if over.load(Ordering::Relaxed) || started.elapsed() > LONGEST {
                break;
            }
            match client.query_one(&statement, &[text]) {
                Ok(row) if row.get::<_, String>(0) == expected[text] => {}
                Ok(row) => wrong.push(format!(
                    "{} became {}",
                    expected[text],
                    row.get::<_, String>(0)
                )),
                Err(error) => errors.push(error_of::<()>(Err(error))),
            }
            done.fetch_add(1, Ordering::Relaxed);
        }
        (wrong, errors)
    };
    // Some before, some while, some after.
    let asked = |more: u64| {
        let from = done.load(Ordering::Relaxed);
        wait_until(LONGEST, "verifications go on", || {
            done.load(Ordering::Relaxed) >= from + more
        });
    };
    let enough = effort.tries(500, 10_000);
    let outcomes: Vec<_> = std::thread::scope(|scope| {
        let ask = &ask;
        let askers = [ALONE, ALONE, IN_BULK].map(|sql| scope.spawn(move || ask(sql)));
        asked(enough);
        rows(&mut acme.db.client(), "alter extension pgtoken update");
        asked(enough);
        over.store(true, Ordering::Relaxed);
        askers
            .map(|asker| asker.join().expect("an asker ends"))
            .into()
    });
    tally.add(done.into_inner());
    for (wrong, errors) in outcomes {
        for wrong in wrong {
            tally.attempt(Err(wrong));
        }
        // A function that is replaced at that moment is one that is called again.
        for error in &errors {
            let replaced = error
                .message
                .starts_with("cache lookup failed for function");
            let passing = replaced || ["42883", "42804", "0A000"].contains(&error.code.as_str());
            tally.check(passing, || error.to_string());
        }
        if !errors.is_empty() {
            tally.figure(format!("{} calls were to be repeated", errors.len()));
        }
    }
    tally.check(codes(ALONE) == expected, || "verdicts changed".to_owned());
    tally.check(codes(IN_BULK) == expected, || {
        "verdicts in bulk changed".to_owned()
    });
}
