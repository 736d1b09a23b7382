//! Issuing: what each argument may be, what is refused and how, and that nothing is written then.
use pgtoken_tests::Acme;

/// Arguments that are refused: the argument to blame, the SQLSTATE, and the call's arguments.
const REFUSED: &str = r#"
name | 22023 | null, 'olga'
name | 22023 | '', 'olga'
name | 22023 | e' \t ', 'olga'
name | 22023 | repeat('n', 101), 'olga'
name | 22023 | e'a\nb', 'olga'
user_id | 22023 | 't'
user_id | 22023 | 't', ''
user_id | 22023 | 't', 'ghost'
user_id | 42501 | 't', 'dora'
user_id | 42501 | 't', 'stan', workspace_id => 'acme'
workspace_id | 22023 | 't', 'olga', workspace_id => ''
workspace_id | 22023 | 't', 'olga', workspace_id => 'nowhere'
workspace_id | 42501 | 't', 'olga', workspace_id => 'shut'
workspace_id | 22023 | 't', 'olga', 'agency', grants => '{"lobby": true}'
scope | 22023 | 't', 'olga', ''
scope | 22023 | 't', 'olga', 'superuser'
scope | 22023 | 't', 'olga', 'READ'
scope | 42501 | 't', 'olga', 'full', 'acme'
scope | 42501 | 't', 'leo', 'agency', 'acme', grants => '{"lobby": true}'
scope | 42501 | 't', 'leo', 'review', 'acme'
permissions | 22023 | 't', 'olga', permissions => '{nothing}'
permissions | 22023 | 't', 'olga', permissions => '{""}'
permissions | 22023 | 't', 'olga', permissions => '{upload,null}'
permissions | 22023 | 't', 'olga', permissions => array(select 'p' || n from generate_series(1, 65) n)
permissions | 42501 | 't', 'olga', permissions => '{publish}'
permissions | 42501 | 't', 'olga', 'read', 'acme', '{audit}'
permissions | 42501 | 't', 'leo', 'read', 'acme', '{upload,publish}'
grants | 22023 | 't', 'olga', 'agency', 'acme'
grants | 22023 | 't', 'olga', 'agency', 'acme', grants => null
grants | 22023 | 't', 'olga', 'agency', 'acme', grants => 'null'
grants | 22023 | 't', 'olga', 'agency', 'acme', grants => '[]'
grants | 22023 | 't', 'olga', 'agency', 'acme', grants => '["lobby"]'
grants | 22023 | 't', 'olga', 'agency', 'acme', grants => '"lobby"'
grants | 22023 | 't', 'olga', 'agency', 'acme', grants => '{"lobby": []}'
grants | 22023 | 't', 'olga', 'agency', 'acme', grants => '{"lobby": false}'
grants | 22023 | 't', 'olga', 'agency', 'acme', grants => '{"lobby": null}'
grants | 22023 | 't', 'olga', 'agency', 'acme', grants => '{"lobby": "left"}'
grants | 22023 | 't', 'olga', 'agency', 'acme', grants => '{"lobby": {}}'
grants | 22023 | 't', 'olga', 'agency', 'acme', grants => '{"lobby": [""]}'
grants | 22023 | 't', 'olga', 'agency', 'acme', grants => '{"lobby": ["left", null]}'
grants | 22023 | 't', 'olga', 'agency', 'acme', grants => '{"lobby": [1]}'
grants | 22023 | 't', 'olga', 'agency', 'acme', grants => '{"": true}'
grants | 22023 | 't', 'olga', 'agency', 'acme', grants => '{"nowhere": true}'
grants | 22023 | 't', 'olga', 'agency', 'acme', grants => '{"roof": true}'
grants | 22023 | 't', 'olga', 'agency', 'acme', grants => '{"lobby": ["main"]}'
grants | 22023 | 't', 'olga', 'agency', 'acme', grants => '{"lobby": true, "windows": ["main", "left"]}'
grants | 22023 | 't', 'olga', 'agency', 'acme', grants => (select jsonb_object_agg(n, true) from generate_series(1, 1001) n)
grants | 22023 | 't', 'olga', 'read', 'acme', grants => '{"lobby": true}'
grants | 22023 | 't', 'olga', null, 'acme', grants => '{"lobby": true}'
auto_publish | 22023 | 't', 'olga', 'write', 'acme', auto_publish => true
auto_publish | 22023 | 't', 'olga', null, auto_publish => true
auto_publish | 22023 | 't', 'olga', 'review', 'acme', auto_publish => true
ttl | 22023 | 't', 'olga', ttl => '0'
ttl | 22023 | 't', 'olga', ttl => '-1 s'
ttl | 22023 | 't', 'olga', ttl => '1 day', expires_at => 'tomorrow'
ttl | 22023 | 't', 'olga', ttl => '170000000 years'
expires_at | 22023 | 't', 'olga', expires_at => now()
expires_at | 22023 | 't', 'olga', expires_at => '-infinity'
rate_limit | 22023 | 't', 'olga', rate_limit => 0
rate_limit | 22023 | 't', 'olga', rate_limit => -1
rate_window | 22023 | 't', 'olga', rate_limit => 1, rate_window => null
rate_window | 22023 | 't', 'olga', rate_limit => 1, rate_window => '0'
rate_window | 22023 | 't', 'olga', rate_limit => 1, rate_window => '-1 s'
rate_window | 22023 | 't', 'olga', rate_limit => 1, rate_window => '0.5 s'
rate_window | 22023 | 't', 'olga', rate_limit => 1, rate_window => '1.5 s'
rate_window | 22023 | 't', 'olga', rate_limit => 1, rate_window => '31 days 1 s'
rate_window | 22023 | 't', 'olga', rate_limit => 1, rate_window => '170000000 years'
rate_window | 22023 | 't', 'olga', rate_limit => 1, rate_window => '1 mon 2 days'
allowed_addrs | 22023 | 't', 'olga', allowed_addrs => '{10.0.0.0/8,null}'
expires_at | 22023 | 't', 'olga', expires_at => '10000-01-01'
ttl | 22023 | 't', 'olga', ttl => '7999 years'
ttl | 22023 | 't', 'olga', ttl => '-170000000 years'
permissions | 22023 | 't', 'olga', permissions => '{{upload,null}}'
allowed_addrs | 22023 | 't', 'olga', allowed_addrs => '{{10.0.0.0/8},{null}}'
allowed_addrs | 22023 | 't', 'olga', allowed_addrs => array_fill('10.0.0.0/8'::cidr, '{65}')
metadata | 22023 | 't', 'olga', metadata => '[]'
metadata | 22023 | 't', 'olga', metadata => 'null'
metadata | 22023 | 't', 'olga', metadata => '"{}"'
metadata | 22023 | 't', 'olga', metadata => jsonb_build_object('k', repeat('v', 4096))
prefix | 22023 | 't', 'olga', prefix => ''
prefix | 22023 | 't', 'olga', prefix => 'PV'
prefix | 22023 | 't', 'olga', prefix => 'pv__live'
prefix | 22023 | 't', 'olga', prefix => 'pv-live'
prefix | 22023 | 't', 'olga', prefix => 'pv_'
prefix | 22023 | 't', 'olga', prefix => '1pv'
prefix | 22023 | 't', 'olga', prefix => repeat('p', 25)
request_id | 22023 | 't', 'olga', request_id => ''
request_id | 22023 | 't', 'olga', request_id => repeat('r', 256)
as_user | 42501 | 't', 'olga', as_user => ''
actor | 22023 | 't', 'olga', actor => ''
workspace_id | 42501 | 't', as_user => 'olga'
user_id | 42501 | 't', workspace_id => 'globex', as_user => 'olga'
as_user | 42501 | 't', 'robot', workspace_id => 'acme', as_user => 'stan'
scope | 42501 | 't', scope => 'full', workspace_id => 'acme', as_user => 'olga'
scope | 42501 | 't', scope => 'break_glass', workspace_id => 'acme', as_user => 'olga'
scope | 42501 | 't', scope => 'vault', workspace_id => 'acme', grants => '{"lobby": true}', as_user => 'olga'
permissions | 42501 | 't', workspace_id => 'acme', permissions => '{upload}', as_user => 'olga'
permissions | 42501 | 't', workspace_id => 'acme', permissions => '{audit}', as_user => 'olga'"#;

