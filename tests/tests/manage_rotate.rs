//! Rotating: a successor with everything that the token has.
use pgtoken_tests::{Acme, Issued, outcome, row, wait_until};
use std::time::Duration;

const RICH: &str = "'rich', 'olga', 'agency', 'acme', '{upload,publish}', \
    '{\"windows\": [\"main\", \"ticker\"], \"lobby\": true}', true, ttl => '30 days', rate_limit => 5, \
    rate_window => '1 h', allowed_addrs => '{10.0.0.0/8}', metadata => '{\"a\": 1}', prefix => 'pv_live', request_id => 'r'";

/// What a successor inherits.
const INHERITED: &str = "name, user_id, workspace_id, scope, permissions, grants, auto_publish, expires_at, rate_limit, \
    rate_window_seconds, allowed_addrs, metadata";

fn rotate(acme: &mut Acme, arguments: &str) -> Issued {
    let row = acme.row(&format!(
        "select token, id from pgtoken.rotate_token({arguments})"
    ));
    let (text, id) = row.split_once('|').expect("two columns");
    Issued {
        text: text.to_owned(),
        id: id.to_owned(),
    }
}

#[test]
fn a_successor_inherits_everything() {
    let mut acme = Acme::new();
    let old = acme.issue(RICH);
    let new = rotate(&mut acme, &format!("'{}', actor => 'Ada'", old.id));
    let rows = acme.rows(&format!(
        "select {INHERITED} from pgtoken.tokens order by created_at"
    ));
    assert_eq!(rows[0], rows[1]);
    assert!(new.text.starts_with("pv_live_"));
    assert_ne!(new.text, old.text);
    let own = acme.row(&format!(
        "select rotated_from, created_by, request_id, state, use_count, revoked_at from pgtoken.tokens where id = '{}'",
        new.id
    ));
    assert_eq!(own, format!("{}|Ada|∅|active|0|∅", old.id));
    let question = ", 'agency', '{publish}', target => 'lobby', client_addr => '10.0.0.1'";
    assert_eq!(acme.verdict(&new, question), "valid");
}

#[test]
fn without_overlap_the_old_token_ends_superseded() {
    let mut acme = Acme::new();
    for overlap in ["", ", overlap => '0'", ", overlap => null"] {
        let old = acme.issue("'t', 'olga'");
        let new = rotate(&mut acme, &format!("'{}'{overlap}, actor => 'Ada'", old.id));
        assert_eq!(acme.verdict(&old, ""), "revoked");
        assert_eq!(acme.verdict(&new, ""), "valid");
        let ended = acme.row(&format!(
            "select state, revoked_by, revoke_reason from pgtoken.tokens where id = '{}'",
            old.id
        ));
        assert_eq!(ended, "revoked|Ada|superseded");
    }
}

#[test]
fn with_overlap_both_verify_until_the_earlier_end() {
    let mut acme = Acme::new();
    for (ttl, expected) in [
        ("null", "within"),
        ("'30 days'", "within"),
        ("'1 h'", "kept"),
    ] {
        let old = acme.issue(&format!("'t', 'olga', ttl => {ttl}"));
        let before = acme.row(&format!(
            "select expires_at from pgtoken.tokens where id = '{}'",
            old.id
        ));
        let new = rotate(&mut acme, &format!("'{}', overlap => '1 day'", old.id));
        assert_eq!(
            (acme.verdict(&old, ""), acme.verdict(&new, "")),
            ("valid".into(), "valid".into())
        );
        let after = acme.row(&format!(
            "select case when expires_at::text = '{before}' then 'kept'
                         when expires_at between now() + '23 h 59 min' and now() + '1 day' then 'within' end
             from pgtoken.tokens where id = '{}'",
            old.id
        ));
        assert_eq!(after, expected, "ttl {ttl}");
        let inherited = acme.row(&format!(
            "select expires_at from pgtoken.tokens where id = '{}'",
            new.id
        ));
        assert_eq!(inherited, before, "the successor has the old expiry");
    }
}

