//! A dump saves every token, and restored tokens verify as before, whichever way the dump goes.
use pgtoken_tests::{Cluster, Contents, Database, rows, shared, wait_until};
use postgres::Client;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

/// A database with a row of every kind, the secrets of its tokens, and what is to be found again.
struct Source<'cluster> {
    db: Database<'cluster>,
    secrets: Secrets,
    contents: Contents,
    answers: Vec<String>,
}

/// Names and secrets of tokens, side by side.
struct Secrets {
    names: Vec<String>,
    texts: Vec<String>,
}

#[test]
fn source_has_a_row_in_every_table_and_every_state_and_verdict() {
    let source = source();
    for (table, rows) in source.contents.iter() {
        assert!(!rows.is_empty(), "{table} is empty");
    }
    let mut client = source.db.client();
    let states = rows(
        &mut client,
        "select distinct state from pgtoken.tokens order by 1",
    );
    let all = ["active", "disabled", "expired", "revoked", "suspended"];
    assert_eq!(states, all);

    let codes: BTreeSet<&str> = source
        .answers
        .iter()
        .map(|answer| code_of(answer))
        .collect();
    for code in [
        "valid",
        "not_found",
        "revoked",
        "expired",
        "disabled",
        "owner_disabled",
        "workspace_disabled",
        "not_a_member",
        "wrong_workspace",
        "insufficient_scope",
        "insufficient_permissions",
        "target_forbidden",
        "zone_required",
        "zone_forbidden",
        "address_forbidden",
    ] {
        assert!(codes.contains(code), "no answer is {code}: {codes:?}");
    }
}

#[test]
fn dump_holds_no_secret() {
    let source = source();
    let dump = source.dump(&[]);
    let text = std::fs::read_to_string(&dump).expect("pg_dump writes UTF-8");
    for secret in &source.secrets.texts {
        assert!(!text.contains(secret), "a whole token");
        // Imported tokens of the seed are no more than a word.
        let random = secret.rsplit('_').next().expect("rsplit yields one");
        assert!(random.len() < 20 || !text.contains(&random[..43]));
    }
    assert!(text.contains("everything, \"quoted\""), "a dump of it");
}

#[test]
fn dump_restored_by_psql_is_exact() {
    let copy = shared().empty_database();
    copy.run_script(&source().dump(&[]), &[]);
    source().assert_exact(&mut copy.client());
    source().assert_alive(&mut copy.client());
}

#[test]
fn dump_restored_by_psql_in_one_transaction_is_exact() {
    let copy = shared().empty_database();
    copy.run_script(&source().dump(&[]), &["--single-transaction"]);
    source().assert_exact(&mut copy.client());
}

#[test]
fn dump_made_of_inserts_is_exact() {
    let copy = shared().empty_database();
    copy.run_script(&source().dump(&["--inserts"]), &[]);
    source().assert_exact(&mut copy.client());
}

#[test]
fn archive_restored_serially_is_exact() {
    let copy = shared().empty_database();
    copy.pg_restore(&source().dump(&["-Fc"]), &[]);
    source().assert_exact(&mut copy.client());
    source().assert_alive(&mut copy.client());
}

#[test]
fn archive_restored_over_its_own_database_is_exact() {
    let copy = shared().empty_database();
    let archive = source().dump(&["-Fc"]);
    copy.pg_restore(&archive, &[]);
    source().assert_alive(&mut copy.client());
    copy.pg_restore(&archive, &["--clean"]);
    source().assert_exact(&mut copy.client());
}

/// The recipe for a big database: pgtoken's rows in the order of their keys, all others in parallel.
#[test]
fn archive_restored_in_parallel_but_for_pgtoken_is_exact() {
    let copy = shared().empty_database();
    let archive = source().dump(&["-Fc"]);
    copy.pg_restore(&archive, &["--section=pre-data"]);
    copy.pg_restore(&archive, &["--section=data", "-n", "pgtoken"]);
    copy.pg_restore(&archive, &["--section=data", "-N", "pgtoken", "-j2"]);
    copy.pg_restore(&archive, &["--section=post-data", "-j2"]);
    source().assert_exact(&mut copy.client());
    source().assert_alive(&mut copy.client());
}

/// The recipe where pgtoken's own rows are many. ENABLE TRIGGER ALL, by which it ends, makes ordinary triggers of
/// those that always fire.
#[test]
fn archive_restored_in_parallel_without_triggers_is_exact_once_they_are_armed() {
    let copy = shared().empty_database();
    let archive = source().dump(&["-Fc"]);
    let data = ["--section=data", "--disable-triggers", "-j2"];
    copy.pg_restore(&archive, &["--section=pre-data"]);
    copy.pg_restore(&archive, &data);
    copy.pg_restore(&archive, &["--section=post-data", "-j2"]);
    assert_disarmed_then_arm(&copy);
    source().assert_exact(&mut copy.client());
    source().assert_alive(&mut copy.client());
}

