//! All that shows tokens to the server and to the facade, and then a look at all that they leave.
use super::entry::{Words, words_of};
use super::secret::Secrets;
use crate::claim::{Effort, Tally};
use pgtoken_format::{Shape, classify, digest};
use pgtoken_tests::jwt::Signer;
use pgtoken_tests::{
    ADMIN_SECRET, Acme, Cluster, Facade, JWT_SECRET, Stand, TELLTALE_RUST_LOG, VERIFIER_SECRET,
    rows, wait_until,
};
use postgres::Client;
use regex::bytes::Regex;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Statements to which a text is bound, good and bad; `None` where they fail.
const SHOWN: &[&str] = &[
    "select from pgtoken.verify_token($1)",
    "select from pgtoken.verify_token($1, 'full', '{upload}', 'acme', 'windows', 'main', '10.0.0.1')",
    "select from pgtoken.verify_token($1 || 'x')",
    "select from pgtoken.verify_token($1, scope => $1, workspace_id => $1, target => $1, zone => $1)",
    "select from pgtoken.verify_tokens(array[$1, $1 || 'x', null])",
    "select from pgtoken.verify_tokens(array[$1], scopes => array[$1, $1])",
    "select from pgtoken.verify_digest(sha256(convert_to($1, 'UTF8')))",
    "select from pgtoken.verify_digest(convert_to($1, 'UTF8'))",
    "select from pgtoken.require_token($1)",
    "select from pgtoken.require_token($1, scope => 'full')",
    "select from pgtoken.require_token($1 || 'x')",
    "select from pgtoken.inspect_token($1)",
    "select from pgtoken.find_token($1)",
    "select from pgtoken.find_token(left($1, 40))",
    "select from pgtoken.find_token($1, as_user => 'nobody')",
    "select from pgtoken.issue_token('t', 'olga', prefix => $1)",
    "select from pgtoken.import_token(convert_to($1, 'UTF8'), 'olga', 't')",
    "select from pgtoken.import_token(sha256(convert_to($1, 'UTF8')), 'olga', 'other', 'x')",
    "select from pgtoken.import_token(sha256('x'), 'olga', 't', start => $1)",
    "select from pgtoken.import_token(sha256('x'), 'olga', 't', digest_rule => $1)",
    "select set_config('pgtoken.prefix', $1, false)",
    "select from pgtoken.revoke_secret($1, repeat('x', 300))",
    "select from pgtoken.revoke_secret($1 || 'x')",
    "select from pgtoken.revoke_secret($1, 'done')",
    "select from pgtoken.verify_token($1)",
];

/// A role whose parameters are not logged, as README advises.
const QUIET: &str = "quiet";

const DEADLINE: Duration = Duration::from_secs(20);

/// The experiment.
pub fn nothing_leaks(_: Effort) -> Tally {
    let settings = Cluster::settings().telltale();
    let settings = settings.with("shared_preload_libraries", "pgtoken,pg_stat_statements");
    let cluster: &'static Cluster = Box::leak(Box::new(settings.start()));
    let mut acme = Acme::on(cluster);
    acme.rows("create extension pg_stat_statements");
    let environment = [
        ("RUST_LOG", TELLTALE_RUST_LOG),
        ("PGTOKEN_JWT_SECRET", JWT_SECRET),
    ];
    let facade = Stand::facade_of(&acme, &environment);
    let mut stand = Stand { acme, facade };
    let mut secrets = Secrets::default();
    let mut looked = Looked::default();

    let watcher = stand.acme.db.client();
    let activity = while_watching(watcher, || {
        in_sql(cluster, &mut stand.acme, &mut secrets);
        over_http(&mut stand, &mut secrets, &mut looked);
    });
    looked.everywhere("pg_stat_activity", activity.into_bytes());
    let answer = stand.ask("GET", "/metrics", &[], "");
    looked.everywhere("/metrics", answer.body.into_bytes());
    looked.everywhere(
        "the facade's log",
        all_of_the_log(&stand.facade).into_bytes(),
    );
    let statements = "select query from pg_stat_statements";
    looked.everywhere(
        "pg_stat_statements",
        stand.acme.rows(statements).join("\n").into_bytes(),
    );
    let dump = stand
        .acme
        .db
        .program("pg_dump")
        .output()
        .expect("pg_dump starts");
    looked.dump(&dump.stdout);
    drop(stand.facade);
    cluster.stop();
    looked.data(&cluster.folder().join("data"));
    looked.log(&cluster.log());
    looked.tally(&secrets)
}

