//! The tables that applications write: what they refuse, in whose words, and what they keep together.
use pgtoken_tests::authority::{assert_no_excess, code, issue};
use pgtoken_tests::{Session, shared};

/// A small directory in which every word is used.
const DIRECTORY: &str = "
    insert into pgtoken.workspace (workspace_id) values ('w'), ('elsewhere');
    insert into pgtoken.app_user (user_id) values ('u'), ('v');
    insert into pgtoken.member (workspace_id, user_id, scope) values ('w', 'u', 'full');
    insert into pgtoken.target (target_id, workspace_id) values ('t', 'w');
    insert into pgtoken.zone (target_id, zone_id) values ('t', 'main')";

/// Each statement must fail with this SQLSTATE and a message that begins so.
#[track_caller]
fn refuses(session: &Session, code: &str, message: &str, statement: &str) {
    let error = session.error(statement);
    assert_eq!(error.code, code, "{statement}: {error}");
    assert!(error.message.starts_with(message), "{statement}: {error}");
}

#[test]
fn ids_have_1_to_200_characters_and_no_control_characters() {
    let db = shared().database();
    let session = Session::open(&db);
    session.rows(DIRECTORY);
    let tables = [
        (
            "workspace",
            "insert into pgtoken.workspace (workspace_id) values ($)",
        ),
        (
            "app_user",
            "insert into pgtoken.app_user (user_id) values ($)",
        ),
        (
            "target",
            "insert into pgtoken.target (target_id, workspace_id) values ($, 'w')",
        ),
        (
            "zone",
            "insert into pgtoken.zone (target_id, zone_id) values ('t', $)",
        ),
    ];
    for (table, insert) in tables {
        for bad in [
            "''",
            "repeat('x', 201)",
            "repeat('é', 201)",
            "E'a\\nb'",
            "E'a\\tb'",
            "E'\\x7f'",
            "U&'\\0085'",
        ] {
            let error = session.error(&insert.replace('$', bad));
            assert_eq!(error.code, "23514", "{table} {bad}: {error}");
        }
        for good in [
            "'x'",
            "repeat('x', 200)",
            "repeat('é', 200)",
            "'a b'",
            "'🦀'",
            "'42'",
            "' '",
            "'O''Hara; drop table x'",
        ] {
            session.rows(&insert.replace('$', good));
        }
        let error = session.error(&insert.replace('$', "null"));
        assert!(
            ["23502", "23514"].contains(&error.code.as_str()),
            "{table}: {error}"
        );
    }
}

#[test]
fn only_keys_and_the_scope_of_a_member_are_required() {
    let db = shared().database();
    let session = Session::open(&db);
    session.rows(DIRECTORY);
    let nullable = session.rows(
        "select c.relname, string_agg(a.attname, ' ' order by a.attnum)
         from pg_attribute as a
         join pg_class as c on c.oid = a.attrelid
         where c.relnamespace = 'pgtoken'::regnamespace
           and c.relname in ('workspace', 'app_user', 'member', 'target', 'zone')
           and a.attnum > 0 and a.attnotnull and not a.atthasdef
         group by c.relname
         order by c.relname",
    );
    assert_eq!(
        nullable,
        [
            "app_user|user_id",
            "member|workspace_id user_id scope",
            "target|target_id workspace_id",
            "workspace|workspace_id",
            "zone|target_id zone_id"
        ]
    );
}