#[test]
fn data_alone_goes_into_a_database_with_the_extension() {
    let copy = shared().database();
    copy.run_script(&source().dump(&["--data-only"]), &[]);
    copy.execute(OWN_GRANT);
    source().assert_exact(&mut copy.client());
    source().assert_alive(&mut copy.client());
}

#[test]
fn data_alone_goes_in_without_triggers_which_are_armed_after() {
    let copy = shared().database();
    let dump = source().dump(&["--data-only", "--disable-triggers"]);
    copy.run_script(&dump, &[]);
    copy.execute(OWN_GRANT);
    assert_disarmed_then_arm(&copy);
    source().assert_exact(&mut copy.client());
    source().assert_alive(&mut copy.client());
}

#[test]
fn server_without_the_library_takes_every_row_and_verifies_once_it_preloads_it() {
    let elsewhere = Cluster::settings().without_preload().start();
    let copy = elsewhere.empty_database();
    copy.run_script(&source().dump(&[]), &[]);
    assert_contents(&Contents::of(&mut copy.client()), &source().contents);
    assert_eq!(copy.sqlstate("select pgtoken.verify_token('')"), "55000");

    copy.execute("alter system set shared_preload_libraries = 'pgtoken'");
    elsewhere.restart();
    source().assert_exact(&mut copy.client());
    source().assert_alive(&mut copy.client());
}

#[test]
fn dump_of_a_whole_cluster_brings_roles_and_settings_along() {
    let (from, to) = (Cluster::start(), Cluster::start());
    let source = Source::fill(from.database());
    let name = source.db.name();
    let login = from.login(&["pgtoken_verifier"]);
    source.db.execute(&format!(
        "alter database {name} set pgtoken.default_ttl = '30 days'"
    ));

    let dump = from.folder().join("all.sql");
    run(source.db.program("pg_dumpall").arg("-f").arg(&dump));
    let outside = to.empty_database();
    let output = outside
        .program("psql")
        .args(["-XqAt", "-f"])
        .arg(&dump)
        .output()
        .expect("psql starts");
    let complaint = String::from_utf8_lossy(&output.stderr);
    let errors: Vec<&str> = complaint
        .lines()
        .filter(|line| line.contains("ERROR"))
        .collect();
    assert_eq!(errors.len(), 1, "{complaint}");
    assert!(errors[0].ends_with("role \"postgres\" already exists"));

    source.assert_exact(&mut to.connect(name, "postgres"));
    let mut verifier = to.connect(name, &login);
    let setting = rows(&mut verifier, "show pgtoken.default_ttl");
    assert_eq!(setting, ["30 days"]);
    assert_eq!(source.answers_of(&mut verifier), source.answers);
    source.assert_alive(&mut to.connect(name, "postgres"));
}

/// pg_upgrade moves the files and dumps the schema, which does not say of a key's triggers that they always fire.
#[test]
fn upgraded_cluster_is_exact_once_the_triggers_are_armed() {
    let from = Cluster::start();
    let source = Source::fill(from.database());
    let to = from.upgrade();
    let mut copy = to.connect(source.db.name(), "postgres");
    assert_ne!(
        Contents::of(&mut copy).part("triggers"),
        source.contents.part("triggers")
    );
    execute(&mut copy, "select pgtoken_internal.arm_triggers()");
    source.assert_exact(&mut copy);
    source.assert_alive(&mut copy);
}

/// The source that the tests of this file share. None of them changes it.
fn source() -> &'static Source<'static> {
    static SOURCE: OnceLock<Source> = OnceLock::new();
    SOURCE.get_or_init(|| Source::fill(shared().database()))
}

/// What the seed grants on the extension, which a dump of the data alone does not hold.
const OWN_GRANT: &str = "grant execute on function pgtoken.purge_events to pgtoken_auditor";