/// Every function that takes or makes a text, by a client that binds it and whose role hides parameters.
fn in_sql(cluster: &Cluster, acme: &mut Acme, secrets: &mut Secrets) {
    acme.rows(
        "create role quiet login in role pgtoken_admin;
         alter role quiet set log_parameter_max_length = 0;
         alter role quiet set log_parameter_max_length_on_error = 0",
    );
    let mut client = cluster.connect(acme.db.name(), QUIET);
    let issued = acme.issue("'one', 'olga', 'write', 'acme', '{publish}', request_id => 'r'");
    let rotate = format!(
        "select token from pgtoken.rotate_token('{}', '1 hour')",
        issued.id
    );
    let rotated = acme.row(&rotate);
    for text in [&issued.text, &rotated] {
        secrets.token(text);
        show(&mut client, text);
    }
    let foreign = "sk-legacy-7Xq2mB9vT4wLz8RkYc3Nf6Hs1Jd5Gp0A";
    secrets.token(foreign);
    let import =
        "select from pgtoken.import_token(sha256(convert_to($1, 'UTF8')), 'olga', 'old', 'sk-leg')";
    client.execute(import, &[&foreign]).expect("an import");
    show(&mut client, foreign);
}

fn show(client: &mut Client, text: &str) {
    for statement in SHOWN {
        // Some fail, which is when servers talk most.
        let _ = client.execute(*statement, &[&text]);
    }
}