#[test]
fn the_successor_expires_as_told() {
    let mut acme = Acme::new();
    let mut expiry = |arguments: &str| {
        let old = acme.issue("'t', 'olga', ttl => '30 days'");
        acme.row(&format!(
            "select round(extract(epoch from expires_at - now()) / 86400) from pgtoken.rotate_token('{}', {arguments})",
            old.id
        ))
    };
    assert_eq!(expiry("ttl => '90 days'"), "90");
    assert_eq!(expiry("expires_at => now() + '5 days'"), "5");
    assert_eq!(expiry("expires_at => 'infinity'"), "∅");
}

#[test]
fn the_prefix_is_that_given_else_the_old_tokens_else_the_settings() {
    let mut acme = Acme::new();
    let id = acme.issue("'t', 'olga', prefix => 'pv_live'").id;
    acme.rows("set pgtoken.prefix = 'other'");
    let second = rotate(&mut acme, &format!("'{id}'"));
    assert!(second.text.starts_with("pv_live_"), "{}", second.text);
    let third = rotate(&mut acme, &format!("'{}', prefix => 'st'", second.id));
    assert!(third.text.starts_with("st_"), "{}", third.text);
    acme.rows("select pgtoken.import_token(sha256('x'), 'olga', 'old')");
    let imported = acme.row("select id from pgtoken.tokens where name = 'old'");
    let fourth = rotate(&mut acme, &format!("'{imported}'"));
    assert!(fourth.text.starts_with("other_"), "{}", fourth.text);
}

#[test]
fn ended_and_disabled_tokens_are_refused() {
    let mut acme = Acme::new();
    let revoked = acme.issue("'t', 'olga'").id;
    let disabled = acme.issue("'t', 'olga'").id;
    acme.rows(&format!(
        "select pgtoken.revoke_token('{revoked}'); select pgtoken.update_token('{disabled}', enabled => false);
         select pgtoken.import_token(sha256('x'), 'olga', 'old', expires_at => '2020-01-01')"
    ));
    let expired = acme.row("select id from pgtoken.tokens where name = 'old'");
    let before = acme.counts();
    for (id, problem) in [
        (revoked, "was revoked"),
        (disabled, "is disabled"),
        (expired, "has expired"),
    ] {
        let error = acme.error(&format!("select pgtoken.rotate_token('{id}')"));
        assert_eq!(error.code, "55000");
        assert!(
            error
                .message
                .starts_with(&format!("id: token {id} {problem};")),
            "{error}"
        );
    }
    assert_eq!(acme.counts(), before);
}

#[test]
fn what_its_owner_could_not_be_issued_now_is_refused() {
    for change in [
        "update pgtoken.member set scope = 'read' where user_id = 'olga'",
        "delete from pgtoken.member where user_id = 'olga'",
        "update pgtoken.app_user set disabled_at = now() where user_id = 'olga'",
        "update pgtoken.workspace set disabled_at = now()",
        "update pgtoken.permission set member_scope = 'full' where name = 'publish'",
    ] {
        let mut acme = Acme::new();
        let token = acme.issue("'t', 'olga', 'write', 'acme', '{publish}'");
        acme.rows(change);
        let before = acme.counts();
        let outcome = acme.outcome(&format!("select pgtoken.rotate_token('{}')", token.id));
        assert_eq!(outcome, "42501", "{change}");
        assert_eq!(acme.counts(), before);
    }
}

#[test]
fn a_confined_token_without_a_grant_left_is_refused() {
    let mut acme = Acme::new();
    let token = acme.issue("'t', 'olga', 'agency', 'acme', grants => '{\"windows\": [\"main\"]}'");
    acme.rows("delete from pgtoken.zone where zone_id = 'main'");
    let error = acme.error(&format!("select pgtoken.rotate_token('{}')", token.id));
    assert_eq!(error.code, "22023");
    assert!(error.message.starts_with("grants: "), "{error}");
    assert_eq!(acme.row("select count(*) from pgtoken.token"), "1");
}

