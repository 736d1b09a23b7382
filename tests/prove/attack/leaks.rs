//! Reading what is stored of a secret, by ways round the functions.
use crate::claim::{Effort, Tally};
use pgtoken_tests::{Acme, Issued, rows};
use postgres::Client;

const ROLES: [&str; 5] = [
    "pgtoken_verifier",
    "pgtoken_issuer",
    "pgtoken_directory",
    "pgtoken_auditor",
    "pgtoken_admin",
];

/// Ways to read a table or view, `REL`; and to have the server tell of it.
const ON_RELATIONS: [&str; 26] = [
    "select * from REL",
    "select x from REL as x",
    "select to_jsonb(x) from REL as x",
    "select digest from REL",
    "select request_digest from REL",
    "select max(digest) from REL",
    "select ctid, xmin from REL",
    "table REL",
    "copy REL to stdout",
    "copy (select x from REL as x) to stdout",
    "explain (analyze, verbose, costs off) select * from REL",
    "explain (verbose) select from REL where digest = 'DIGEST'",
    "declare c cursor for select * from REL; fetch all from c",
    "prepare p as select * from REL; execute p",
    "insert into REL default values returning *",
    "update REL set digest = digest returning *",
    "delete from REL returning *",
    "select * from REL for key share",
    "create temp table copied as select * from REL",
    "create temp table likewise (like REL including all); select * from likewise",
    "create temp table child () inherits (REL); select * from REL",
    "create temp table probe (d bytea references REL (digest)); insert into probe values ('DIGEST')",
    "create statistics public.s on digest, name from REL; analyze REL; select * from pg_stats_ext",
    "analyze REL; select * from pg_stats where tablename = 'token'",
    "create view public.peek as select * from REL; select * from public.peek",
    "create trigger t after insert on REL for each row execute function pg_catalog.suppress_redundant_updates_trigger()",
];

/// Catalogues, files and other places where a copy could lie; and functions with a digest to guess from.
const ELSEWHERE: [&str; 38] = [
    "select * from pg_stats",
    "select * from pg_stats_ext",
    "select * from pg_stats_ext_exprs",
    "select * from pg_statistic",
    "select * from pg_statistic_ext_data",
    "select query from pg_stat_activity",
    "select * from pg_prepared_statements",
    "select * from pg_cursors",
    "select * from pg_locks",
    "select * from pg_indexes where schemaname = 'pgtoken'",
    "select pg_read_binary_file(pg_relation_filepath('pgtoken.token'))",
    "select pg_read_file('global/pgtoken.usage')",
    "select * from pg_ls_dir('.')",
    "select lo_import('/etc/hostname')",
    "copy (select 1) to program 'cat'",
    "create extension pageinspect",
    "create extension pgstattuple",
    "select * from bt_page_items('pgtoken.token_digest_key', 1)",
    "select pg_create_logical_replication_slot('s', 'test_decoding')",
    "select pg_current_wal_lsn()",
    "create publication p for table pgtoken.token",
    "set role postgres; select * from pgtoken.token",
    "set session authorization postgres; select * from pgtoken.token",
    "alter table pgtoken.token owner to current_user",
    "grant select on pgtoken.token to current_user; select * from pgtoken.token",
    "alter function pgtoken.find_token(text, text) reset all",
    "set row_security = off; select * from pgtoken.token",
    "select x from pgtoken.find_token('HEX', 'olga') as x",
    "select x from pgtoken.find_token('START', 'olga') as x",
    "select x from pgtoken.get_token('ID', 'olga') as x",
    "select x from pgtoken.list_tokens(search => 'HEX', as_user => 'olga') as x",
    "select x from pgtoken.list_events(as_user => 'olga') as x",
    "select x from pgtoken.list_events(token_id => 'ID') as x",
    "select x from pgtoken.inspect_token('TEXT') as x",
    "select x from pgtoken.verify_token('TEXT') as x",
    "select x from pgtoken.import_token('DIGEST', 'olga', 'again') as x",
    "select x from pgtoken.import_token(sha256('another'), 'olga', 'twin', id => 'ID') as x",
    "select x from pgtoken.rotate_token('ID', as_user => 'olga') as x",
];