/// Every route that takes or makes a text, as whoever may and as whoever may not.
fn over_http(stand: &mut Stand, secrets: &mut Secrets, looked: &mut Looked) {
    let jwt = Signer::hs256(JWT_SECRET).user("olga");
    for secret in [ADMIN_SECRET, VERIFIER_SECRET, JWT_SECRET, jwt.as_str()] {
        secrets.text(secret);
    }
    let body = json!({"name": "t", "user_id": "olga", "workspace_id": "acme", "scope": "write"});
    let issued = stand.admin("POST", "/v1/tokens", body).json();
    let (first, id) = (text(&issued["token"]), text(&issued["id"]));
    let rotation = json!({"overlap": "1h"});
    let rotated = stand
        .bearer(&jwt, "POST", &format!("/v1/tokens/{id}/rotate"), rotation)
        .json();
    let second = text(&rotated["token"]);
    let foreign = "sk-other-9Zr3nC8wU5xMa7SlXd2Og4It6Ke1Hq0B".to_owned();
    let import = "select from pgtoken.import_token($1, 'olga', 'old', 'sk-oth')";
    let digest = digest(foreign.as_bytes());
    let mut quiet = stand.acme.db.cluster().connect(stand.acme.db.name(), QUIET);
    quiet
        .execute(import, &[&digest.as_slice()])
        .expect("an import");
    let session = stand.json("POST", "/v1/session", &[], json!({"secret": ADMIN_SECRET}));
    let cookie = session
        .header("set-cookie")
        .split(['=', ';'])
        .nth(1)
        .expect("a value")
        .to_owned();
    secrets.text(&cookie);
    stand.ask(
        "GET",
        "/v1/session",
        &[&format!("Cookie: pgtoken_session={cookie}")],
        "",
    );

    for token in [&first, &second, &foreign] {
        secrets.token(token);
        let damaged = format!("{}x", &token[..token.len() - 1]);
        for shown in [token, &damaged] {
            let encoded = format!("token={shown}");
            let questions =
                json!({"questions": [{"token": shown}, {"token": shown, "scope": "full"}]});
            let mut answers = vec![
                stand.verify(&json!({"token": shown, "scope": "read"})),
                stand.post("/v1/verify/batch", &questions),
                stand.form("/v1/introspect", &encoded),
                stand.form("/v1/introspect", &format!("{encoded}&client_addr={shown}")),
                stand.admin("POST", "/v1/tokens/find", json!({"text": shown})),
                stand.bearer(&jwt, "POST", "/v1/tokens/find", json!({"text": shown})),
                stand.admin("POST", "/v1/session", json!({"secret": shown})),
            ];
            // In a URL only what has our shape can be told from a name.
            if classify(shown.as_bytes()) != Shape::Foreign {
                for target in [
                    format!("/v1/tokens/{shown}"),
                    format!("/v1/tokens?token={shown}"),
                ] {
                    answers.push(stand.ask("GET", &target, &[], ""));
                }
            }
            for credential in [
                format!("Authorization: Bearer {shown}"),
                format!("X-API-Key: {shown}"),
            ] {
                for (method, target) in [
                    ("GET", "/v1/token"),
                    ("GET", "/v1/forward-auth?scope=read"),
                    ("GET", "/v1/forward-auth"),
                    ("GET", "/v1/tokens"),
                    ("GET", "/v1/stats"),
                    ("POST", "/v1/verify"),
                    ("DELETE", "/v1/session"),
                ] {
                    answers.push(stand.ask(method, target, &[&credential], ""));
                }
            }
            over_http2(stand, shown);
            for answer in answers {
                looked.answer(format!("{answer:?}"));
            }
        }
    }
    for token in [&first, &second, &foreign] {
        looked.answer(format!(
            "{:?}",
            stand.form("/v1/revocation", &format!("token={token}"))
        ));
        looked.answer(format!(
            "{:?}",
            stand.form("/v1/revocation", &format!("token={token}"))
        ));
    }
}

/// Headers are other code there.
fn over_http2(stand: &Stand, token: &str) {
    let asked = Command::new("curl")
        .args([
            "--silent",
            "--show-error",
            "--max-time",
            "20",
            "--http2-prior-knowledge",
        ])
        .arg("--header")
        .arg(format!("Authorization: Bearer {token}"))
        .arg(stand.facade.url("/v1/token"))
        .output();
    let asked = asked.expect("curl starts");
    assert!(asked.status.success(), "{asked:?}");
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

/// What pg_stat_activity shows of all sessions while something goes on.
fn while_watching(mut client: Client, act: impl FnOnce()) -> String {
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let watch = scope.spawn(|| {
            let mut seen = BTreeSet::new();
            // What is logged of the watch itself would bury the rest.
            let quietly = "set log_statement = none; set log_min_duration_statement = -1";
            rows(&mut client, quietly);
            let look = "select query from pg_stat_activity where pid <> pg_backend_pid()";
            while !over.load(Ordering::Relaxed) {
                seen.extend(rows(&mut client, look));
            }
            Vec::from_iter(seen).join("\n")
        });
        act();
        over.store(true, Ordering::Relaxed);
        watch.join().expect("it ends when it is over")
    })
}

/// The facade's log, with the last line that is owed.
fn all_of_the_log(facade: &Facade) -> String {
    let agent = pgtoken_tests::agent();
    let last = agent
        .get(facade.url("/healthz"))
        .header("X-Request-Id", "the-last-one");
    last.call().expect("it answers");
    wait_until(DEADLINE, "everything is logged", || {
        facade.log().contains("the-last-one")
    });
    facade.log()
}

/// What was looked at: its name, its octets, and whether digests may be there.
#[derive(Default)]
struct Looked {
    at: Vec<(String, Vec<u8>, bool)>,
}

