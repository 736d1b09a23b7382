//! A hostile schema and hostile texts change nothing; `attack::objects_in_the_search_path_or_pg_temp_change_nothing` has the rest.
use pgtoken_tests::{Acme, outcome, row, rows, shadows, shared};

#[test]
fn shadows_in_a_schema_named_before_pg_catalog_do_not_reach_a_superusers_calls_either() {
    let mut acme = Acme::new();
    let token = acme.issue("'one', 'olga', 'write', 'acme', '{publish}'");
    shadows::cast(&mut acme.client, "evil");
    acme.rows("set search_path = evil, pg_catalog");
    for sql in [
        format!("select * from pgtoken.revoke_token('{}', 'why')", token.id),
        "delete from pgtoken.app_user where user_id operator(pg_catalog.=) 'leo'".to_owned(),
        "update pgtoken.member set scope = 'read'".to_owned(),
        "select * from pgtoken.tokens".to_owned(),
        "select * from pgtoken.token_grant".to_owned(),
        "truncate pgtoken.workspace cascade".to_owned(),
    ] {
        assert_eq!(outcome(&mut acme.client, &sql), "ok", "{sql}");
    }
}

#[test]
fn a_hostile_schema_that_was_there_before_is_not_installed_into() {
    let db = shared().empty_database();
    let stranger = shared().login(&[]);
    db.execute(&format!(
        "create schema pgtoken authorization {stranger}; grant create on schema public to {stranger}"
    ));
    // A better match than the variadic one of the system, for calls with three texts or names.
    let trap = "create table public.caught (by_whom text);
         grant all on public.caught to public;
         create function pgtoken.format(text, text, text, text) returns text language plpgsql
         as $$ begin insert into public.caught values (current_user); return 'select 1'; end $$;
         grant execute on function pgtoken.format to public";
    rows(&mut db.client_as_stranger(), trap);
    let installed = outcome(&mut db.client(), "create extension pgtoken");
    let caught = rows(
        &mut db.client(),
        "select by_whom from public.caught limit 1",
    );
    assert_eq!(
        caught,
        Vec::<String>::new(),
        "the stranger's function ran as that role"
    );
    assert_ne!(installed, "ok");
}

#[test]
fn texts_in_events_are_texts() {
    let mut acme = Acme::new();
    let hostile = [
        "'; drop table pgtoken.event; --",
        "$$ || pg_sleep(10) || $$",
        "\\'; select 1; \\",
        "{\"kind\": \"revoked\"}",
        "%s %I %L",
        "<script>alert(1)</script>",
        "𝕏 \u{202e}\u{200b}é",
    ];
    for text in hostile {
        let literal = format!("'{}'", text.replace('\'', "''"));
        acme.rows(&format!("set application_name = {literal}"));
        let token = acme.issue(&format!("{literal}, 'olga', actor => {literal}"));
        acme.rows(&format!(
            "select pgtoken.revoke_token('{}', {literal}, actor => {literal})",
            token.id
        ));
        let found = acme.row(&format!(
            "select token_name = {literal} and actor = {literal} and detail = jsonb_build_object('reason', {literal}::text)
                    and kind = 'revoked' and token_id = '{}'
             from pgtoken.event order by id desc limit 1",
            token.id
        ));
        assert_eq!(found, "t", "{text}");
        let again = acme.row(&format!(
            "select count(*) from pgtoken.list_tokens(search => {literal})"
        ));
        assert_eq!(again, "1", "{text}");
    }
    assert_eq!(
        acme.row("select count(*) from pgtoken.event"),
        (2 * hostile.len()).to_string()
    );
}

#[test]
fn the_log_names_the_login_role_whatever_the_actor_says() {
    let acme = Acme::new();
    let mut issuer = acme.db.client_as("pgtoken_issuer");
    rows(&mut issuer, "set pgtoken.actor = 'postgres'");
    rows(
        &mut issuer,
        "select pgtoken.issue_token('t', workspace_id => 'acme', as_user => 'olga', actor => 'root')",
    );
    let mut admin = acme.db.client();
    let event = row(&mut admin, "select actor, login_role from pgtoken.event");
    assert_eq!(
        event,
        format!("root|{}", shared().login(&["pgtoken_issuer"]))
    );
}
