//! Where verification can be called from, and what it leaves alone there.
use pgtoken_tests::{Cluster, READS, acme_token, code, error_of, shared};
use postgres::Client;
use serde_json::Value;
use std::time::Instant;

#[test]
fn verification_runs_in_parallel_workers() {
    let db = shared().database();
    let (mut client, token) = acme_token(&db);
    let fill = "create table request as
        select case n % 3 when 0 then 'junk' else '{}' end as token from generate_series(1, 6000) as n;
        analyze request;
        set parallel_setup_cost = 0; set parallel_tuple_cost = 0; set min_parallel_table_scan_size = 0;
        set max_parallel_workers_per_gather = 2; set parallel_leader_participation = off";
    client
        .batch_execute(&fill.replace("{}", &token.text))
        .expect("fill");
    let sql =
        "select count(*) from request where (pgtoken.verify_token(token, scope => 'write')).valid";
    let explain = format!("explain (analyze, format json) {sql}");
    let plan: Value = client.query_one(&explain, &[]).expect("plan").get(0);
    let plan = plan.to_string();
    assert!(plan.contains("\"Workers Launched\":2"), "{plan}");
    assert_eq!(
        client.query_one(sql, &[]).expect("row").get::<_, i64>(0),
        4000
    );

    // A worker shares the changes that its leader has not committed.
    client
        .batch_execute("begin; update pgtoken.member set scope = 'read'")
        .expect("demote");
    assert_eq!(client.query_one(sql, &[]).expect("row").get::<_, i64>(0), 0);
    client.batch_execute("rollback").expect("rollback");
    let bulk = "select count(*) from request, lateral pgtoken.verify_tokens(array[token]) as v where v.valid";
    assert_eq!(
        client.query_one(bulk, &[]).expect("row").get::<_, i64>(0),
        4000
    );
}

#[test]
fn worker_knows_the_vocabulary_that_its_leader_has_not_committed() {
    let db = shared().database();
    let (mut client, token) = acme_token(&db);
    client
        .batch_execute(
            "set force_parallel_mode = on; begin;
             insert into pgtoken.scope (name, rank) values ('post', 10);
             update pgtoken.member set scope = 'post'",
        )
        .expect("new scope");
    let update = "update pgtoken.token set scope = 'post' where id = $1";
    client.execute(update, &[&token.id]).expect("update");
    assert_eq!(code(&mut client, &token.text, "scope => 'post'"), "valid");
}

#[test]
fn prepared_statement_with_a_generic_plan_is_never_stale() {
    let db = shared().database();
    let (mut client, token) = acme_token(&db);
    client
        .batch_execute("set plan_cache_mode = force_generic_plan")
        .expect("set");
    let statement = client
        .prepare("select code from pgtoken.verify_token($1, scope => $2)")
        .expect("prepare");
    let ask = |client: &mut Client| {
        let row = client
            .query_one(&statement, &[&token.text, &"write"])
            .expect("row");
        row.get::<_, String>(0)
    };
    for (change, expected) in [
        (
            "update pgtoken.member set scope = 'read'",
            "insufficient_scope",
        ),
        ("update pgtoken.member set scope = 'write'", "valid"),
        ("vacuum full pgtoken.token", "valid"),
        (
            "update pgtoken.workspace set disabled_at = now()",
            "workspace_disabled",
        ),
        (
            "select pgtoken.revoke_tokens(user_id => 'owner')",
            "revoked",
        ),
        ("delete from pgtoken.app_user", "not_found"),
    ] {
        for _ in 0..6 {
            ask(&mut client);
        }
        db.execute(change);
        assert_eq!(ask(&mut client), expected, "{change}");
    }
}

#[test]
fn plpgsql_of_a_mere_verifier_verifies_requires_and_catches() {
    let db = shared().database();
    let (_, token) = acme_token(&db);
    db.execute(
        "create function answer(secret text) returns text language plpgsql as $$
         declare
             v pgtoken.verdict := pgtoken.verify_token(secret, scope => 'write');
             again pgtoken.verdict;
             said text := v.code;
         begin
             if (pgtoken.verify_token(secret, scope => 'full')).valid then return 'too much'; end if;
             select * into again from pgtoken.verify_token(secret);
             said := said || ' ' || again.scope;
             begin
                 perform pgtoken.require_token(secret, scope => 'full');
             exception when insufficient_privilege then said := said || ' caught';
             end;
             for n in 1..3 loop
                 perform from pgtoken.verify_tokens(array[secret, 'x']);
             end loop;
             perform pgtoken.revoke_secret(secret);
             return said || ' ' || (pgtoken.verify_token(secret)).code;
         end $$",
    );
    let mut verifier = db.client_as("pgtoken_verifier");
    let said = verifier
        .query_one("select answer($1)", &[&token.text])
        .expect("row");
    assert_eq!(said.get::<_, &str>(0), "valid write caught revoked");
}

