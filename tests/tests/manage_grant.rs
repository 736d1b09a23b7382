//! Re-granting: a confined token's grants are replaced all at once.
use pgtoken_tests::{Acme, Issued, rows};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

const ISSUE: &str = "'t', 'olga', 'agency', 'acme', grants => '{\"windows\": [\"main\"]}'";

fn confined() -> (Acme, Issued) {
    let mut acme = Acme::new();
    let token = acme.issue(ISSUE);
    (acme, token)
}

#[test]
fn grants_are_replaced_and_returned_as_they_are_now() {
    let (mut acme, token) = confined();
    for (given, now) in [
        ("{\"lobby\": true}", "{\"lobby\": true}"),
        (
            "{\"windows\": [\"ticker\", \"main\", \"ticker\"]}",
            "{\"windows\": [\"main\", \"ticker\"]}",
        ),
        (
            "{\"windows\": true, \"lobby\": [\"left\"]}",
            "{\"lobby\": [\"left\"], \"windows\": true}",
        ),
    ] {
        assert_eq!(
            acme.row(&format!(
                "select pgtoken.grant_zones('{}', '{given}')",
                token.id
            )),
            now
        );
        assert_eq!(acme.row("select grants from pgtoken.tokens"), now);
    }
    assert_eq!(
        acme.verdict(&token, ", 'agency', target => 'lobby', zone => 'left'"),
        "valid"
    );
    assert_eq!(
        acme.rows("select target_id, target_name, zone_id, zone_name, whole from pgtoken.token_grant order by 1"),
        ["lobby|Lobby|left|Left|f", "windows|Windows|∅|∅|t"]
    );
}

#[test]
fn the_event_tells_what_was_and_what_is() {
    let (mut acme, token) = confined();
    acme.rows(&format!(
        "select pgtoken.grant_zones('{}', '{{\"lobby\": true}}', actor => 'Ada')",
        token.id
    ));
    let expected =
        "grants_replaced|Ada|{\"after\": {\"lobby\": true}, \"before\": {\"windows\": [\"main\"]}}";
    assert_eq!(acme.last_event(&token.id), expected);
    assert_eq!(
        acme.row("select count(*) from pgtoken.event"),
        "2",
        "no grants_lost beside it"
    );
}

#[test]
fn what_is_refused_leaves_the_grants_as_they_were() {
    let (mut acme, token) = confined();
    let before = acme.counts();
    for grants in [
        "null",
        "'null'",
        "'{}'",
        "'[]'",
        "'true'",
        "'{\"lobby\": []}'",
        "'{\"lobby\": null}'",
        "'{\"lobby\": false}'",
        "'{\"lobby\": [\"\"]}'",
        "'{\"\": true}'",
        "'{\"roof\": true}'",
        "'{\"lobby\": true, \"nowhere\": true}'",
        "'{\"lobby\": true, \"windows\": [\"left\"]}'",
    ] {
        let error = acme.error(&format!(
            "select pgtoken.grant_zones('{}', {grants})",
            token.id
        ));
        assert_eq!(error.code, "22023", "{grants}");
        assert!(error.message.starts_with("grants: "), "{error}");
    }
    assert_eq!(
        acme.row("select grants from pgtoken.tokens"),
        "{\"windows\": [\"main\"]}"
    );
    assert_eq!(acme.counts(), before);
}

#[test]
fn only_a_confined_token_has_grants() {
    let mut acme = Acme::new();
    for arguments in [
        "'t', 'olga'",
        "'t', 'olga', null",
        "'t', 'olga', 'write', 'acme'",
        "'t', 'olga', 'review', 'acme'",
    ] {
        let id = acme.issue(arguments).id;
        let error = acme.error(&format!(
            "select pgtoken.grant_zones('{id}', '{{\"lobby\": true}}')"
        ));
        assert_eq!(error.code, "22023", "{arguments}");
        assert!(error.message.starts_with("grants: "), "{error}");
    }
}

#[test]
fn ended_tokens_are_refused() {
    let (mut acme, token) = confined();
    acme.rows(&format!(
        "select pgtoken.revoke_token('{}');
         select pgtoken.import_token(sha256('x'), 'olga', 'old', scope => 'agency', workspace_id => 'acme',
            grants => '{{\"lobby\": true}}', expires_at => '2020-01-01')",
        token.id
    ));
    for id in acme.rows("select id from pgtoken.tokens") {
        let outcome = acme.outcome(&format!(
            "select pgtoken.grant_zones('{id}', '{{\"windows\": true}}')"
        ));
        assert_eq!(outcome, "55000");
    }
}

#[test]
fn a_disabled_token_can_be_granted_anew() {
    let (mut acme, token) = confined();
    acme.rows(&format!(
        "select pgtoken.update_token('{}', enabled => false)",
        token.id
    ));
    let outcome = acme.outcome(&format!(
        "select pgtoken.grant_zones('{}', '{{\"lobby\": true}}')",
        token.id
    ));
    assert_eq!(outcome, "ok");
    assert_eq!(
        acme.verdict(&token, ", 'agency', target => 'lobby'"),
        "disabled"
    );
}