#[test]
fn keys_never_change() {
    let db = shared().database();
    let session = Session::open(&db);
    session.rows(DIRECTORY);
    for (message, statement) in [
        (
            "workspace_id: ",
            "update pgtoken.workspace set workspace_id = 'x' where workspace_id = 'w'",
        ),
        (
            "user_id: ",
            "update pgtoken.app_user set user_id = 'x' where user_id = 'u'",
        ),
        (
            "user_id: ",
            "update pgtoken.app_user set user_id = 'x' where user_id = 'v'",
        ),
        (
            "workspace_id, user_id: ",
            "update pgtoken.member set user_id = 'v'",
        ),
        (
            "workspace_id, user_id: ",
            "update pgtoken.member set workspace_id = 'elsewhere'",
        ),
        ("target_id: ", "update pgtoken.target set target_id = 'x'"),
        (
            "target_id, zone_id: ",
            "update pgtoken.zone set zone_id = 'x'",
        ),
        (
            "target_id, zone_id: ",
            "update pgtoken.zone set target_id = 'x'",
        ),
    ] {
        refuses(&session, "22023", message, statement);
    }
    session.rows(
        "update pgtoken.workspace set workspace_id = workspace_id, name = 'same';
         update pgtoken.target set target_id = 't', name = 'same'",
    );
}

#[test]
fn enabled_is_derived_and_cannot_be_written() {
    let db = shared().database();
    let session = Session::open(&db);
    session.rows(DIRECTORY);
    for statement in [
        "update pgtoken.app_user set enabled = true",
        "update pgtoken.workspace set enabled = false",
    ] {
        assert_eq!(session.error(statement).code, "428C9", "{statement}");
    }
    session.rows("update pgtoken.app_user set disabled_at = '-infinity' where user_id = 'u'");
    assert_eq!(
        session.rows("select user_id, enabled from pgtoken.app_user order by 1"),
        ["u|f", "v|t"]
    );
}

#[test]
fn rows_belong_to_rows_that_exist() {
    let db = shared().database();
    let session = Session::open(&db);
    session.rows(DIRECTORY);
    for statement in [
        "insert into pgtoken.member (workspace_id, user_id, scope) values ('x', 'u', 'read')",
        "insert into pgtoken.member (workspace_id, user_id, scope) values ('w', 'x', 'read')",
        "insert into pgtoken.target (target_id, workspace_id) values ('new', 'x')",
        "insert into pgtoken.zone (target_id, zone_id) values ('x', 'main')",
        "insert into pgtoken.app_user (user_id, service_of) values ('robot', 'x')",
        "update pgtoken.target set workspace_id = 'x'",
    ] {
        assert_eq!(session.error(statement).code, "23503", "{statement}");
    }
}

#[test]
fn the_scope_of_a_member_is_on_the_ladder() {
    let db = shared().database();
    let session = Session::open(&db);
    session.rows(DIRECTORY);
    session.rows(
        "insert into pgtoken.scope (name, rank) values ('all', 9);
         insert into pgtoken.scope (name) values ('break_glass')",
    );
    for scope in ["agency", "break_glass", "nonsense", ""] {
        let message = format!("scope: \"{scope}\" is not a scope on the ladder");
        refuses(
            &session,
            "22023",
            &message,
            &format!("update pgtoken.member set scope = '{scope}'"),
        );
        refuses(
            &session,
            "22023",
            &message,
            &format!(
                "insert into pgtoken.member (workspace_id, user_id, scope) values ('w', 'v', '{scope}')"
            ),
        );
    }
    session.rows("update pgtoken.member set scope = 'all'");
    let token = issue(&session, "'t', 'u', 'all', 'w'");
    assert_eq!(code(&session, &token, ", scope => 'full'"), "valid");
    assert_eq!(code(&session, &token, ", scope => 'all'"), "valid");
}

#[test]
fn shipped_scopes_stay_as_they_are() {
    let db = shared().database();
    let session = Session::open(&db);
    for scope in ["read", "write", "full", "agency"] {
        let message = format!("name: scope \"{scope}\" is shipped with pgtoken");
        for statement in [
            "delete from pgtoken.scope where name = '$'",
            "update pgtoken.scope set name = 'other' where name = '$'",
            "update pgtoken.scope set description = 'mine' where name = '$'",
            "update pgtoken.scope set rank = 7 where name = '$'",
            "update pgtoken.scope set member_scope = null where name = '$'",
            "update pgtoken.scope set confined = not confined where name = '$'",
        ] {
            refuses(&session, "22023", &message, &statement.replace('$', scope));
        }
    }
    assert_eq!(
        session.rows("select name, rank, confined, member_scope from pgtoken.scope order by rank"),
        [
            "read|1|f|∅",
            "write|2|f|∅",
            "full|3|f|∅",
            "agency|∅|t|write"
        ]
    );
}

