//! Verification on a hot standby that streams from its primary.
use pgtoken_tests::{ACME, Cluster, Database, code, error_of, issue, verdict};
use std::sync::OnceLock;

/// A primary and its standby, for the tests of this file that leave both as they are.
fn pair() -> &'static (Cluster, Cluster) {
    static PAIR: OnceLock<(Cluster, Cluster)> = OnceLock::new();
    PAIR.get_or_init(|| {
        let primary = Cluster::start();
        let standby = primary.standby();
        (primary, standby)
    })
}

/// A database of the primary with the directory [`ACME`].
fn acme(primary: &Cluster) -> Database<'_> {
    let db = primary.database();
    db.execute(ACME);
    db
}

const CONFINED: &str = r#"'one', 'owner', scope => 'agency', workspace_id => 'acme',
    grants => '{"windows": ["main"]}', permissions => '{publish}'"#;

#[test]
fn standby_gives_the_same_verdicts_as_its_primary() {
    let (primary, standby) = pair();
    let db = acme(primary);
    let mut here = db.client();
    let token = issue(&mut here, CONFINED).text;
    primary.wait_for(standby);
    let mut there = standby.connect(db.name(), "postgres");
    for (text, ask) in [
        (
            token.as_str(),
            "target => 'windows', permissions => '{publish}'",
        ),
        (&token, "target => 'windows', zone => 'ticker'"),
        (&token, "scope => 'full'"),
        (&token, ""),
        ("junk", ""),
    ] {
        assert_eq!(
            verdict(&mut there, text, ask),
            verdict(&mut here, text, ask),
            "{ask}"
        );
    }
}

#[test]
fn every_read_works_on_a_standby() {
    let (primary, standby) = pair();
    let db = acme(primary);
    let token = issue(
        &mut db.client(),
        "'one', 'owner', rate_limit => 2, rate_window => '31 days'",
    )
    .text;
    primary.wait_for(standby);
    let mut there = standby.connect(db.name(), "postgres");
    for (call, expected) in [
        ("verify_token($1)", "valid"),
        ("verify_digest(sha256(convert_to($1, 'UTF8')))", "valid"),
        ("verify_tokens(array[$1])", "rate_limited"),
        (
            "verify_digests(array[sha256(convert_to($1, 'UTF8'))], consume => false)",
            "rate_limited",
        ),
    ] {
        let sql = format!("select code from pgtoken.{call}");
        let row = there.query_one(&sql, &[&token]).expect(call);
        assert_eq!(row.get::<_, &str>(0), expected, "{call}");
    }
    let inspect = "select state from pgtoken.inspect_token($1)";
    assert_eq!(
        there
            .query_one(inspect, &[&token])
            .expect("row")
            .get::<_, &str>(0),
        "active"
    );
    let require = "select pgtoken.require_token($1)";
    assert_eq!(error_of(there.query(require, &[&token])).code, "53400");
}

#[test]
fn reductions_reach_a_session_of_the_standby_when_they_are_replayed() {
    let (primary, standby) = pair();
    for (reduction, expected) in [
        (
            "select pgtoken.revoke_tokens(user_id => 'owner')",
            "revoked",
        ),
        (
            "update pgtoken.app_user set disabled_at = now()",
            "owner_disabled",
        ),
        (
            "update pgtoken.member set scope = 'read'",
            "insufficient_scope",
        ),
        (
            "update pgtoken.permission set member_scope = 'full'; update pgtoken.member set scope = 'write'",
            "insufficient_permissions",
        ),
        (
            "delete from pgtoken.zone where target_id = 'windows'",
            "target_forbidden",
        ),
        ("delete from pgtoken.app_user", "not_found"),
    ] {
        let db = acme(primary);
        let token = issue(&mut db.client(), CONFINED).text;
        primary.wait_for(standby);
        let mut there = standby.connect(db.name(), "postgres");
        let ask = "target => 'windows', permissions => '{publish}'";
        assert_eq!(code(&mut there, &token, ask), "valid");
        db.execute(reduction);
        primary.wait_for(standby);
        assert_eq!(code(&mut there, &token, ask), expected, "{reduction}");
    }
}

