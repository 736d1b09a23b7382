//! Who may call what: each function, each kind of caller, and whose rights count.
use pgtoken_tests::{Acme, error_of, outcome, row, rows, shared};
use postgres::Client;

/// The columns of the tables below.
const CALLERS: [&str; 7] = [
    "null", "'olga'", "'mia'", "'leo'", "'stan'", "'dora'", "'ghost'",
];

/// Calls with `ID` (a token of olga's in acme), `CONFINED` (a confined one) and `AS`, and how they end for: an
/// administrator, the owner, a manager of the workspace, another member, a stranger, a disabled user, an unknown user.
/// A number is that of the rows returned.
const MANAGEMENT: &str = "
    issue_token('t', 'olga', workspace_id => 'acme', as_user => AS)  | 1 1 42501 42501 42501 42501 42501
    issue_token('t', 'robot', workspace_id => 'acme', as_user => AS) | 1 42501 1 42501 42501 42501 42501
    issue_token('t', 'leo', workspace_id => 'acme', as_user => AS)   | 1 42501 42501 1 42501 42501 42501
    issue_token('t', 'olga', as_user => AS)                          | 1 42501 42501 42501 42501 42501 42501
    rotate_token('ID', as_user => AS)                                | 1 1 42501 P0002 P0002 42501 42501
    revoke_token('ID', as_user => AS)                                | 1 1 1 P0002 P0002 42501 42501
    revoke_tokens(ids => '{ID}', as_user => AS)                      | 1 1 1 0 0 42501 42501
    revoke_tokens(user_id => 'olga', dry_run => true, as_user => AS) | 3 3 2 0 0 42501 42501
    grant_zones('CONFINED', '{\"lobby\": true}', as_user => AS)      | 1 1 42501 P0002 P0002 42501 42501
    update_token('ID', name => 'new', as_user => AS)                 | 1 1 42501 P0002 P0002 42501 42501
    update_token('ID', enabled => false, as_user => AS)              | 1 1 42501 P0002 P0002 42501 42501
    update_token('ID', metadata => '{\"a\": 1}', as_user => AS)      | 1 42501 42501 P0002 P0002 42501 42501
    revoke_token('00000000-0000-0000-0000-000000000000', as_user => AS) | P0002 P0002 P0002 P0002 P0002 42501 42501";

const LISTS: &str = "
    get_token('ID', as_user => AS)                                   | 1 1 1 P0002 P0002 42501 42501
    find_token('ID', as_user => AS)                                  | 1 1 1 0 0 42501 42501
    list_tokens(as_user => AS)                                       | 3 3 2 0 0 42501 42501
    list_tokens(user_id => 'olga', as_user => AS)                    | 3 3 2 0 0 42501 42501
    list_tokens(workspace_id => 'acme', as_user => AS)               | 2 2 2 0 0 42501 42501
    list_events(as_user => AS)                                       | 3 3 2 0 0 42501 42501
    list_events(token_id => 'ID', as_user => AS)                     | 1 1 1 0 0 42501 42501
    list_usage('ID', as_user => AS)                                  | 0 0 0 P0002 P0002 42501 42501
    list_users(as_user => AS)                                        | 6 1 5 1 1 42501 42501
    list_users(workspace_id => 'acme', as_user => AS)                | 5 1 5 1 0 42501 42501
    list_workspaces(as_user => AS)                                   | 3 2 1 1 1 42501 42501
    list_targets('acme', as_user => AS)                              | 2 2 2 2 42501 42501 42501
    token_stats(as_user => AS)                                       | 1 1 1 1 1 42501 42501
    token_stats('acme', as_user => AS)                               | 1 1 1 1 42501 42501 42501";

