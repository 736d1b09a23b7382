//! The facade when its database, its clients or its neighbours misbehave.
use pgtoken_tests::{
    ADMIN_SECRET, Acme, Cluster, Database, Facade, Http, Issued, Stand, VERIFIER_SECRET, issue,
    wait_until,
};
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const DEADLINE: Duration = Duration::from_secs(20);

/// The promise: healthy again so soon after the database is.
const HEALED: Duration = Duration::from_secs(5);

/// What a question may take, with room for a slow machine.
const ANSWERED: Duration = Duration::from_secs(4);

fn facade_at(url: &str, environment: &[(&str, &str)]) -> Facade {
    Facade::start_as(
        Facade::program()
            .env("PGTOKEN_DATABASE_URL", url)
            .env("PGTOKEN_ADMIN_SECRET", ADMIN_SECRET)
            .env("PGTOKEN_VERIFIER_SECRET", VERIFIER_SECRET)
            .envs(environment.iter().copied()),
    )
}

/// A cluster to break, with one token in it.
fn breakable(cluster: &Cluster) -> (Database<'_>, String) {
    let db = cluster.database();
    db.execute("insert into pgtoken.app_user (user_id) values ('u')");
    let token = issue(
        &mut db.client(),
        "name => 't', user_id => 'u', scope => 'read'",
    );
    (db, token.text)
}

fn ask(facade: &Facade, token: &str) -> u16 {
    let header = format!("X-API-Key: {token}");
    let mut http = Http::connect(&facade.url("")).expect("the facade listens");
    let start = Instant::now();
    let answer = http
        .ask("GET", "/v1/forward-auth?scope=read", &[&header], "")
        .expect("an answer");
    assert!(start.elapsed() < ANSWERED, "{:?}", start.elapsed());
    if answer.status == 503 {
        assert_eq!(answer.json()["code"], "unavailable");
        assert_eq!(answer.header("retry-after"), "1");
    }
    answer.status
}

fn assert_healed(facade: &Facade, token: &str) {
    let start = Instant::now();
    wait_until(DEADLINE, "the facade verifies again", || {
        ask(facade, token) == 200
    });
    assert!(
        start.elapsed() < HEALED,
        "{:?}\n{}",
        start.elapsed(),
        facade.log()
    );
}

#[test]
fn a_stopped_database_is_503_and_its_return_heals() {
    let cluster = Cluster::start();
    let (db, token) = breakable(&cluster);
    let facade = facade_at(&db.url("postgres"), &[]);
    assert_eq!(ask(&facade, &token), 200);
    for crash in [false, true] {
        if crash {
            cluster.crash();
        } else {
            cluster.stop();
        }
        for _ in 0..3 {
            assert_eq!(ask(&facade, &token), 503);
        }
        // Once nobody can answer in time, nobody waits.
        wait_until(DEADLINE, "refusals are quick", || {
            let start = Instant::now();
            ask(&facade, &token) == 503 && start.elapsed() < Duration::from_millis(100)
        });
        cluster.start_again();
        assert_healed(&facade, &token);
    }
}

#[test]
fn a_quick_restart_is_waited_for() {
    let cluster = Cluster::start();
    let (db, token) = breakable(&cluster);
    let facade = facade_at(&db.url("postgres"), &[("PGTOKEN_VERIFY_TIMEOUT", "20s")]);
    assert_eq!(ask(&facade, &token), 200);
    cluster.stop();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            let header = format!("X-API-Key: {token}");
            let mut http = Http::connect(&facade.url("")).expect("the facade listens");
            http.ask("GET", "/v1/forward-auth", &[&header], "")
                .expect("an answer")
                .status
        });
        cluster.start_again();
        assert_eq!(waiting.join().expect("no panic"), 200);
    });
}

#[test]
fn a_hung_server_is_given_up_and_its_waking_heals() {
    let cluster = Cluster::start();
    let (db, token) = breakable(&cluster);
    let facade = facade_at(&db.url("postgres"), &[]);
    assert_eq!(ask(&facade, &token), 200);
    let stopped = Stopped::all_of(&cluster);
    for _ in 0..2 {
        assert_eq!(ask(&facade, &token), 503);
    }
    drop(stopped);
    assert_healed(&facade, &token);
}