#[test]
fn a_scope_that_contradicts_itself_is_refused() {
    let db = shared().database();
    let session = Session::open(&db);
    for (code, values) in [
        ("23505", "('other', 2, false, null)"),
        ("23514", "('zero', 0, false, null)"),
        ("23514", "('both', 5, true, null)"),
        ("23514", "('rung', 5, false, 'write')"),
        ("23514", "('two words', null, false, null)"),
        ("23514", "('', null, false, null)"),
        ("23514", "('quo\"te', null, false, null)"),
        ("23514", "('ünï', null, false, null)"),
        ("22023", "('x', null, true, 'agency')"),
        ("22023", "('x', null, true, 'nonsense')"),
    ] {
        let insert = format!(
            "insert into pgtoken.scope (name, rank, confined, member_scope) values {values}"
        );
        assert_eq!(session.error(&insert).code, code, "{values}");
    }
    session.rows(
        "insert into pgtoken.scope (name, rank, confined, member_scope)
         values ('review', null, false, 'lead'), ('lead', 5, false, null), ('vault', null, true, null)",
    );
}

#[test]
fn a_scope_in_use_stays_and_keeps_its_kind() {
    let db = shared().database();
    let session = Session::open(&db);
    session.rows(DIRECTORY);
    session.rows(
        "insert into pgtoken.scope (name, rank) values ('lead', 9), ('held', 8), ('named', 7), ('asked', 6);
         insert into pgtoken.scope (name, confined) values ('vault', true), ('free', false);
         insert into pgtoken.scope (name, confined, member_scope) values ('review', false, 'named');
         insert into pgtoken.permission (name, member_scope) values ('publish', 'asked');
         update pgtoken.member set scope = 'lead'",
    );
    issue(&session, "'held', 'u', 'held', 'w'");
    issue(
        &session,
        "'vault', 'u', 'vault', 'w', grants => '{\"t\": true}'",
    );
    for scope in ["lead", "held", "vault", "named", "asked"] {
        let message = format!("name: scope \"{scope}\" is used");
        refuses(
            &session,
            "22023",
            &message,
            &format!("delete from pgtoken.scope where name = '{scope}'"),
        );
    }
    for statement in [
        "update pgtoken.scope set rank = null where name = 'lead'",
        "update pgtoken.scope set confined = false where name = 'vault'",
        "update pgtoken.scope set confined = true where name = 'free'",
        "update pgtoken.scope set confined = true, rank = null where name = 'held'",
        "update pgtoken.scope set rank = 4, member_scope = null where name = 'review'",
    ] {
        refuses(&session, "22023", "", statement);
    }
    // Another place on the ladder is another order, not another kind.
    session.rows("update pgtoken.scope set rank = 10, description = 'highest' where name = 'lead'");
    session.rows("delete from pgtoken.scope where name = 'free'");
    refuses(
        &session,
        "22023",
        "name: scope \"review\" cannot be renamed",
        "update pgtoken.scope set name = 'other' where name = 'review'",
    );
    assert_no_excess(&session);
}