/// Runs every line of a table for every caller, each in a transaction that is rolled back.
fn check(table: &str, administrator: &str) {
    let mut acme = Acme::new();
    let id = acme
        .issue("'one', 'olga', scope => 'write', workspace_id => 'acme'")
        .id;
    let confined = acme
        .issue("'two', 'olga', scope => 'agency', workspace_id => 'acme', grants => '{\"windows\": [\"main\"]}'")
        .id;
    acme.issue("'three', 'olga'");
    let mut administrator = acme.db.client_as(administrator);
    let mut issuer = acme.db.client_as("pgtoken_issuer");
    let mut wrong = Vec::new();
    for line in table.lines().filter(|line| !line.is_empty()) {
        let (call, expected) = line.rsplit_once('|').expect("a call and its outcomes");
        let call = call
            .trim()
            .replace("CONFINED", &confined)
            .replace("ID", &id);
        let mut ends = Vec::new();
        for caller in CALLERS {
            let client = if caller == "null" {
                &mut administrator
            } else {
                &mut issuer
            };
            ends.push(end_of(
                client,
                &format!("select * from pgtoken.{}", call.replace("AS", caller)),
            ));
        }
        let expected: Vec<&str> = expected.split_whitespace().collect();
        if ends != expected {
            wrong.push(format!(
                "{call}:\n  expected {expected:?}\n  got      {ends:?}"
            ));
        }
        let nobody = call.replace("AS", "null");
        let end = end_of(&mut issuer, &format!("select * from pgtoken.{nobody}"));
        assert_eq!(end, "42501", "an issuer who names no user: {nobody}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The number of rows that a statement returns, or its SQLSTATE; nothing of it stays.
fn end_of(client: &mut Client, sql: &str) -> String {
    client.batch_execute("begin").expect("begin");
    let end = match client.simple_query(sql) {
        Ok(messages) => messages
            .iter()
            .filter(|message| matches!(message, postgres::SimpleQueryMessage::Row(_)))
            .count()
            .to_string(),
        Err(error) => error
            .code()
            .map_or("no code", |code| code.code())
            .to_owned(),
    };
    client.batch_execute("rollback").expect("rollback");
    end
}

#[test]
fn each_management_function_ends_as_its_caller_may() {
    check(MANAGEMENT, "pgtoken_admin");
}

#[test]
fn each_list_ends_as_its_caller_may() {
    check(LISTS, "pgtoken_admin");
}

#[test]
fn an_auditor_sees_everything_as_an_administrator_does() {
    check(LISTS, "pgtoken_auditor");
}

#[test]
fn what_takes_no_user_is_for_administrators_only() {
    let acme = Acme::new();
    let import = "select from pgtoken.import_token(sha256('x'), 'olga', 'old')";
    let purge = "select from pgtoken.purge_tokens(now())";
    let purge_events = "select from pgtoken.purge_events(now())";
    let mut admin = acme.db.client_as("pgtoken_admin");
    assert_eq!(outcome(&mut admin, import), "ok");
    assert_eq!(outcome(&mut admin, purge), "ok");
    assert_eq!(outcome(&mut admin, purge_events), "42501");
    for role in [
        "pgtoken_issuer",
        "pgtoken_auditor",
        "pgtoken_verifier",
        "pgtoken_directory",
    ] {
        let mut client = acme.db.client_as(role);
        for call in [import, purge, purge_events] {
            assert_eq!(outcome(&mut client, call), "42501", "{role}: {call}");
        }
    }
}

#[test]
fn import_and_purge_refuse_whoever_was_only_given_execute() {
    let mut acme = Acme::new();
    let role = shared().login(&[]);
    acme.rows(&format!(
        "grant usage on schema pgtoken to {role};
         grant execute on function pgtoken.import_token, pgtoken.purge_tokens, pgtoken.get_token to {role}"
    ));
    let mut client = acme.db.client_as_stranger();
    for call in [
        "import_token(sha256('x'), 'olga', 'old')",
        "purge_tokens(now())",
        "get_token(null)",
    ] {
        let error = error_of(client.simple_query(&format!("select pgtoken.{call}")));
        assert_eq!(error.code, "42501", "{call}");
        assert!(error.message.starts_with("as_user: role \""), "{error}");
    }
}

#[test]
fn a_manager_gives_a_service_user_no_more_than_its_own_scope() {
    let mut acme = Acme::new();
    let call = |scope: &str, user: &str| {
        format!(
            "select from pgtoken.issue_token('t', '{user}', '{scope}', 'acme', as_user => 'mia')"
        )
    };
    assert_eq!(acme.outcome(&call("full", "robot")), "ok");
    acme.rows("update pgtoken.member set scope = 'read' where user_id = 'mia'");
    assert_eq!(acme.outcome(&call("read", "robot")), "ok");
    let error = acme.error(&call("write", "robot"));
    assert_eq!(error.code, "42501");
    assert!(error.message.starts_with("scope: "), "{error}");
}

#[test]
fn a_service_user_is_its_own_workspaces_alone() {
    let mut acme = Acme::new();
    acme.rows(
        "insert into pgtoken.member values ('globex', 'mia', 'full', true), ('globex', 'robot', 'full', false)",
    );
    let call = |workspace: &str| {
        format!(
            "select from pgtoken.issue_token('t', 'robot', 'read', '{workspace}', as_user => 'mia')"
        )
    };
    assert_eq!(acme.outcome(&call("acme")), "ok");
    assert_eq!(acme.outcome(&call("globex")), "42501");
}

#[test]
fn a_manager_sees_and_revokes_a_service_users_token_and_never_gets_its_secret() {
    let mut acme = Acme::new();
    let token = acme.issue("'t', 'robot', workspace_id => 'acme', as_user => 'mia'");
    let as_mia = |call: &str| {
        format!("select * from pgtoken.{call}, as_user => 'mia')").replace("ID", &token.id)
    };
    assert_eq!(acme.outcome(&as_mia("get_token('ID'")), "ok");
    assert_eq!(acme.outcome(&as_mia("rotate_token('ID'")), "42501");
    assert_eq!(
        acme.outcome(&as_mia("update_token('ID', name => 'x'")),
        "42501"
    );
    assert_eq!(acme.outcome(&as_mia("revoke_token('ID'")), "ok");
}

#[test]
fn a_token_without_workspace_is_seen_by_its_owner_alone() {
    let mut acme = Acme::new();
    let token = acme.issue("'t', 'olga'");
    let get = |user: &str| format!("select pgtoken.get_token('{}', '{user}')", token.id);
    assert_eq!(acme.outcome(&get("olga")), "ok");
    assert_eq!(acme.outcome(&get("mia")), "P0002");
}

#[test]
fn a_member_who_stops_managing_sees_nothing_more() {
    let mut acme = Acme::new();
    let token = acme.issue("'t', 'olga', workspace_id => 'acme'");
    let get = format!("select pgtoken.get_token('{}', 'mia')", token.id);
    assert_eq!(acme.outcome(&get), "ok");
    acme.rows("update pgtoken.member set manages_tokens = false where user_id = 'mia'");
    assert_eq!(acme.outcome(&get), "P0002");
}

#[test]
fn set_role_takes_the_rights_of_a_superuser_away() {
    let mut acme = Acme::new();
    let call = "select from pgtoken.issue_token('t', 'olga')";
    assert_eq!(acme.outcome(call), "ok");
    acme.rows("set role pgtoken_issuer");
    assert_eq!(acme.outcome(call), "42501");
    acme.rows("set role pgtoken_admin");
    assert_eq!(acme.outcome(call), "ok");
}

#[test]
fn set_role_gives_the_rights_of_the_role() {
    let acme = Acme::new();
    let login = shared().login(&["pgtoken_issuer", "pgtoken_admin"]);
    shared()
        .database()
        .execute(&format!("alter role {login} noinherit"));
    let mut client = shared().connect(acme.db.name(), &login);
    let call = "select from pgtoken.issue_token('t', 'olga')";
    rows(&mut client, "set role pgtoken_issuer");
    assert_eq!(outcome(&mut client, call), "42501");
    rows(&mut client, "set role pgtoken_admin");
    assert_eq!(outcome(&mut client, call), "ok");
}

/// A SECURITY DEFINER function that issues without naming a user, owned by a role.
fn wrapper(acme: &mut Acme, owner: &str) {
    acme.rows(&format!(
        "create function public.issue() returns text language sql security definer
         as $$ select created_by from pgtoken.issue_token('t', 'olga') $$;
         alter function public.issue() owner to {owner}"
    ));
}

#[test]
fn a_definer_function_of_an_administrator_lends_its_right() {
    let mut acme = Acme::new();
    wrapper(&mut acme, "pgtoken_admin");
    let mut stranger = acme.db.client_as_stranger();
    assert_eq!(row(&mut stranger, "select public.issue()"), "pgtoken_admin");
    let after = outcome(
        &mut stranger,
        "select from pgtoken.issue_token('t', 'olga')",
    );
    assert_eq!(after, "42501", "nothing of the right stays");
}

#[test]
fn a_definer_function_of_an_issuer_takes_a_superusers_right_away() {
    let mut acme = Acme::new();
    wrapper(&mut acme, "pgtoken_issuer");
    assert_eq!(acme.outcome("select public.issue()"), "42501");
}

#[test]
fn an_error_gives_the_callers_own_rights_back() {
    let acme = Acme::new();
    let mut issuer = acme.db.client_as("pgtoken_issuer");
    let attempts = "
        do $$ begin
            begin perform pgtoken.issue_token('', as_user => 'olga'); exception when others then null; end;
            begin perform pgtoken.issue_token('t', 'olga', 'full', 'acme', as_user => 'olga');
            exception when others then null; end;
            begin perform pgtoken.grant_zones(gen_random_uuid(), '{\"a\": []}', 'olga');
            exception when others then null; end;
        end $$";
    assert_eq!(outcome(&mut issuer, attempts), "ok");
    assert_eq!(outcome(&mut issuer, "select from pgtoken.token"), "42501");
    let user = row(&mut issuer, "select current_user");
    assert_eq!(user, shared().login(&["pgtoken_issuer"]));
}

#[test]
fn no_call_leaves_its_rights_behind() {
    let mut acme = Acme::new();
    let token = acme.issue("'t', 'olga', workspace_id => 'acme'");
    let login = shared().login(&["pgtoken_verifier", "pgtoken_issuer"]);
    for call in [
        format!("verify_token('{}')", token.text),
        format!("inspect_token('{}')", token.text),
        "issue_token('t', workspace_id => 'acme', as_user => 'olga')".to_owned(),
        format!(
            "update_token('{}', name => 'new', as_user => 'olga')",
            token.id
        ),
        format!("get_token('{}', 'olga')", token.id),
        "list_tokens(as_user => 'olga')".to_owned(),
        "list_events(as_user => 'olga')".to_owned(),
        "list_users(as_user => 'olga')".to_owned(),
        "token_stats(as_user => 'olga')".to_owned(),
        format!(
            "rotate_token('{}', overlap => '1 h', as_user => 'olga')",
            token.id
        ),
        format!("revoke_token('{}', as_user => 'olga')", token.id),
        "revoke_tokens(user_id => 'leo', as_user => 'olga')".to_owned(),
        format!("revoke_secret('{}')", token.text),
    ] {
        let mut client = shared().connect(acme.db.name(), &login);
        let after = rows(
            &mut client,
            &format!("select count(*), current_user from pgtoken.{call}; select current_user"),
        );
        assert_eq!(after, [login.as_str()], "{call}");
        let denied = outcome(&mut client, "select from pgtoken.token");
        assert_eq!(denied, "42501", "{call}");
    }
}

#[test]
fn the_actor_is_the_argument_else_the_setting_else_the_user_else_the_role() {
    let mut acme = Acme::new();
    let mut actor = |before: &str, more: &str| {
        acme.rows(before);
        acme.row(&format!(
            "select created_by from pgtoken.issue_token('t', 'olga', workspace_id => 'acme'{more})"
        ))
    };
    assert_eq!(actor("select", ""), "postgres");
    assert_eq!(actor("set role pgtoken_admin", ""), "pgtoken_admin");
    assert_eq!(actor("select", ", as_user => 'olga'"), "olga");
    assert_eq!(
        actor("set pgtoken.actor = 'Ada'", ", as_user => 'olga'"),
        "Ada"
    );
    assert_eq!(
        actor("select", ", as_user => 'olga', actor => 'Grace'"),
        "Grace"
    );
}

#[test]
fn an_actor_has_1_to_200_characters_without_control_characters() {
    let mut acme = Acme::new();
    for actor in ["''", "repeat('a', 201)", "e'a\\nb'"] {
        let error = acme.error(&format!(
            "select pgtoken.issue_token('t', 'olga', actor => {actor})"
        ));
        assert_eq!(error.code, "22023", "{actor}");
        assert!(error.message.starts_with("actor: "), "{error}");
    }
    assert_eq!(
        acme.outcome("select pgtoken.issue_token('t', 'olga', actor => repeat('é', 200))"),
        "ok"
    );
}
