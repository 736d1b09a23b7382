//! Updating: what is given changes, the rest stays; a user only narrows.
use pgtoken_tests::{Acme, Issued};

const RICH: &str = "'rich', 'olga', 'agency', 'acme', '{publish}', '{\"lobby\": true}', true, ttl => '30 days', \
    rate_limit => 10, rate_window => '1 min', allowed_addrs => '{10.0.0.0/8,192.168.0.0/16}', metadata => '{\"a\": 1}'";

fn rich() -> (Acme, Issued) {
    let mut acme = Acme::new();
    let token = acme.issue(RICH);
    (acme, token)
}

fn update(token: &Issued, arguments: &str) -> String {
    format!("select pgtoken.update_token('{}', {arguments})", token.id)
}

#[test]
fn only_what_is_given_changes() {
    let (mut acme, token) = rich();
    for (argument, column, expected) in [
        ("name => ' new '", "name", "new"),
        ("metadata => '{\"b\": 2}'", "metadata", "{\"b\": 2}"),
        ("metadata => '{}'", "metadata", "{}"),
        (
            "expires_at => '2999-01-01'",
            "expires_at",
            "2999-01-01 00:00:00+00",
        ),
        ("rate_limit => 20", "rate_limit", "20"),
        ("rate_window => '2 min'", "rate_window_seconds", "120"),
        ("allowed_addrs => '{::1/128}'", "allowed_addrs", "{::1/128}"),
    ] {
        acme.rows("begin");
        let rest = format!("select to_jsonb(t) - '{column}' from pgtoken.tokens as t");
        let before = acme.row(&rest);
        assert_eq!(
            acme.row(&format!(
                "select {column} from pgtoken.update_token('{}', {argument})",
                token.id
            )),
            expected
        );
        assert_eq!(acme.row(&rest), before, "{argument}");
        let event = acme.last_event(&token.id);
        assert!(event.starts_with("updated|postgres|{"), "{event}");
        acme.rows("rollback");
    }
}

#[test]
fn infinity_zero_and_the_empty_list_clear() {
    let (mut acme, token) = rich();
    let cleared = acme.row(&format!(
        "select expires_at, rate_limit, rate_window_seconds, allowed_addrs
         from pgtoken.update_token('{}', expires_at => 'infinity', rate_limit => 0, allowed_addrs => '{{}}')",
        token.id
    ));
    assert_eq!(cleared, "∅|∅|∅|{}");
}

#[test]
fn a_limit_without_a_window_keeps_the_window_or_takes_a_minute() {
    let mut acme = Acme::new();
    let with = acme.issue("'t', 'olga', rate_limit => 5, rate_window => '1 h'");
    let without = acme.issue("'t', 'olga'");
    for (token, expected) in [(&with, "7|3600"), (&without, "7|60")] {
        acme.rows(&update(token, "rate_limit => 7"));
        let rate = acme.row(&format!(
            "select rate_limit, rate_window_seconds from pgtoken.tokens where id = '{}'",
            token.id
        ));
        assert_eq!(rate, expected);
    }
}

#[test]
fn giving_nothing_or_the_same_changes_nothing_and_records_nothing() {
    let (mut acme, token) = rich();
    let before = acme.counts();
    for arguments in [
        "name => null",
        "enabled => true",
        "expires_at => null, rate_limit => null",
    ] {
        assert_eq!(
            acme.outcome(&update(&token, arguments)),
            "ok",
            "{arguments}"
        );
    }
    assert_eq!(acme.counts(), before);
}