#[test]
fn grants_lost_with_their_zone_can_be_given_again() {
    let (mut acme, token) = confined();
    acme.rows("delete from pgtoken.zone where zone_id = 'main'");
    assert_eq!(
        acme.row("select state, grants from pgtoken.tokens"),
        "suspended|{}"
    );
    acme.rows(&format!(
        "select pgtoken.grant_zones('{}', '{{\"lobby\": true}}')",
        token.id
    ));
    assert_eq!(
        acme.row("select state, grants from pgtoken.tokens"),
        "active|{\"lobby\": true}"
    );
}

#[test]
fn a_user_grants_only_while_holding_what_the_scope_needs() {
    let (mut acme, token) = confined();
    let call = format!(
        "select pgtoken.grant_zones('{}', '{{\"lobby\": true}}', as_user => 'olga')",
        token.id
    );
    assert_eq!(acme.outcome(&call), "ok");
    for change in [
        "update pgtoken.member set scope = 'read' where user_id = 'olga'",
        "update pgtoken.workspace set disabled_at = now()",
        "delete from pgtoken.member where user_id = 'olga'",
    ] {
        acme.rows(change);
        assert_eq!(acme.outcome(&call), "42501", "{change}");
    }
}

#[test]
fn a_user_does_not_widen_a_token_of_a_scope_only_administrators_issue() {
    let mut acme = Acme::new();
    let id = acme
        .issue("'t', 'olga', 'vault', 'acme', grants => '{\"windows\": [\"main\"]}'")
        .id;
    let call =
        |grants: &str| format!("select pgtoken.grant_zones('{id}', '{grants}', as_user => 'olga')");
    assert_eq!(acme.outcome(&call("{\"windows\": true}")), "42501");
    assert_eq!(
        acme.row("select grants from pgtoken.tokens"),
        "{\"windows\": [\"main\"]}"
    );
}

#[test]
fn a_reader_never_sees_a_half_replaced_set() {
    let (mut acme, token) = confined();
    acme.rows("insert into pgtoken.target select 't' || n, 'acme' from generate_series(1, 40) n");
    let all = |zone: &str| {
        format!(
            "(select jsonb_object_agg(target_id, {zone}) from pgtoken.target where target_id ~ '^t[0-9]')"
        )
    };
    acme.rows("insert into pgtoken.zone select 't' || n, z from generate_series(1, 40) n, unnest('{a,b}'::text[]) z");
    acme.rows(&format!(
        "select pgtoken.grant_zones('{}', {})",
        token.id,
        all("'[\"a\"]'::jsonb")
    ));
    let done = Arc::new(AtomicBool::new(false));
    let reader = {
        let (mut client, done) = (acme.db.client(), done.clone());
        let token = token.clone();
        std::thread::spawn(move || {
            let mut seen = std::collections::BTreeSet::new();
            while !done.load(Ordering::Relaxed) {
                seen.extend(rows(
                    &mut client,
                    &format!(
                        "select count(*), string_agg(distinct zone_id, '') from pgtoken.token_grant where token_id = '{}'",
                        token.id
                    ),
                ));
                let verdict = rows(
                    &mut client,
                    &format!(
                        "select code from pgtoken.verify_token('{}', 'agency', target => 't7')",
                        token.text
                    ),
                );
                seen.extend(verdict);
            }
            seen
        })
    };
    for n in 0..60 {
        let zone = if n % 2 == 0 {
            "'[\"b\"]'::jsonb"
        } else {
            "'[\"a\"]'::jsonb"
        };
        acme.rows(&format!(
            "select pgtoken.grant_zones('{}', {})",
            token.id,
            all(zone)
        ));
    }
    done.store(true, Ordering::Relaxed);
    let seen: Vec<_> = reader
        .join()
        .expect("the reader ends")
        .into_iter()
        .collect();
    assert!(
        seen.iter()
            .all(|row| ["40|a", "40|b", "valid"].contains(&row.as_str())),
        "{seen:?}"
    );
}

#[test]
fn two_grants_at_once_leave_one_of_the_two_sets() {
    let (mut acme, token) = confined();
    let writers: Vec<_> = [
        "{\"windows\": [\"main\", \"ticker\"]}",
        "{\"lobby\": [\"left\"], \"windows\": [\"main\"]}",
    ]
    .map(|grants| {
        let mut client = acme.db.client();
        let call = format!("select pgtoken.grant_zones('{}', '{grants}')", token.id);
        std::thread::spawn(move || {
            (0..30).for_each(|_| assert_eq!(rows(&mut client, &call), [grants]))
        })
    })
    .into_iter()
    .collect();
    for writer in writers {
        writer.join().expect("no deadlock and no duplicate");
    }
    let left = acme.row("select grants from pgtoken.tokens");
    assert!(
        [
            "{\"windows\": [\"main\", \"ticker\"]}",
            "{\"lobby\": [\"left\"], \"windows\": [\"main\"]}"
        ]
        .contains(&left.as_str()),
        "{left}"
    );
    assert_eq!(
        acme.row("select count(*) from pgtoken.event where kind = 'grants_replaced'"),
        "60"
    );
}
