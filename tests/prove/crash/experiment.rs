//! Rounds of load, a kill and a start, after each of which everything is looked at.
use super::client::{Client, ZONES};
use super::uses::{self, Uses};
use super::{Findings, audit};
use pgtoken_tests::authority::excesses;
use pgtoken_tests::{
    ADMIN_SECRET, Cluster, Database, Dice, Facade, Http, Session, Token, VERIFIER_SECRET, issue,
    wait_until,
};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::scope;
use std::time::{Duration, Instant};

const CLIENTS: u64 = 6;
const COUNTERS: usize = 2;
const PATIENCE: Duration = Duration::from_secs(60);
const RECOVERY: Duration = Duration::from_secs(5);

/// Changes that are made after each crash before the round is over.
const AFTERWARDS: usize = 50;

/// The facade, its clients, and what was found so far.
pub struct Experiment<'a> {
    db: Database<'a>,
    facade: Facade,
    clients: Vec<Client>,
    /// A token that nobody changes.
    steady: Token,
    findings: Findings,
    slowest: Duration,
    oldest: Duration,
    forgotten: usize,
}

impl<'a> Experiment<'a> {
    pub fn new(cluster: &'a Cluster) -> Experiment<'a> {
        let db = cluster.database();
        db.execute(&format!(
            "insert into pgtoken.workspace (workspace_id) values ('w');
             insert into pgtoken.target (target_id, workspace_id) values ('t', 'w');
             insert into pgtoken.zone (target_id, zone_id) select 't', 'z' || n from generate_series(0, {ZONES} - 1) as n;
             insert into pgtoken.app_user (user_id)
             select 'user-' || n from generate_series(0, {CLIENTS} - 1) as n union all values ('counted');
             insert into pgtoken.member (workspace_id, user_id, scope) select 'w', user_id, 'full' from pgtoken.app_user"
        ));
        let role = cluster.login(&["pgtoken_admin", "pgtoken_verifier"]);
        let facade = Facade::start_as(
            Facade::program()
                .env("PGTOKEN_DATABASE_URL", db.url(&role))
                .env("PGTOKEN_ADMIN_SECRET", ADMIN_SECRET)
                .env("PGTOKEN_VERIFIER_SECRET", VERIFIER_SECRET),
        );
        let steady = issue(&mut db.client(), "'steady', 'counted', workspace_id => 'w'");
        Experiment {
            clients: (0..CLIENTS).map(|n| Client::new(n, &facade)).collect(),
            db,
            facade,
            steady,
            findings: Findings::default(),
            slowest: Duration::ZERO,
            oldest: Duration::ZERO,
            forgotten: 0,
        }
    }

    /// Load, a kill at a random moment, a start, load again; then everything is looked at. Whether there can be another
    /// round: the facade has recovered.
    pub fn round(&mut self, n: u64) -> bool {
        let (killed, over, made) = (
            AtomicBool::new(false),
            AtomicBool::new(false),
            AtomicUsize::new(0),
        );
        let cluster = self.db.cluster();
        let (db, facade, steady) = (&self.db, &self.facade, &self.steady);
        // Later than uses may be forgotten, or nothing would be shown of them.
        let moment = uses::FORGOTTEN + Duration::from_millis(300 + Dice::seeded(n).roll(1_000));
        let (killed_at, up_at, recovered_at, uses) = scope(|scope| {
            let _end = End([&killed, &over]);
            let clients = self.clients.iter_mut();
            let clients: Vec<_> = clients
                .map(|client| scope.spawn(|| client.work(&over, &made)))
                .collect();
            let counters: Vec<_> = (0..COUNTERS)
                .map(|_| scope.spawn(|| Uses::count(db, facade, &killed)))
                .collect();
            let began = Instant::now();
            wait_until(PATIENCE, "the moment comes", || began.elapsed() > moment);
            let killed_at = Instant::now();
            cluster.kill();
            killed.store(true, Ordering::Relaxed);

            let starting = scope.spawn(|| cluster.start_again());
            wait_until(PATIENCE, "the server accepts connections", || {
                cluster.try_connect(db.name(), "postgres").is_ok()
            });
            let up_at = Instant::now();
            let recovered_at = recover(facade, steady).then(Instant::now);
            starting.join().expect("the server starts again");
            if recovered_at.is_some() {
                let before = made.load(Ordering::Relaxed);
                wait_until(PATIENCE, "the clients go on", || {
                    made.load(Ordering::Relaxed) >= before + AFTERWARDS
                });
            }
            over.store(true, Ordering::Relaxed);
            for client in clients {
                client.join().expect("the facade answers");
            }
            let uses = counters.into_iter().map(|counter| counter.join());
            let uses: Vec<Uses> = uses.collect::<Result<_, _>>().expect("the facade answers");
            (killed_at, up_at, recovered_at, uses)
        });
        self.look_at_recovery(up_at, recovered_at);
        self.look_at_changes(made.into_inner());
        self.look_at_uses(&uses, killed_at);
        recovered_at.is_some()
    }

    /// It has recovered when it verifies, manages, and leaves nobody without an answer any more.
    fn look_at_recovery(&mut self, up_at: Instant, recovered_at: Option<Instant>) {
        let refused = self
            .clients
            .iter()
            .filter_map(|client| client.caller.last_refused);
        let last = refused.chain(recovered_at).max();
        let took = last.map(|last| last.saturating_duration_since(up_at));
        let took = took.filter(|_| recovered_at.is_some());
        self.slowest = self.slowest.max(took.unwrap_or_default());
        let held = took.is_some_and(|took| took <= RECOVERY);
        self.findings
            .recoveries
            .check(held, || format!("recovered after {took:?}"));
    }

    fn look_at_changes(&mut self, made: usize) {
        self.findings.changes.add(made as u64);
        for client in &mut self.clients {
            let (broken, keys) = audit::audit(&self.db, client);
            for broken in broken {
                self.findings.changes.attempt(Err(broken));
            }
            client.repeat(|key| keys.get(key).cloned());
            client.use_all();
            self.findings
                .answers
                .add(std::mem::take(&mut client.judged));
            for wrong in client.wrong.drain(..) {
                self.findings.answers.attempt(Err(wrong));
            }
        }
    }

    fn look_at_uses(&mut self, uses: &[Uses], killed_at: Instant) {
        for uses in uses {
            self.findings.uses.add(uses.answered() as u64);
            let lost = uses.lost(&self.db, killed_at);
            match lost {
                Ok((count, age)) => {
                    self.forgotten += count;
                    self.oldest = self.oldest.max(age);
                }
                Err(broken) => self.findings.uses.attempt(Err(broken)),
            }
        }
    }

    /// The database has no excess of authority after all, and the server is no longer needed.
    pub fn finish(mut self) -> Findings {
        for excess in excesses(&Session::open(&self.db)) {
            self.findings.changes.attempt(Err(excess));
        }
        let tokens: usize = self.clients.iter().map(|client| client.tokens.len()).sum();
        let Findings {
            changes,
            recoveries,
            uses,
            ..
        } = &mut self.findings;
        changes.figure(format!("{tokens} tokens were there in the end"));
        recoveries.figure(format!("slowest recovery {:?}", self.slowest));
        uses.figure(format!(
            "{} uses were forgotten, the oldest {:?} old",
            self.forgotten, self.oldest
        ));
        // To drop a database takes long where writes are durable, and it goes with its folder anyway.
        self.db.cluster().crash();
        self.findings
    }
}

/// Lets every thread end, also where a panic ends the round.
struct End<'a>([&'a AtomicBool; 2]);

impl Drop for End<'_> {
    fn drop(&mut self) {
        for flag in self.0 {
            flag.store(true, Ordering::Relaxed);
        }
    }
}

/// Whether the facade verifies and manages again, in twice the time that it has.
fn recover(facade: &Facade, steady: &Token) -> bool {
    let start = Instant::now();
    let mut http = Http::connect(&facade.url("")).expect("the facade listens");
    let token = format!("X-API-Key: {}", steady.text);
    let admin = format!("Authorization: Bearer {ADMIN_SECRET}");
    let row = format!("/v1/tokens/{}", steady.id);
    let mut is_answered = |path: &str, header: &str| {
        let answer = http.ask("GET", path, &[header], "");
        answer.expect("the facade answers").status == 200
    };
    let mut has_recovered = false;
    wait_until(PATIENCE, "the facade recovers, or is given up", || {
        has_recovered = is_answered("/v1/forward-auth", &token) && is_answered(&row, &admin);
        has_recovered || start.elapsed() > 2 * RECOVERY
    });
    has_recovered
}
