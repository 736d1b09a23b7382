//! All that shows tokens to the server and to the facade, and then a look at all that they leave.
use super::looked::Looked;
use super::routes::over_http;
use super::secret::Secrets;
use crate::claim::{Effort, Tally};
use pgtoken_tests::{
    Acme, Cluster, Facade, JWT_SECRET, Stand, TELLTALE_RUST_LOG, rows, wait_until,
};
use postgres::Client;
use std::collections::BTreeSet;
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
pub const QUIET: &str = "quiet";

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