#[test]
fn arguments_are_checked_before_anything_is_written() {
    let mut acme = Acme::new();
    let token = acme.issue("'t', 'olga'");
    let before = acme.counts();
    for (argument, arguments) in [
        ("overlap", "overlap => '-1 s'"),
        ("overlap", "overlap => '170000000 years'"),
        ("ttl", "ttl => '-1 s'"),
        ("ttl", "ttl => '0'"),
        ("ttl", "ttl => '1 day', expires_at => 'tomorrow'"),
        ("expires_at", "expires_at => now()"),
        ("prefix", "prefix => 'NO'"),
        ("actor", "actor => ''"),
    ] {
        let error = acme.error(&format!(
            "select pgtoken.rotate_token('{}', {arguments})",
            token.id
        ));
        assert_eq!(error.code, "22023", "{arguments}: {error}");
        assert!(
            error.message.starts_with(&format!("{argument}: ")),
            "{arguments}: {error}"
        );
    }
    assert_eq!(
        acme.error("select pgtoken.rotate_token()").message,
        "id: must be given"
    );
    assert_eq!(acme.counts(), before);
    assert_eq!(acme.verdict(&token, ""), "valid");
}

#[test]
fn two_rotations_at_once_make_one_successor() {
    let mut acme = Acme::new();
    let token = acme.issue("'t', 'olga'");
    let call = format!("select pgtoken.rotate_token('{}')", token.id);
    acme.rows(&format!("begin; {call}"));
    let mut other = acme.db.client();
    let pid = row(&mut other, "select pg_backend_pid()");
    let twin = std::thread::spawn(move || outcome(&mut other, &call));
    wait_until(Duration::from_secs(20), "the other rotation waits", || {
        acme.row(&format!("select cardinality(pg_blocking_pids({pid})) > 0")) == "t"
    });
    acme.rows("commit");
    assert_eq!(twin.join().expect("the thread ends"), "55000");
    assert_eq!(
        acme.row("select count(*) from pgtoken.tokens where state = 'active'"),
        "1"
    );
}

#[test]
fn a_user_does_not_outlive_by_rotation_what_only_an_administrator_gives() {
    let mut acme = Acme::new();
    for arguments in [
        "'free', 'olga', ttl => '1 day'",
        "'gift', 'olga', 'read', 'acme', '{upload}', ttl => '1 day'",
        "'glass', 'olga', 'break_glass', 'acme', ttl => '1 day'",
    ] {
        let token = acme.issue(arguments);
        let rotate = |more: &str| {
            format!(
                "select pgtoken.rotate_token('{}', as_user => 'olga'{more})",
                token.id
            )
        };
        for later in [", ttl => '2 days'", ", expires_at => 'infinity'"] {
            let error = acme.error(&rotate(later));
            assert_eq!(error.code, "42501", "{arguments}{later}");
            assert!(error.message.starts_with("expires_at: "), "{error}");
        }
        assert_eq!(
            acme.outcome(&rotate("")),
            "ok",
            "{arguments}: the same expiry"
        );
    }
    let own = acme
        .issue("'own', 'olga', 'write', 'acme', '{publish}', ttl => '1 day'")
        .id;
    let later = format!("select pgtoken.rotate_token('{own}', ttl => '2 days', as_user => 'olga')");
    assert_eq!(
        acme.outcome(&later),
        "ok",
        "what the user could issue itself"
    );
}

#[test]
fn both_events_tell_of_the_rotation() {
    let mut acme = Acme::new();
    let old = acme.issue("'t', 'olga'");
    let new = rotate(&mut acme, &format!("'{}', actor => 'Ada'", old.id));
    let expected = format!(
        "rotated|Ada|{{\"overlap\": \"none\", \"successor\": \"{}\"}}",
        new.id
    );
    assert_eq!(acme.last_event(&old.id), expected);
    let expected = format!("issued|Ada|{{\"rotated_from\": \"{}\"}}", old.id);
    assert_eq!(acme.last_event(&new.id), expected);
}