#[test]
fn a_disabled_token_is_refused_until_it_is_enabled() {
    let (mut acme, token) = rich();
    let question = ", 'agency', target => 'lobby', client_addr => '10.0.0.1'";
    acme.rows(&update(&token, "enabled => false, actor => 'Ada'"));
    assert_eq!(acme.verdict(&token, question), "disabled");
    let off = "select state, disabled_by, disabled_at is not null from pgtoken.tokens";
    assert_eq!(acme.row(off), "disabled|Ada|t");
    assert_eq!(
        acme.last_event(&token.id),
        "updated|Ada|{\"enabled\": false}"
    );
    acme.rows(&update(&token, "enabled => true"));
    assert_eq!(acme.verdict(&token, question), "valid");
    assert_eq!(acme.row(off), "active|∅|f");
}

#[test]
fn what_is_refused_names_its_argument_and_writes_nothing() {
    let (mut acme, token) = rich();
    let before = (acme.counts(), acme.row("select t from pgtoken.tokens as t"));
    for (argument, arguments) in [
        ("name", "name => ' '"),
        ("name", "name => repeat('n', 101)"),
        ("metadata", "metadata => '[]'"),
        ("metadata", "metadata => 'null'"),
        (
            "metadata",
            "metadata => jsonb_build_object('k', repeat('v', 4096))",
        ),
        ("expires_at", "expires_at => now()"),
        ("expires_at", "expires_at => '-infinity'"),
        ("rate_limit", "rate_limit => -1"),
        ("rate_window", "rate_window => '0'"),
        ("rate_window", "rate_window => '0.5 s'"),
        ("rate_window", "rate_window => '32 days'"),
        ("rate_window", "rate_limit => 0, rate_window => '1 min'"),
        ("allowed_addrs", "allowed_addrs => '{null}'"),
        (
            "allowed_addrs",
            "allowed_addrs => array_fill('10.0.0.0/8'::cidr, '{65}')",
        ),
        ("actor", "name => 'new', actor => ''"),
        ("rate_limit", "name => 'new', rate_limit => -1"),
    ] {
        let error = acme.error(&update(&token, arguments));
        assert_eq!(error.code, "22023", "{arguments}: {error}");
        assert!(
            error.message.starts_with(&format!("{argument}: ")),
            "{arguments}: {error}"
        );
    }
    assert_eq!(
        (acme.counts(), acme.row("select t from pgtoken.tokens as t")),
        before
    );
}

#[test]
fn a_window_alone_needs_a_limit_to_go_with() {
    let mut acme = Acme::new();
    let token = acme.issue("'t', 'olga'");
    let error = acme.error(&update(&token, "rate_window => '1 min'"));
    assert_eq!(
        (
            error.code.as_str(),
            error.message.starts_with("rate_window: ")
        ),
        ("22023", true)
    );
}

#[test]
fn ended_tokens_are_refused() {
    let (mut acme, token) = rich();
    acme.rows(&format!("select pgtoken.revoke_token('{}')", token.id));
    for arguments in [
        "name => 'new'",
        "enabled => false",
        "expires_at => 'infinity'",
    ] {
        assert_eq!(
            acme.outcome(&update(&token, arguments)),
            "55000",
            "{arguments}"
        );
    }
    acme.rows(
        "select pgtoken.import_token(sha256('x'), 'olga', 'old', expires_at => '2020-01-01')",
    );
    let id = acme.row("select id from pgtoken.tokens where name = 'old'");
    let revive = format!("select pgtoken.update_token('{id}', expires_at => '2999-01-01')");
    assert_eq!(acme.outcome(&revive), "55000");
}