/// Every role, and a stranger, tries every way on every relation; nothing that comes back, rows or errors, holds a
/// digest. Two things are known to hold it: a superuser's rows, and what finds a token by more than its digest.
pub fn no_granted_role_reads_a_digest(effort: Effort) -> Tally {
    let mut tally = Tally::default();
    for _ in 0..effort.tries(1, 4) {
        let mut acme = Acme::new();
        acme.rows("grant usage, create on schema public to public");
        let token = acme.issue("'t', 'olga', 'agency', 'acme', grants => '{\"windows\": [\"main\"]}', request_id => 'r'");
        acme.rows("analyze");
        let digest = acme.row(&format!("select encode(sha256('{}'), 'hex')", token.text));
        let relations = acme.rows(
            "select c.oid::regclass from pg_class as c
             where c.relnamespace in ('pgtoken'::regnamespace, 'pgtoken_internal'::regnamespace)
               and c.relkind in ('r', 'v', 'i', 'c')",
        );
        let mut attempts: Vec<String> = ELSEWHERE
            .iter()
            .map(|sql| fill(sql, &token, &digest))
            .collect();
        for relation in relations {
            attempts.extend(
                ON_RELATIONS.map(|sql| fill(&sql.replace("REL", &relation), &token, &digest)),
            );
        }
        let mut clients: Vec<(&str, Client)> =
            ROLES.map(|role| (role, acme.db.client_as(role))).into();
        clients.push(("stranger", acme.db.client_as_stranger()));
        for (role, client) in &mut clients {
            for sql in &attempts {
                let said = said_by(client, sql);
                // What the caller itself put into its statement comes back in the error's words.
                tally.check(!shows(&said, &digest), || format!("{role}: {sql}: {said}"));
            }
        }
        let said = format!(
            "{:?}",
            acme.client.simple_query("select t from pgtoken.token as t")
        );
        tally.check(shows(&said, &digest), || {
            "not even a superuser sees it".to_owned()
        });
        let guessed = rows(
            &mut acme.client,
            &format!("select id from pgtoken.find_token('{}')", &digest[..16]),
        );
        tally.check(guessed.is_empty(), || {
            "a part of the digest finds the token".to_owned()
        });
    }
    tally
}

fn fill(sql: &str, token: &Issued, digest: &str) -> String {
    sql.replace("DIGEST", &format!("\\x{digest}"))
        .replace("HEX", digest)
        .replace("TEXT", &token.text)
        .replace("START", &token.text[..10])
        .replace("ID", &token.id)
}

/// Rows and errors of a script that is rolled back, with the statement's own text taken out.
pub(super) fn said_by(client: &mut Client, sql: &str) -> String {
    client.batch_execute("begin").expect("begin");
    let said = match client.simple_query(sql) {
        Ok(messages) => format!("{messages:?}"),
        Err(error) => format!("{:?}", error.as_db_error()),
    };
    client.batch_execute("rollback").expect("rollback");
    said.replace(sql, "")
}

/// In hexadecimal, whole or the first half.
fn shows(said: &str, digest: &str) -> bool {
    said.contains(&digest[..32])
}

/// A cheap function that writes down all it is shown, in WHERE, in ORDER BY, in a join, in an operator, as an
/// auditor and as others: it is shown rows and columns of the view, and none that the view holds back.
pub fn a_leaky_function_in_a_query_is_shown_nothing_that_the_view_holds_back(_: Effort) -> Tally {
    let mut tally = Tally::default();
    let mut acme = Acme::new();
    let token = acme.issue(
        "'t', 'olga', 'agency', 'acme', grants => '{\"windows\": [\"main\"]}', request_id => 'r'",
    );
    let digest = acme.row(&format!("select encode(sha256('{}'), 'hex')", token.text));
    acme.rows(
        "grant usage, create on schema public to public;
         create table public.leaked (what text); grant insert on public.leaked to public;
         create function public.leak(what text) returns boolean language plpgsql cost 0.0000001
         as $$ begin insert into public.leaked values (what); return true; end $$;
         create function public.leak2(a text, b text) returns boolean language plpgsql cost 0.0000001
         as $$ begin insert into public.leaked values (a), (b); return true; end $$;
         create operator public.~~~ (leftarg = text, rightarg = text, function = public.leak2)",
    );
    let views = [
        "tokens",
        "token_grant",
        "event",
        "usage_stats",
        "token_usage",
        "verdict_usage",
    ];
    for role in ROLES {
        let mut client = acme.db.client_as(role);
        for view in views {
            for query in [
                "select count(*) from pgtoken.V as v where public.leak(v::text)",
                "select count(*) from pgtoken.V as v where not public.leak(v::text) or public.leak(to_jsonb(v)::text)",
                "select count(*) from (select from pgtoken.V as v order by public.leak(v::text)) as s",
                "select count(*) from pgtoken.V as v join pgtoken.V as w on v::text operator(public.~~~) w::text",
                "select count(*) from pgtoken.V as v group by public.leak(v::text) having public.leak(max(v::text))",
                "select count(*) from pgtoken.V as v, lateral (select public.leak(v::text) offset 0) as l",
            ] {
                let allowed = client.simple_query(&query.replace('V', view)).is_ok();
                let due = ["pgtoken_auditor", "pgtoken_admin"].contains(&role);
                tally.check(allowed == due, || {
                    format!("{role} may query {view}: {allowed}")
                });
            }
        }
        // Functions of pgtoken take no query of the caller's into their own: what is leaky runs outside, on their rows.
        for query in [
            "select count(*) from pgtoken.list_tokens(as_user => 'leo') as v where public.leak(v::text)",
            "select count(*) from pgtoken.find_token('pgt_', 'leo') as v where public.leak(v::text)",
        ] {
            let _ = client.simple_query(query);
        }
    }
    let seen = acme.row("select count(*) > 50 from public.leaked");
    tally.check(seen == "t", || "the leak saw nothing".to_owned());
    let found = acme.row(&format!(
        "select count(*) from public.leaked where what like '%{}%'",
        &digest[..32]
    ));
    tally.check(found == "0", || format!("{found} times a digest"));
    tally
}