/// A confined scope that became unconfined would open the whole workspace to tokens that were issued meanwhile.
#[test]
fn a_scope_keeps_its_kind_against_a_token_issued_meanwhile() {
    let ways = [
        "update pgtoken.scope set confined = false where name = 'vault'",
        "with gone as (delete from pgtoken.scope where name = 'vault' returning name)
         insert into pgtoken.scope (name, confined) select name, false from gone",
        "delete from pgtoken.scope where name = 'vault';
         insert into pgtoken.scope (name, confined) values ('vault', false)",
    ];
    for way in ways {
        for level in ["read committed", "repeatable read", "serializable"] {
            for issue_first in [true, false] {
                let db = shared().database();
                let (changer, issuer, observer) =
                    (Session::open(&db), Session::open(&db), Session::open(&db));
                observer.rows(DIRECTORY);
                observer.rows(
                    "insert into pgtoken.scope (name, confined) values ('vault', true);
                     insert into pgtoken.target (target_id, workspace_id) values ('other', 'w')",
                );
                let issue = "select token from pgtoken.issue_token('v', 'u', 'vault', 'w', grants => '{\"t\": true}')";
                changer.rows(&format!("begin isolation level {level}; select 1"));
                issuer.rows("begin");
                let (changed, issued) = if issue_first {
                    let issued = issuer.attempt(issue);
                    changer.start(way);
                    changer.waits(&observer);
                    issuer.rows("commit");
                    (changer.finish(), issued)
                } else {
                    let changed = changer.attempt(way);
                    issuer.start(issue);
                    issuer.waits(&observer);
                    changer.rows(if changed.is_ok() {
                        "commit"
                    } else {
                        "rollback"
                    });
                    (changed, issuer.finish())
                };
                changer.attempt("commit").ok();
                issuer.attempt("commit").ok();
                if let Ok(text) = &issued {
                    let asked = format!(
                        "select code from pgtoken.verify_token('{}', target => 'other')",
                        text[0]
                    );
                    assert_eq!(
                        observer.row(&asked),
                        "target_forbidden",
                        "{level} {issue_first} {way}: {changed:?}"
                    );
                }
                assert_no_excess(&observer);
            }
        }
    }
}

#[test]
fn a_permission_in_use_stays_and_none_is_renamed() {
    let db = shared().database();
    let session = Session::open(&db);
    session.rows(DIRECTORY);
    session.rows("insert into pgtoken.permission (name) values ('upload'), ('spare')");
    let token = issue(&session, "'p', 'u', null, 'w', permissions => '{upload}'");
    refuses(
        &session,
        "22023",
        "name: permission \"upload\" is used",
        "delete from pgtoken.permission where name = 'upload'",
    );
    session.rows(&format!("select pgtoken.revoke_token('{}')", token.id));
    refuses(
        &session,
        "22023",
        "name: permission \"upload\" is used",
        "delete from pgtoken.permission where name = 'upload'",
    );
    refuses(
        &session,
        "22023",
        "name: permission \"spare\" cannot be renamed",
        "update pgtoken.permission set name = 'other' where name = 'spare'",
    );
    refuses(
        &session,
        "22023",
        "member_scope: \"agency\" is not a scope on the ladder",
        "update pgtoken.permission set member_scope = 'agency' where name = 'spare'",
    );
    session.rows("delete from pgtoken.permission where name = 'spare'");
    session.rows("delete from pgtoken.token; delete from pgtoken.permission");
    assert_eq!(
        session
            .error("insert into pgtoken.permission (name) values ('two words')")
            .code,
        "23514"
    );
}

#[test]
fn a_service_user_belongs_to_an_existing_workspace_and_goes_with_it() {
    let db = shared().database();
    let session = Session::open(&db);
    session.rows(DIRECTORY);
    session.rows("insert into pgtoken.app_user (user_id, service_of) values ('robot', 'w'), ('other', 'elsewhere')");
    session.rows("delete from pgtoken.workspace where workspace_id = 'w'");
    assert_eq!(
        session.rows("select user_id from pgtoken.app_user order by 1"),
        ["other", "u", "v"]
    );
    session.rows("update pgtoken.app_user set service_of = null where user_id = 'other'; delete from pgtoken.workspace");
    assert_eq!(session.row("select count(*) from pgtoken.app_user"), "3");
}

#[test]
fn ids_compare_byte_by_byte() {
    let db = shared().database();
    let session = Session::open(&db);
    session.rows(
        "insert into pgtoken.app_user (user_id) values ('a'), ('B'), ('é'), (U&'e\\0301'), ('A'), ('Z')",
    );
    assert_eq!(
        session.row("select string_agg(user_id, ' ' order by user_id) from pgtoken.app_user"),
        "A B Z a e\u{301} é"
    );
}

