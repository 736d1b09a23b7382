//! Every function of the schema with every kind of argument as every role, and the directory's tables.
use super::call::{Function, functions};
use super::invariants;
use super::judge::{asks, judge};
use super::memory::held_mb;
use super::sandbox::{ROLES, Sandbox};
use super::seed::{chance, seed};
use super::value::{pick, rare, value, word};
use super::{corpus, directory};
use crate::claim::{Effort, Tally};
use pgtoken_tests::{Cluster, row};
use rand::RngExt;
use rand::rngs::SmallRng;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

/// Statements in one round trip.
const BATCH: usize = 100;
/// Calls to one database: as tokens pile up, each call takes longer.
const ROUND: u64 = 20_000;
/// Batches between two new sets of tokens.
const REFRESH: u64 = 40;
/// What one connection may hold after whatever it was asked.
const MEMORY_MB: u64 = 200;

/// The experiment.
pub fn any_call(effort: Effort) -> Tally {
    let seed = seed();
    let calls = effort.tries(5_000, 1_000_000);
    let threads = effort.tries(1, 2);
    // Not the shared one, whose log others write to.
    let cluster: &'static Cluster = Box::leak(Box::new(Cluster::start()));
    let mut tally = Tally::default();
    corpus::replay_sql(&mut Sandbox::on(cluster), &mut tally);
    let (mut endings, mut memory_mb) = (BTreeMap::new(), 0);
    let (next, rounds) = (AtomicU64::new(0), calls.div_ceil(ROUND));
    std::thread::scope(|scope| {
        let next = &next;
        let misuse = move || {
            let round =
                || Some(next.fetch_add(1, Ordering::Relaxed)).filter(|round| *round < rounds);
            let run = |round| Misuse::new(cluster, chance(seed, round)).run(calls.min(ROUND));
            std::iter::from_fn(round).map(run).collect::<Vec<Ended>>()
        };
        let runs: Vec<_> = (0..threads).map(|_| scope.spawn(misuse)).collect();
        let ended = runs
            .into_iter()
            .map(|run| run.join().expect("a thread ends by itself"));
        for ended in ended.flatten() {
            tally.add(ended.calls);
            for broken in ended.broken {
                tally.attempt(Err(format!("{broken} (PGTOKEN_PROVE_SEED={seed})")));
            }
            for (state, count) in ended.endings {
                *endings.entry(state).or_insert(0) += count;
            }
            memory_mb = memory_mb.max(ended.memory_mb);
        }
    });
    for line in suspicious(&cluster.log()) {
        tally.attempt(Err(format!("the server's log has: {line}")));
    }
    let endings = endings
        .iter()
        .map(|(state, count)| format!("{state} {count}"));
    let endings: Vec<String> = endings.collect();
    tally.figure(format!("seed {seed}; endings: {}", endings.join(", ")));
    tally.figure(format!("memory of a connection at most {memory_mb} MB"));
    cluster.stop();
    tally
}

/// Lines that no client can be the cause of.
fn suspicious(log: &str) -> Vec<&str> {
    let marks = [
        "PANIC",
        "FATAL",
        "panicked",
        "terminated by signal",
        "XX000",
        "TRAP",
    ];
    // The harness asks before the cluster is up, and rounds drop their databases with force.
    let own = [
        "is starting up",
        "due to administrator command",
        "FATAL:  database ",
    ];
    let lines = log.lines().filter(|line| {
        marks.iter().any(|mark| line.contains(mark)) && !own.iter().any(|mark| line.contains(mark))
    });
    lines.collect()
}

struct Misuse {
    sandbox: Sandbox,
    functions: Vec<Function>,
    chance: SmallRng,
    ended: Ended,
}

#[derive(Default)]
struct Ended {
    calls: u64,
    broken: Vec<String>,
    endings: BTreeMap<String, u64>,
    memory_mb: u64,
}

impl Misuse {
    fn new(cluster: &'static Cluster, chance: SmallRng) -> Misuse {
        let mut sandbox = Sandbox::on(cluster);
        let logins = sandbox.logins();
        let functions = functions(&mut sandbox.acme.client, &logins);
        Misuse {
            sandbox,
            functions,
            chance,
            ended: Ended::default(),
        }
    }