#[test]
fn a_hung_backend_costs_no_answer() {
    let cluster = Cluster::start();
    let (db, token) = breakable(&cluster);
    let facade = facade_at(&db.url("postgres"), &[]);
    assert_eq!(ask(&facade, &token), 200);
    let backends = backends_of(&db);
    assert_eq!(backends.len(), 2);
    let _stopped = Stopped::these(backends[..1].to_vec());
    for _ in 0..4 {
        assert_eq!(ask(&facade, &token), 200, "{}", facade.log());
    }
}

#[test]
fn a_server_without_free_connections_is_503_until_there_are() {
    let cluster = Cluster::settings()
        .with("max_connections", "8")
        .with("superuser_reserved_connections", "1")
        .start();
    let (db, token) = breakable(&cluster);
    let verifier = cluster.login(&["pgtoken_verifier"]);
    let mut hogs = Vec::new();
    while let Ok(hog) = cluster.try_connect(db.name(), &verifier) {
        hogs.push(hog);
    }
    let facade = facade_at(&db.url(&verifier), &[]);
    assert_eq!(ask(&facade, &token), 503);
    drop(hogs);
    assert_healed(&facade, &token);
}

#[test]
fn terminated_backends_cost_no_answer_under_load() {
    let mut stand = Stand::new();
    let token = stand
        .acme
        .issue("name => 't', user_id => 'olga', workspace_id => 'acme'");
    let facade = &stand.facade;
    let done = AtomicBool::new(false);
    let (answers, failures) = (AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let header = format!("X-API-Key: {}", token.text);
                let mut http = Http::connect(&facade.url("")).expect("the facade listens");
                while !done.load(Ordering::Relaxed) {
                    let answer = http
                        .ask("GET", "/v1/forward-auth", &[&header], "")
                        .expect("an answer");
                    answers.fetch_add(1, Ordering::Relaxed);
                    assert_ne!(answer.status, 401);
                    if answer.status != 200 {
                        failures.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
        for _ in 0..10 {
            let before = answers.load(Ordering::Relaxed);
            wait_until(DEADLINE, "answers come", || {
                answers.load(Ordering::Relaxed) > before + 100
            });
            wait_until(DEADLINE, "both connections are open", || {
                backends_of(&stand.acme.db).len() == 2
            });
            stand.acme.db.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity
                 where datname = current_database() and application_name = 'pgtoken-facade' order by pid limit 1",
            );
        }
        done.store(true, Ordering::Relaxed);
    });
    assert_eq!(
        failures.load(Ordering::Relaxed),
        0,
        "of {answers:?}: {}",
        facade.log()
    );
}

#[test]
fn clients_that_leave_do_not_disturb_the_others_of_their_batch() {
    let mut stand = Stand::with(&[("PGTOKEN_VERIFY_CONNECTIONS", "1")]);
    let token = stand
        .acme
        .issue("name => 't', user_id => 'olga', workspace_id => 'acme'");
    let header = format!("X-API-Key: {}", token.text);
    for _ in 0..20 {
        let mut leaving: Vec<Http> = (0..32).map(|_| stand.connect()).collect();
        let mut staying: Vec<Http> = (0..8).map(|_| stand.connect()).collect();
        let request = format!("GET /v1/forward-auth HTTP/1.1\r\nHost: h\r\n{header}\r\n\r\n");
        for http in leaving.iter_mut().chain(&mut staying) {
            http.send(&request).expect("sent");
        }
        drop(leaving);
        for http in &mut staying {
            assert_eq!(http.receive().expect("an answer").status, 200);
        }
    }
}

#[test]
fn slow_clients_and_idle_connections_leave_the_others_alone() {
    let mut stand = Stand::new();
    let token = stand
        .acme
        .issue("name => 't', user_id => 'olga', workspace_id => 'acme'");
    let idle: Vec<Http> = (0..2000).map(|_| stand.connect()).collect();
    let mut slow: Vec<Http> = (0..200).map(|_| stand.connect()).collect();
    for http in &mut slow {
        http.send("POST /v1/verify HTTP/1.1\r\nHost: h\r\nContent-Le")
            .expect("sent");
    }
    let start = Instant::now();
    assert_eq!(stand.get_with("/v1/forward-auth", &token, &[]).status, 200);
    assert!(
        start.elapsed() < Duration::from_secs(1),
        "{:?}",
        start.elapsed()
    );
    drop((idle, slow));
}