#[test]
fn every_read_is_the_right_of_a_mere_verifier_and_of_no_stranger() {
    let db = shared().database();
    let (_, token) = acme_token(&db);
    let (mut verifier, mut stranger) = (db.client_as("pgtoken_verifier"), db.client_as_stranger());
    for sql in READS {
        verifier.execute(sql, &[&token.text]).expect(sql);
        assert_eq!(
            error_of(stranger.execute(sql, &[&token.text])).code,
            "42501",
            "{sql}"
        );
    }
}

#[test]
fn policy_view_trigger_and_copy_can_verify() {
    let db = shared().database();
    let (_, token) = acme_token(&db);
    db.execute(
        "create table note (body text);
         insert into note values ('secret');
         alter table note enable row level security;
         create policy holder on note
             using ((pgtoken.verify_token(current_setting('app.token', true), scope => 'write')).valid);
         create view answers as select v.* from pgtoken.verify_token(current_setting('app.token', true)) as v;
         create function guard() returns trigger language plpgsql as $$ begin
             perform pgtoken.require_token(current_setting('app.token', true)); return new; end $$;
         create trigger guard before insert on note for each row execute function guard();
         grant select, insert on note to public; grant select on answers to public",
    );
    let mut verifier = db.client_as("pgtoken_verifier");
    let mut seen = |setting: &str| -> (i64, String, bool) {
        let set = "select set_config('app.token', $1, false)";
        verifier.execute(set, &[&setting]).expect("set");
        let notes = verifier
            .query_one("select count(*) from note", &[])
            .expect("count")
            .get(0);
        let code = verifier
            .query_one("select code from answers", &[])
            .expect("code")
            .get(0);
        (
            notes,
            code,
            verifier
                .execute("insert into note values ('more')", &[])
                .is_ok(),
        )
    };
    assert_eq!(seen("junk"), (0, "not_found".to_owned(), false));
    assert_eq!(seen(&token.text), (1, "valid".to_owned(), true));
    let copy = format!(
        "copy (select code from pgtoken.verify_token('{}')) to stdout",
        token.text
    );
    assert_eq!(db.psql(&copy), "valid\n");
}

#[test]
fn bulk_call_can_be_cancelled_before_it_ends() {
    let db = shared().database();
    let (mut client, token) = acme_token(&db);
    let bulk = "select from pgtoken.verify_tokens(array_fill($1::text, array[300000])) limit 1";
    let start = Instant::now();
    client.execute(bulk, &[&token.text]).expect("bulk");
    let whole = start.elapsed();
    client
        .batch_execute(&format!(
            "set statement_timeout = {}",
            whole.as_millis() / 5
        ))
        .expect("set");
    let start = Instant::now();
    assert_eq!(error_of(client.execute(bulk, &[&token.text])).code, "57014");
    let cancelled = start.elapsed();
    assert!(cancelled < whole * 3 / 5, "{cancelled:?} of {whole:?}");
}

#[test]
fn library_that_is_not_preloaded_refuses_and_says_what_to_do() {
    let cluster = Cluster::settings().without_preload().start();
    let db = cluster.database();
    for call in [
        "verify_token('x')",
        "verify_tokens('{x}')",
        "verify_digest('x')",
        "verify_digests('{x}')",
        "require_token('x')",
    ] {
        let error = db.error(&format!("select pgtoken.{call}"));
        assert_eq!(error.code, "55000", "{call}");
        assert!(
            error.message.contains("shared_preload_libraries"),
            "{error}"
        );
        let hint = error.hint.expect("a hint");
        assert!(
            hint.contains("shared_preload_libraries = 'pgtoken'"),
            "{hint}"
        );
    }
}