/// Arguments that are allowed, an expression over the row, and its value.
const ALLOWED: &str = r#"
e' \tname\n', 'olga' | name | name
repeat('é', 100), 'olga' | length(name) | 100
't', 'olga' | (scope, workspace_id, permissions, grants, auto_publish, expires_at) | (read,,{},{},f,)
't', 'olga' | (rate_limit, rate_window_seconds, allowed_addrs, metadata, request_id) | (,,{},{},)
't', 'olga', null | scope | ∅
't', 'olga', 'full' | (scope, workspace_id, state) | (full,,active)
't', 'olga', 'write', 'acme' | (scope, workspace_id, workspace_name, user_name) | (write,acme,Acme,Olga)
't', 'olga', 'break_glass' | scope | break_glass
't', 'olga', 'break_glass', 'acme' | scope | break_glass
't', 'olga', 'review', 'acme' | scope | review
't', 'olga', 'vault', 'acme', grants => '{"lobby": true}' | grants | {"lobby": true}
't', 'olga', permissions => '{upload,upload}' | permissions | {upload}
't', 'olga', permissions => null | permissions | {}
't', 'olga', 'read', 'acme', '{upload,publish}' | permissions | {upload,publish}
't', workspace_id => 'acme', permissions => '{publish}', as_user => 'olga' | permissions | {publish}
't', 'olga', 'agency', 'acme', grants => '{"windows": ["ticker", "main", "main"], "lobby": true}' | grants | {"lobby": true, "windows": ["main", "ticker"]}
't', 'olga', 'agency', 'acme', grants => '{"lobby": true}', auto_publish => true | auto_publish | t
't', 'olga', auto_publish => null | auto_publish | f
't', 'olga', ttl => '90 days' | expires_at - created_at between '89 days 23 h' and '90 days' | t
't', 'olga', ttl => '1 s' | expires_at > now() | t
't', 'olga', expires_at => '2999-01-01' | expires_at = '2999-01-01' | t
't', 'olga', expires_at => '9999-12-31' | expires_at | 9999-12-31 00:00:00+00
't', 'olga', expires_at => 'infinity' | expires_at | ∅
't', 'olga', permissions => '{{upload}}' | permissions | {upload}
't', 'olga', rate_limit => 10 | (rate_limit, rate_window_seconds) | (10,60)
't', 'olga', rate_limit => 1, rate_window => '1 s' | rate_window_seconds | 1
't', 'olga', rate_limit => 1, rate_window => '31 days' | rate_window_seconds | 2678400
't', 'olga', rate_limit => 1, rate_window => '744 h' | rate_window_seconds | 2678400
't', 'olga', rate_window => null | rate_window_seconds | ∅
't', 'olga', allowed_addrs => '{10.0.0.0/8,2001:db8::/32}' | allowed_addrs | {10.0.0.0/8,2001:db8::/32}
't', 'olga', allowed_addrs => null | allowed_addrs | {}
't', 'olga', allowed_addrs => array_fill('10.0.0.0/8'::cidr, '{64}') | cardinality(allowed_addrs) | 64
't', 'olga', metadata => '{"n": 12345678901234567890.10, "a": [null]}' | metadata | {"a": [null], "n": 12345678901234567890.10}
't', 'olga', metadata => null | metadata | {}
't', 'olga', metadata => jsonb_build_object('k', repeat('v', 4087)) | length(metadata::text) | 4096
't', 'olga', request_id => repeat('é', 255) | length(request_id) | 255
't', workspace_id => 'acme', as_user => 'olga' | (user_id, created_by) | (olga,olga)
't', 'olga', 'agency', 'acme', grants => '{"lobby": true}', as_user => 'olga' | scope | agency"#;