impl Looked {
    fn everywhere(&mut self, place: &str, octets: Vec<u8>) {
        self.at.push((place.to_owned(), octets, false));
    }

    fn answer(&mut self, answer: String) {
        self.everywhere(&format!("the answer {answer:.60}"), answer.into_bytes());
    }

    /// Digests are in the table of tokens, and in no other.
    fn dump(&mut self, dump: &[u8]) {
        let text = String::from_utf8_lossy(dump);
        let (before, rest) = text
            .split_once("COPY pgtoken.token (")
            .expect("the table is there");
        let (rows, after) = rest.split_once("\\.\n").expect("its end is there");
        let others = format!("{before}{after}");
        self.everywhere("the rest of a dump", others.into_bytes());
        self.at.push((
            "a dump of tokens".to_owned(),
            rows.as_bytes().to_vec(),
            true,
        ));
    }

    /// Every file of the stopped server: tables, indexes, the write-ahead log, saved use and statistics.
    fn data(&mut self, data: &Path) {
        for file in files_below(data) {
            let name = file
                .strip_prefix(data)
                .expect("it is below")
                .display()
                .to_string();
            let holds_rows = name.starts_with("base/") || name.starts_with("pg_wal/");
            let octets = fs::read(&file).expect("the data of our own server can be read");
            self.at.push((name, octets, holds_rows));
        }
    }

    /// The server's log. Digests are parameters of the facade there, and nothing else.
    fn log(&mut self, log: &str) {
        let mut words = Words::Server;
        let (mut facades, mut others) = (String::new(), String::new());
        for line in log.lines() {
            if !line.starts_with('\t') {
                words = words_of(line.as_bytes()).unwrap_or(words);
            }
            let side = if words == Words::Facade {
                &mut facades
            } else {
                &mut others
            };
            side.push_str(line);
            side.push('\n');
        }
        assert!(
            facades.contains("verify_digests"),
            "the facade's statements are logged"
        );
        self.at.push((
            "statements of the facade in the server's log".to_owned(),
            facades.into_bytes(),
            true,
        ));
        self.everywhere("the server's log", others.into_bytes());
    }

    /// One try for each secret and place.
    fn tally(self, secrets: &Secrets) -> Tally {
        let mut tally = Tally::default();
        let (texts, digests) = (secrets.texts(), secrets.digests());
        let places = self.at.len();
        for (place, octets, may_have_digests) in &self.at {
            tally.add(secrets.count() - 1);
            let digests = digests.find(octets).filter(|_| !may_have_digests);
            let found = texts.find(octets).or(digests);
            tally.check(found.is_none(), || {
                let found = found.expect("it is some");
                let around = found.start().saturating_sub(300)..octets.len().min(found.end() + 50);
                format!("{place}: {}", String::from_utf8_lossy(&octets[around]))
            });
        }
        tally.figure(format!(
            "{} secrets and digests, looked for in {places} places",
            secrets.count()
        ));
        seen_where_it_must_be(&mut tally, &self.at, &digests);
        tally
    }
}

/// Whoever finds nothing anywhere has not looked: digests are in the tables.
fn seen_where_it_must_be(tally: &mut Tally, at: &[(String, Vec<u8>, bool)], digests: &Regex) {
    for (begins, what) in [
        ("base/", "tables"),
        ("pg_wal/", "write-ahead log"),
        ("a dump", "dump"),
    ] {
        let mut places = at.iter().filter(|(place, _, _)| place.starts_with(begins));
        let seen = places.any(|(_, octets, _)| digests.is_match(octets));
        tally.check(seen, || {
            format!("no digest in the {what}: nothing was looked at")
        });
    }
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("it can be read") {
        let path = entry.expect("it can be read").path();
        match path.is_dir() {
            true => files.extend(files_below(&path)),
            false => files.push(path),
        }
    }
    files
}