impl<'cluster> Source<'cluster> {
    fn fill(db: Database<'cluster>) -> Source<'cluster> {
        let secrets = Secrets::parse(&db.psql(include_str!("dump_restore/seed.sql")));
        let mut client = db.client();
        // The seed verified every secret once, and a text that never was a token.
        let verdicts = secrets.texts.len() as i64 + 1;
        wait_until(Duration::from_secs(20), "use is flushed", || {
            let flushed = "
                select (select coalesce(sum(count), 0) from pgtoken.verdict_usage) = $1::bigint
                   and (select coalesce(sum(allowed + denied), 0) from pgtoken.token_usage) = count(*)
                from pgtoken.token";
            let row = client.query_one(flushed, &[&verdicts]).expect("sums");
            row.get(0)
        });
        let contents = Contents::of(&mut client);
        let mut source = Source {
            db,
            secrets,
            contents,
            answers: Vec::new(),
        };
        source.answers = source.answers_of(&mut client);
        source
    }

    fn dump(&self, options: &[&str]) -> PathBuf {
        self.db.dump(options)
    }

    fn answers_of(&self, client: &mut Client) -> Vec<String> {
        let Secrets { names, texts } = &self.secrets;
        let questions = include_str!("dump_restore/questions.sql");
        let rows = client.query(questions, &[names, texts]).expect("verdicts");
        rows.iter().map(|row| row.get(0)).collect()
    }

    /// Every row, trigger and privilege is that of the source, and every token gives the same verdicts.
    #[track_caller]
    fn assert_exact(&self, copy: &mut Client) {
        assert_contents(&Contents::of(copy), &self.contents);
        for (copied, original) in self.answers_of(copy).iter().zip(&self.answers) {
            assert_eq!(copied, original);
        }
    }

    /// The copy goes on where the source stopped: it issues, remembers requests, and the directory reaches its tokens.
    #[track_caller]
    fn assert_alive(&self, copy: &mut Client) {
        let again = "select (token is null)::text from pgtoken.issue_token(
            'asked by a user', 'ada', 'guest', 'zürich', request_id => 'request-1', as_user => 'ada', actor => 'seed')";
        assert_eq!(rows(copy, again), ["true"], "the request is known");
        let new = "select token from pgtoken.issue_token('new', 'ada', 'full', 'acme')";
        let new = rows(copy, new).remove(0);
        let code =
            format!("select code from pgtoken.verify_token('{new}', 'full', consume => false)");
        assert_eq!(rows(copy, &code), ["valid"]);

        self.assert_code(copy, "live", "full", "valid");
        execute(
            copy,
            "update pgtoken.member set scope = 'write' where user_id = 'ada'",
        );
        self.assert_code(copy, "live", "full", "insufficient_scope");
        self.assert_code(copy, "live", "write", "valid");

        // Under logical replication only what always fires reaches tokens.
        execute(copy, "set session_replication_role = replica");
        execute(
            copy,
            "update pgtoken.member set scope = 'read' where user_id = 'ada'",
        );
        self.assert_code(copy, "live", "write", "insufficient_scope");
        execute(
            copy,
            "delete from pgtoken.zone where zone_id in ('left', 'right')",
        );
        execute(copy, "reset session_replication_role");
        let left = "select grants::text from pgtoken.tokens where name = 'zones'";
        assert_eq!(rows(copy, left), [r#"{"windows": ["main"]}"#]);

        self.assert_code(copy, "not a member", "read", "not_a_member");
        execute(
            copy,
            "insert into pgtoken.member values ('acme', 'gone', 'read')",
        );
        self.assert_code(copy, "not a member", "read", "valid");
        execute(copy, "delete from pgtoken.app_user where user_id = 'ada'");
        self.assert_code(copy, "live", "read", "not_found");
        let deleted = "select (count(*) > 0)::text from pgtoken.event where kind = 'deleted' and user_id = 'ada' \
                       and token_name = 'live'";
        assert_eq!(rows(copy, deleted), ["true"]);
    }

    #[track_caller]
    fn assert_code(&self, copy: &mut Client, name: &str, scope: &str, code: &str) {
        let index = self.secrets.names.iter().position(|known| known == name);
        let secret = &self.secrets.texts[index.expect("the seed names it")];
        let row = copy
            .query_one(
                "select code from pgtoken.verify_token($1, $2, consume => false)",
                &[secret, &scope],
            )
            .expect("a verdict");
        assert_eq!(row.get::<_, String>(0), code, "{name} asked for {scope}");
    }
}

impl Secrets {
    /// Lines of a name, a bar and a secret.
    fn parse(printed: &str) -> Secrets {
        let (names, texts) = printed
            .lines()
            .map(|line| line.split_once('|').expect("a name and a secret"))
            .map(|(name, text)| (name.to_owned(), text.to_owned()))
            .unzip();
        Secrets { names, texts }
    }
}

#[track_caller]
fn assert_contents(copied: &Contents, original: &Contents) {
    if let Some(difference) = original.difference(copied) {
        panic!("{difference}");
    }
}

#[track_caller]
fn assert_disarmed_then_arm(copy: &Database) {
    let always = "select count(*) from pg_trigger where tgenabled = 'A' \
                  and tgrelid in (select oid from pg_class where relnamespace = 'pgtoken'::regnamespace)";
    assert_eq!(copy.value::<i64>(always, &[]), 0);
    let armed: i32 = copy.value("select pgtoken_internal.arm_triggers()", &[]);
    assert!(armed > 0);
    assert_eq!(copy.value::<i64>(always, &[]), i64::from(armed));
}

/// The code in the text of a verdict, `(t,valid,200,…)` or `(f,not_found,401,…)`, at the end of an answer.
fn code_of(answer: &str) -> &str {
    let start = answer.rfind(" (").expect("a verdict") + 4;
    answer[start..].split(',').next().expect("a code")
}

#[track_caller]
fn execute(client: &mut Client, statement: &str) {
    client
        .batch_execute(statement)
        .unwrap_or_else(|error| panic!("{statement}: {error:?}"));
}

/// Runs a program that has to succeed, and returns its complaints.
#[track_caller]
fn run(command: &mut Command) -> String {
    let output = command.output().expect("programs of PostgreSQL start");
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{command:?}: {complaint}");
    complaint
}