#[test]
fn maintenance_of_the_primary_does_not_disturb_a_session_of_the_standby() {
    let (primary, standby) = pair();
    let db = acme(primary);
    let token = issue(&mut db.client(), CONFINED).text;
    primary.wait_for(standby);
    let mut there = standby.connect(db.name(), "postgres");
    for maintenance in [
        "reindex table concurrently pgtoken.token",
        "vacuum full pgtoken.token",
        "cluster pgtoken.token using token_digest_key",
        "vacuum full pgtoken.token_zone",
        "vacuum full pgtoken.scope",
        "drop extension pgtoken",
        "create extension pgtoken",
    ] {
        let gone = maintenance.contains("extension");
        if !gone {
            assert_eq!(
                code(&mut there, &token, "target => 'windows'"),
                "valid",
                "before {maintenance}"
            );
        }
        db.execute(maintenance);
        primary.wait_for(standby);
    }
    assert_eq!(code(&mut there, &token, "target => 'windows'"), "not_found");
}

#[test]
fn management_is_refused_on_a_standby() {
    let (primary, standby) = pair();
    let db = acme(primary);
    let token = issue(&mut db.client(), "'one', 'owner'");
    primary.wait_for(standby);
    let mut there = standby.connect(db.name(), "postgres");
    for call in [
        "issue_token('two', 'owner')".to_owned(),
        format!("revoke_token('{}')", token.id),
        format!("revoke_secret('{}')", token.text),
        format!("update_token('{}', name => 'x')", token.id),
    ] {
        let sql = format!("select pgtoken.{call}");
        assert_eq!(error_of(there.simple_query(&sql)).code, "25006", "{call}");
    }
    assert_eq!(code(&mut there, &token.text, ""), "valid");
}

#[test]
fn standby_that_is_promoted_goes_on_verifying_and_manages_tokens() {
    let primary = Cluster::start();
    let db = acme(&primary);
    let token = issue(&mut db.client(), CONFINED);
    let standby = primary.standby();
    primary.wait_for(&standby);
    let mut there = standby.connect(db.name(), "postgres");
    assert_eq!(
        code(&mut there, &token.text, "target => 'windows'"),
        "valid"
    );
    primary.stop();
    let promoted = there
        .query_one("select pg_promote()", &[])
        .expect("promote");
    assert!(promoted.get::<_, bool>(0));
    assert_eq!(
        code(&mut there, &token.text, "target => 'windows'"),
        "valid"
    );
    let revoke = "select from pgtoken.revoke_token($1)";
    there.execute(revoke, &[&token.id]).expect("revoke");
    assert_eq!(
        code(&mut there, &token.text, "target => 'windows'"),
        "revoked"
    );
    let new = issue(&mut there, "'two', 'owner'").text;
    assert_eq!(code(&mut there, &new, ""), "valid");
}

#[test]
fn standby_whose_slots_are_all_in_use_forgets_uses_and_keeps_rates() {
    let primary = Cluster::start();
    let standby = primary.standby_with(Cluster::settings().with("pgtoken.usage_slots", "16"));
    let db = primary.database();
    db.execute("insert into pgtoken.app_user (user_id) values ('owner')");
    let mut here = db.client();
    let many: Vec<String> = (0..40)
        .map(|_| issue(&mut here, "'many', 'owner'").text)
        .collect();
    let limited = issue(&mut here, "'limited', 'owner', rate_limit => 2").text;
    primary.wait_for(&standby);

    let mut there = standby.connect(db.name(), "postgres");
    let slots = there
        .query_one("select slots from pgtoken.usage_stats", &[])
        .expect("the standby has its table");
    assert_eq!(slots.get::<_, i32>(0), 16);
    let use_many = |there: &mut _| {
        for token in &many {
            assert_eq!(code(there, token, ""), "valid");
        }
    };
    use_many(&mut there);
    let codes: Vec<String> = (0..3).map(|_| code(&mut there, &limited, "")).collect();
    assert_eq!(codes, ["valid", "valid", "rate_limited"]);
    use_many(&mut there);
    assert_eq!(code(&mut there, &limited, ""), "rate_limited");
}