#[test]
fn a_user_narrows_and_never_widens() {
    let (mut acme, token) = rich();
    for (arguments, expected) in [
        ("name => 'new'", "ok"),
        ("expires_at => now() + '1 day'", "ok"),
        ("expires_at => now() + '31 days'", "expires_at"),
        ("expires_at => 'infinity'", "expires_at"),
        ("rate_limit => 10", "ok"),
        ("rate_limit => 9", "ok"),
        ("rate_limit => 11", "rate_limit"),
        ("rate_limit => 0", "rate_limit"),
        ("rate_window => '1 min'", "ok"),
        ("rate_window => '2 min'", "ok"),
        ("rate_window => '30 s'", "rate_limit"),
        ("rate_limit => 5, rate_window => '30 s'", "ok"),
        ("rate_limit => 5, rate_window => '29 s'", "rate_limit"),
        ("rate_limit => 20, rate_window => '1 h'", "rate_limit"),
        ("allowed_addrs => '{10.0.0.0/8}'", "ok"),
        ("allowed_addrs => '{10.1.0.0/16,192.168.1.0/24}'", "ok"),
        ("allowed_addrs => '{10.0.0.0/8,192.168.0.0/16}'", "ok"),
        ("allowed_addrs => '{}'", "allowed_addrs"),
        ("allowed_addrs => '{10.0.0.0/7}'", "allowed_addrs"),
        (
            "allowed_addrs => '{10.0.0.0/8,11.0.0.0/8}'",
            "allowed_addrs",
        ),
        ("allowed_addrs => '{0.0.0.0/0}'", "allowed_addrs"),
        ("allowed_addrs => '{::/0}'", "allowed_addrs"),
        ("metadata => '{\"a\": 1}'", "metadata"),
        ("enabled => false", "ok"),
    ] {
        acme.rows("begin");
        let call = update(&token, &format!("{arguments}, as_user => 'olga'"));
        if expected == "ok" {
            assert_eq!(acme.outcome(&call), "ok", "{arguments}");
        } else {
            let error = acme.error(&call);
            assert_eq!(error.code, "42501", "{arguments}");
            assert!(
                error.message.starts_with(&format!("{expected}: ")),
                "{arguments}: {error}"
            );
        }
        acme.rows("rollback");
    }
}

#[test]
fn a_user_may_limit_what_had_no_limit() {
    let mut acme = Acme::new();
    let token = acme.issue("'t', 'olga'");
    for arguments in [
        "expires_at => '2999-01-01'",
        "rate_limit => 1000",
        "allowed_addrs => '{0.0.0.0/0}'",
    ] {
        assert_eq!(
            acme.outcome(&update(&token, &format!("{arguments}, as_user => 'olga'"))),
            "ok"
        );
    }
}

#[test]
fn a_user_enables_only_what_that_user_disabled() {
    let (mut acme, token) = rich();
    let enable = update(&token, "enabled => true, as_user => 'olga'");
    acme.rows(&update(&token, "enabled => false, as_user => 'olga'"));
    assert_eq!(acme.outcome(&enable), "ok");
    acme.rows(&update(&token, "enabled => false"));
    let error = acme.error(&enable);
    assert_eq!(
        (error.code.as_str(), error.message.starts_with("enabled: ")),
        ("42501", true)
    );
    acme.rows(&update(&token, "enabled => true"));
    acme.rows(&update(&token, "enabled => false, actor => 'olga'"));
    assert_eq!(
        acme.outcome(&enable),
        "42501",
        "an administrator who signs with the user's name is no user"
    );
}

#[test]
fn an_administrator_who_disables_what_a_user_disabled_takes_over() {
    let (mut acme, token) = rich();
    acme.rows(&update(&token, "enabled => false, as_user => 'olga'"));
    acme.rows(&update(&token, "enabled => false, actor => 'Ada'"));
    assert_eq!(acme.row("select disabled_by from pgtoken.tokens"), "Ada");
    assert_eq!(
        acme.outcome(&update(&token, "enabled => true, as_user => 'olga'")),
        "42501"
    );
}

#[test]
fn a_user_who_disables_what_an_administrator_disabled_changes_nothing() {
    let (mut acme, token) = rich();
    acme.rows(&update(&token, "enabled => false, actor => 'Ada'"));
    acme.rows(&update(&token, "enabled => false, as_user => 'olga'"));
    assert_eq!(acme.row("select disabled_by from pgtoken.tokens"), "Ada");
    assert_eq!(
        acme.outcome(&update(&token, "enabled => true, as_user => 'olga'")),
        "42501"
    );
}