    fn run(mut self, calls: u64) -> Ended {
        let mut batches = 0;
        while self.ended.calls < calls {
            self.batch();
            batches += 1;
            if batches % REFRESH == 0 {
                self.sandbox.refresh();
                self.look_at_memory();
            }
        }
        self.look_at_memory();
        let broken = invariants::broken(&mut self.sandbox.acme);
        self.ended.broken.extend(broken);
        self.ended
    }

    /// Statements of one role in one transaction.
    fn batch(&mut self) {
        let role = self.chance.random_range(0..ROLES.len());
        let only_asks = rare(&mut self.chance, 8);
        let statements: Vec<(String, String)> = (0..BATCH)
            .map(|_| self.statement(role, only_asks))
            .collect();
        let texts: Vec<String> = statements.iter().map(|(_, text)| text.clone()).collect();
        let mode = if rare(&mut self.chance, 20) {
            "read only"
        } else {
            "read write"
        };
        let begin = format!("begin {mode}; set local statement_timeout = '60s'");
        // The owner may delete events, and then the tables say nothing of beginnings.
        let deletes_events = texts.iter().any(|text| text.contains("purge_events"));
        let end = if deletes_events || self.chance.random_bool(0.5) {
            "rollback"
        } else {
            "commit"
        };
        self.ended.calls += BATCH as u64;
        let endings = match self.sandbox.run(role, &texts, &begin, end) {
            Ok(endings) => endings,
            Err(error) => {
                let last = texts.last().map_or("", |text| &text[..text.len().min(300)]);
                let complaint = format!(
                    "{} lost its batch: {error:?}; it ended with {last}",
                    ROLES[role]
                );
                return self.ended.broken.push(complaint);
            }
        };
        for ((function, text), ending) in statements.iter().zip(&endings) {
            *self.ended.endings.entry(ending.state.clone()).or_default() += 1;
            if let Err(why) = judge(function, ROLES[role], ending) {
                let text: String = text.chars().take(1_500).collect();
                self.ended
                    .broken
                    .push(format!("{}: {why}: {text}", ROLES[role]));
            }
        }
        if only_asks {
            self.look_for_writes(role, &texts);
        }
    }

    /// A statement, and the function that it calls.
    fn statement(&mut self, role: usize, only_asks: bool) -> (String, String) {
        if !only_asks && rare(&mut self.chance, 12) {
            let text = directory::statement(&mut self.chance, &self.sandbox.known);
            return ("directory".to_owned(), text);
        }
        if !only_asks && rare(&mut self.chance, 60) {
            let name = word(&mut self.chance, &["prefix", "actor", "max_ttl"]);
            let value = value(&mut self.chance, &self.sandbox.known, name, "text");
            let text = format!("select set_config('pgtoken.{name}', {value}, true)");
            return ("setting".to_owned(), text);
        }
        loop {
            let function = pick(&mut self.chance, &self.functions);
            let is_barred = !function.roles[role] && self.chance.random_bool(0.7);
            if is_barred || only_asks && !asks(&function.name) {
                continue;
            }
            let text = function.call(&mut self.chance, &self.sandbox.known);
            return (function.name.clone(), text);
        }
    }

    /// Functions that only ask do not write, whatever they were asked: no transaction id is assigned.
    fn look_for_writes(&mut self, role: usize, texts: &[String]) {
        let client = &mut self.sandbox.clients[role];
        let run = "select count(*) from prove.run($1)";
        let wrote = client.batch_execute("begin").and_then(|()| {
            client.query_one(run, &[&texts])?;
            let id = "select pg_current_xact_id_if_assigned()::text";
            let id: Option<String> = client.query_one(id, &[])?.get(0);
            client.batch_execute("rollback")?;
            Ok(id.is_some())
        });
        if !matches!(wrote, Ok(false)) {
            let role = ROLES[role];
            self.ended
                .broken
                .push(format!("{role}: asking wrote, or broke: {wrote:?}"));
        }
    }

    fn look_at_memory(&mut self) {
        for (client, role) in self.sandbox.clients.iter_mut().zip(ROLES) {
            let pid = row(client, "select pg_backend_pid()");
            let held = held_mb(pid.parse().expect("a process id"));
            self.ended.memory_mb = self.ended.memory_mb.max(held);
            if held > MEMORY_MB {
                self.ended
                    .broken
                    .push(format!("the connection of {role} holds {held} MB"));
            }
        }
    }
}