#[test]
fn no_verification_sent_after_a_revoke_was_answered_is_accepted() {
    const WANTED: usize = 100_000;
    let mut acme = Acme::new();
    let facades = [Stand::facade_of(&acme, &[]), Stand::facade_of(&acme, &[])];
    let tokens: Vec<Issued> = (0..400)
        .map(|_| acme.issue("name => 't', user_id => 'olga', workspace_id => 'acme'"))
        .collect();
    // How many of the tokens, from the first on, were answered to be revoked.
    let revoked = AtomicUsize::new(0);
    let (after, accepted) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let turn = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for worker in 0..16 {
            let (facade, tokens) = (&facades[worker % 2], &tokens);
            let (revoked, after, accepted, turn) = (&revoked, &after, &accepted, &turn);
            scope.spawn(move || {
                let mut http = Http::connect(&facade.url("")).expect("the facade listens");
                while after.load(Ordering::Relaxed) < WANTED {
                    // Around the edge, where a stale answer would be.
                    let edge = revoked.load(Ordering::SeqCst);
                    let step = turn.fetch_add(1, Ordering::Relaxed);
                    let i = (edge + 2)
                        .saturating_sub(1 + step % 6)
                        .min(tokens.len() - 1);
                    let was_revoked = i < edge;
                    let header = format!("X-API-Key: {}", tokens[i].text);
                    let answer = http
                        .ask("GET", "/v1/forward-auth", &[&header], "")
                        .expect("an answer");
                    if was_revoked {
                        after.fetch_add(1, Ordering::Relaxed);
                        assert_eq!(answer.status, 401, "a revoked token was accepted");
                    } else if answer.status == 200 {
                        accepted.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
        let secret = format!("Authorization: Bearer {ADMIN_SECRET}");
        let mut http = Http::connect(&facades[0].url("")).expect("the facade listens");
        for (i, token) in tokens.iter().enumerate() {
            let due = WANTED / tokens.len() * i;
            wait_until(Duration::from_secs(120), "verifications go on", || {
                i == 0 || after.load(Ordering::Relaxed) >= due
            });
            let path = format!("/v1/tokens/{}", token.id);
            let answer = http
                .ask("DELETE", &path, &[&secret], "")
                .expect("an answer");
            assert!(answer.status < 300, "{answer:?}");
            revoked.store(i + 1, Ordering::SeqCst);
        }
    });
    assert!(after.load(Ordering::Relaxed) >= WANTED);
    assert!(
        accepted.load(Ordering::Relaxed) > 0,
        "some were live when they were asked about"
    );
}

/// The backends that verify for a facade.
fn backends_of(db: &Database<'_>) -> Vec<String> {
    let pids = "select coalesce(string_agg(pid::text, ' ' order by pid), '') from pg_stat_activity
        where datname = current_database() and application_name = 'pgtoken-facade' and query like '%verify_digests%'";
    let pids: String = db.value(pids, &[]);
    pids.split_whitespace().map(str::to_owned).collect()
}

/// Processes that do not run; they go on when this is dropped.
struct Stopped(Vec<String>);

impl Stopped {
    fn these(processes: Vec<String>) -> Stopped {
        let stopped = Stopped(processes);
        signal("-STOP", &stopped.0);
        stopped
    }

    /// The postmaster, so that it starts no more, then its children.
    fn all_of(cluster: &Cluster) -> Stopped {
        let file = std::fs::read_to_string(cluster.folder().join("data/postmaster.pid"));
        let file = file.expect("the server runs");
        let postmaster = file.lines().next().expect("a process id").to_owned();
        let mut stopped = Stopped::these(vec![postmaster.clone()]);
        let children = format!("/proc/{postmaster}/task/{postmaster}/children");
        let children = std::fs::read_to_string(children).expect("the kernel lists children");
        let children: Vec<String> = children.split_whitespace().map(str::to_owned).collect();
        signal("-STOP", &children);
        stopped.0.extend(children);
        stopped
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        signal("-CONT", &self.0);
    }
}

/// One that has ended meanwhile needs none.
fn signal(signal: &str, processes: &[String]) {
    let status = Command::new("kill").arg(signal).args(processes).status();
    status.expect("kill starts");
}