/// The lines of a table, each of three fields.
fn lines(table: &str) -> impl Iterator<Item = [&str; 3]> {
    table.lines().filter(|line| !line.is_empty()).map(|line| {
        let fields: Vec<&str> = line.splitn(3, " | ").collect();
        <[&str; 3]>::try_from(fields).expect("three fields")
    })
}

#[test]
fn what_is_refused_names_its_argument_and_writes_nothing() {
    let mut acme = Acme::new();
    let before = acme.counts();
    let mut wrong = Vec::new();
    for [argument, code, arguments] in lines(REFUSED) {
        let error = acme.error(&format!("select pgtoken.issue_token({arguments})"));
        let message = error
            .message
            .strip_prefix(&format!("{argument}: "))
            .unwrap_or_default();
        if error.code != code || message.is_empty() || message.ends_with('.') {
            wrong.push(format!(
                "({arguments}) expected {code} {argument}, got {error}"
            ));
        }
        if message.starts_with(|first: char| first.is_ascii_uppercase()) || error.detail.is_some() {
            wrong.push(format!("({arguments}) {error} {:?}", error.detail));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(acme.counts(), before);
}

#[test]
fn what_is_allowed_is_in_the_row() {
    let mut acme = Acme::new();
    let mut wrong = Vec::new();
    for [arguments, expression, expected] in lines(ALLOWED) {
        let sql = format!("select {expression} from pgtoken.issue_token({arguments})");
        let got = acme.rows(&sql);
        if got != [expected] {
            wrong.push(format!("{sql}\n  expected {expected}\n  got      {got:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_message_gives_the_value_and_what_is_allowed() {
    let mut acme = Acme::new();
    for (arguments, message) in [
        (
            "repeat('n', 101), 'olga'",
            "name: has 101 characters after trimming; 1 to 100 without control characters are allowed",
        ),
        ("'t', 'ghost'", "user_id: there is no user \"ghost\""),
        ("'t', 'olga', 'root'", "scope: there is no scope \"root\""),
        (
            "'t', 'olga', 'full', 'acme'",
            "scope: \"full\" needs \"full\" in the workspace, and user \"olga\" has \"write\" there",
        ),
        (
            "'t', 'stan', workspace_id => 'acme'",
            "user_id: user \"stan\" is not a member of workspace \"acme\"",
        ),
    ] {
        assert_eq!(
            acme.error(&format!("select pgtoken.issue_token({arguments})"))
                .message,
            message
        );
    }
}

#[test]
fn a_hint_shows_the_statement_that_helps() {
    let mut acme = Acme::new();
    for (arguments, hint) in [
        (
            "'t', 'ghost'",
            "insert into pgtoken.app_user (user_id, name) values (…)",
        ),
        (
            "'t', 'olga', workspace_id => 'x'",
            "insert into pgtoken.workspace (workspace_id, name) values (…)",
        ),
        (
            "'t', 'olga', 'x'",
            "select name, description from pgtoken.scope",
        ),
        (
            "'t', 'olga', permissions => '{x}'",
            "insert into pgtoken.permission (name, description) values (…)",
        ),
        (
            "'t', 'olga', 'agency', 'acme', grants => '{\"x\": true}'",
            "insert into pgtoken.target (target_id, workspace_id, name) values (…)",
        ),
        (
            "'t', 'olga', 'agency', 'acme', grants => '{\"lobby\": [\"x\"]}'",
            "insert into pgtoken.zone (target_id, zone_id, name) values (…)",
        ),
    ] {
        let error = acme.error(&format!("select pgtoken.issue_token({arguments})"));
        assert_eq!(error.hint.as_deref(), Some(hint), "{error}");
    }
}

#[test]
fn beyond_the_owners_authority_is_refused_for_everybody() {
    let mut acme = Acme::new();
    acme.rows("update pgtoken.member set manages_tokens = true");
    for (arguments, who) in [
        ("'t', 'leo', 'write', 'acme'", ["null", "'leo'"]),
        ("'t', 'robot', 'full', 'globex'", ["null", "'stan'"]),
        ("'t', 'dora', 'read', 'acme'", ["null", "'mia'"]),
    ] {
        for as_user in who {
            let sql = format!("select pgtoken.issue_token({arguments}, as_user => {as_user})");
            assert_eq!(acme.outcome(&sql), "42501", "{sql}");
        }
    }
}

#[test]
fn the_event_tells_what_was_issued_to_whom_by_whom() {
    let mut acme = Acme::new();
    let token = acme.issue(
        "'t', 'olga', 'agency', 'acme', '{upload}', '{\"lobby\": true}', true, actor => 'Ada'",
    );
    let expected = "issued|Ada|{\"scope\": \"agency\", \"grants\": {\"lobby\": true}, \
                    \"permissions\": [\"upload\"], \"auto_publish\": true}";
    assert_eq!(acme.last_event(&token.id), expected);
    let row = acme.row("select token_name, user_id, workspace_id, login_role from pgtoken.event");
    assert_eq!(row, "t|olga|acme|postgres");
}

#[test]
fn a_rolled_back_issue_leaves_nothing() {
    let mut acme = Acme::new();
    let before = acme.counts();
    acme.rows("begin");
    let token = acme.issue("'t', 'olga'");
    assert_eq!(
        acme.verdict(&token, ""),
        "valid",
        "seen by its own transaction"
    );
    acme.rows("rollback");
    assert_eq!(acme.verdict(&token, ""), "not_found");
    assert_eq!(acme.counts(), before);
}