#[test]
fn ids_join_with_the_text_columns_of_an_application() {
    let db = shared().database();
    let session = Session::open(&db);
    session.rows(DIRECTORY);
    session.rows(
        "create table customer (id text primary key, email varchar(80), code char(1));
         insert into customer values ('u', 'u@example.com', 'u');
         insert into pgtoken.app_user (user_id) select 'n' || n from generate_series(1, 2000) as n;
         insert into customer select 'n' || n, null, null from generate_series(1, 2000) as n;
         analyze customer, pgtoken.app_user",
    );
    for join in [
        "customer as c join pgtoken.app_user as u on u.user_id = c.id",
        "customer as c join pgtoken.app_user as u on c.id = u.user_id",
        "customer as c join pgtoken.app_user as u on u.user_id = c.code",
        "customer as c join pgtoken.app_user as u on u.user_id = split_part(c.email, '@', 1)",
        "customer as c join pgtoken.tokens as u on u.user_id = c.id",
    ] {
        session.rows(&format!(
            "select u.user_id, c.id from {join} order by c.id, u.user_id"
        ));
    }
    session.rows("create view mine as select c.*, u.enabled from customer as c join pgtoken.app_user as u on u.user_id = c.id");
    // One user's row is found by the key's index, whatever the other side's collation is.
    let plan = session.rows(
        "explain (costs off) select from customer as c join pgtoken.app_user as u on u.user_id = c.id where c.id = 'n7'",
    );
    assert!(
        plan.iter().any(|line| line.contains("using app_user_")),
        "{plan:?}"
    );
    session.rows(
        "create function sync() returns trigger language plpgsql as $$
         begin
             insert into pgtoken.app_user (user_id, email) values (new.id, new.email)
             on conflict (user_id) do update set email = excluded.email;
             return null;
         end $$;
         create trigger sync after insert or update on customer for each row execute function sync();
         insert into customer values ('synced', 's@example.com', null)",
    );
    assert_eq!(
        session.row("select email from pgtoken.app_user where user_id = 'synced'"),
        "s@example.com"
    );
}

#[test]
fn tokens_and_grants_refuse_what_the_functions_would_never_write() {
    let db = shared().database();
    let session = Session::open(&db);
    session.rows(DIRECTORY);
    issue(
        &session,
        "'t', 'u', 'agency', 'w', grants => '{\"t\": [\"main\"]}'",
    );
    for (code, statement) in [
        ("23514", "update pgtoken.token set digest = '\\x00'"),
        ("23514", "update pgtoken.token set digest_rule = 'md5'"),
        ("23514", "update pgtoken.token set revoked_at = now()"),
        (
            "23514",
            "update pgtoken.token set revoked_at = now(), revoked_by = 'me'",
        ),
        ("23514", "update pgtoken.token set disabled_at = now()"),
        ("23514", "update pgtoken.token set owner_enabled = null"),
        (
            "23514",
            "update pgtoken.token set workspace_enabled = null, owner_scope = null",
        ),
        ("23503", "update pgtoken.token set owner_scope = 'read'"),
        ("23503", "update pgtoken.token set owner_enabled = false"),
        ("23503", "update pgtoken.token set user_id = 'v'"),
        (
            "23503",
            "update pgtoken.token_target set workspace_id = 'elsewhere'",
        ),
        ("23503", "update pgtoken.token_zone set zone_id = 'x'"),
        (
            "23514",
            "update pgtoken.token set rate_limit = 0, rate_window = '1 min'",
        ),
        ("23514", "update pgtoken.token set rate_limit = 1"),
        (
            "23514",
            "update pgtoken.token set rate_limit = 1, rate_window = '1 year'",
        ),
        ("23514", "update pgtoken.token set name = ''"),
        ("23514", "update pgtoken.token set metadata = '[]'"),
        ("23514", "update pgtoken.token set start = repeat('x', 32)"),
    ] {
        let error = session.error(statement);
        assert_eq!(error.code, code, "{statement}: {error}");
    }
    assert_no_excess(&session);
}
