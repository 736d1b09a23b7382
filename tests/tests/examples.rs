//! The two worked examples: what they print is kept beside this file, and what they leave is what they say.
use pgtoken_tests::{Database, checkout, shared, wait_until};
use std::path::PathBuf;
use std::process::Output;
use std::time::Duration;

const VIDEO_VAULT: &str = "video_vault";
const DIGITAL_SIGNAGE: &str = "digital_signage";

#[test]
fn video_vault_prints_what_its_comments_say() {
    let db = shared().database();
    assert_prints(
        &run(&db, VIDEO_VAULT),
        include_str!("examples/video_vault.out"),
    );
}

#[test]
fn digital_signage_prints_what_its_comments_say() {
    let db = shared().database();
    assert_prints(
        &run(&db, DIGITAL_SIGNAGE),
        include_str!("examples/digital_signage.out"),
    );
}

#[test]
fn video_vault_leaves_its_tokens_and_their_history() {
    let db = shared().database();
    assert_success(&run(&db, VIDEO_VAULT));
    assert_eq!(
        db.psql("select name, user_id, workspace_id, scope, permissions, state, created_by from pgtoken.tokens order by name"),
        "Embedding on the website|vault-ada|||{issue_view}|revoked|admin@vault.example\n\
         Lost laptop|vault-ben|||{upload}|revoked|old vault\n\
         Nightly uploader|vault-ben|||{upload}|active|old vault\n"
    );
    // Not the one that was refused.
    assert_eq!(
        db.psql("select kind, token_name, actor from pgtoken.event order by at"),
        "imported|Nightly uploader|admin@vault.example\n\
         imported|Lost laptop|admin@vault.example\n\
         issued|Embedding on the website|admin@vault.example\n\
         revoked|Embedding on the website|admin@vault.example\n"
    );
    let lifetime = "select expires_at - created_at between interval '89 days 23:59' and interval '90 days 00:01' \
                    from pgtoken.tokens where user_id = 'vault-ada'";
    assert!(db.value::<bool>(lifetime, &[]));
    // Nothing of the script itself stays.
    assert_eq!(
        db.psql("select relname from pg_class where relname ~ 'old_token'"),
        ""
    );
}

#[test]
fn video_vault_shows_last_use() {
    let db = shared().database();
    assert_success(&run(&db, VIDEO_VAULT));
    let used = "select string_agg(name || ' ' || use_count || ' ' || coalesce(last_denied_code, '-'), ', ' order by name)
                from pgtoken.tokens where last_used_at > now() - interval '1 hour'";
    let used = || db.value::<Option<String>>(used, &[]).unwrap_or_default();
    let expected = "Embedding on the website 1 revoked, Nightly uploader 1 -";
    wait_until(Duration::from_secs(20), "use is flushed", || {
        used() == expected
    });
}

#[test]
fn digital_signage_leaves_its_tokens_grants_and_history() {
    let db = shared().database();
    assert_success(&run(&db, DIGITAL_SIGNAGE));
    assert_eq!(
        db.psql("select name, user_id, workspace_id, scope, auto_publish, grants, state, revoked_by from pgtoken.tokens order by name"),
        "Bright Agency|mia|acme|agency|t|{\"windows\": [\"ticker\"]}|active|\n\
         Leo's script|leo|acme|write|f|{}|revoked|mia\n\
         Menu writers|mia|acme|agency|f|{}|revoked|as_pgtoken_admin\n\
         Player in the lobby|leo|acme|read|f|{}|active|\n"
    );
    assert_eq!(
        db.psql("select kind, token_name, detail -> 'lost' from pgtoken.event where kind ~ 'grants' order by at"),
        "grants_replaced|Bright Agency|\n\
         grants_lost|Bright Agency|[{\"zone_id\": \"main\", \"target_id\": \"windows\"}]\n\
         grants_lost|Bright Agency|[{\"target_id\": \"lobby\"}]\n\
         grants_lost|Menu writers|[{\"zone_id\": \"menu\", \"target_id\": \"counter\"}]\n"
    );
}

#[test]
fn both_examples_live_in_one_database() {
    let db = shared().database();
    assert_success(&run(&db, VIDEO_VAULT));
    assert_prints(
        &run(&db, DIGITAL_SIGNAGE),
        include_str!("examples/digital_signage.out"),
    );
    let db = shared().database();
    assert_success(&run(&db, DIGITAL_SIGNAGE));
    assert_prints(
        &run(&db, VIDEO_VAULT),
        include_str!("examples/video_vault.out"),
    );
}

#[test]
fn second_run_stops_at_once_and_changes_nothing() {
    for example in [VIDEO_VAULT, DIGITAL_SIGNAGE] {
        let db = shared().database();
        assert_success(&run(&db, example));
        let before = db.psql(STATE);
        let output = run(&db, example);
        assert_eq!(
            output.status.code(),
            Some(3),
            "psql's status for a script that failed"
        );
        assert!(output.stdout.is_empty());
        assert!(String::from_utf8_lossy(&output.stderr).contains("already exists"));
        assert_eq!(db.psql(STATE), before);
    }
}

#[test]
fn example_starts_over_as_its_header_says() {
    let db = shared().database();
    assert_success(&run(&db, VIDEO_VAULT));
    db.execute("delete from pgtoken.app_user where user_id like 'vault-%'");
    assert_success(&run(&db, VIDEO_VAULT));

    let db = shared().database();
    assert_success(&run(&db, DIGITAL_SIGNAGE));
    db.execute("delete from pgtoken.workspace where workspace_id = 'acme'");
    db.execute("delete from pgtoken.app_user where user_id in ('mia', 'leo', 'zoe')");
    assert_prints(
        &run(&db, DIGITAL_SIGNAGE),
        include_str!("examples/digital_signage.out"),
    );
}

/// Everything that a second run could have changed.
const STATE: &str = "
    select t::text from pgtoken.token as t order by id;
    select g::text from pgtoken.token_grant as g order by token_id, target_id, zone_id;
    select e::text from pgtoken.event as e order by id;
    select u::text from pgtoken.app_user as u order by user_id;
    select m::text from pgtoken.member as m order by user_id;
    select z::text from pgtoken.zone as z order by target_id, zone_id;
    select p::text from pgtoken.permission as p order by name;";

/// Runs an example as its header says: with psql, as a member of pgtoken_admin.
fn run(db: &Database, example: &str) -> Output {
    let script: PathBuf = checkout().join(format!("sql/examples/{example}.sql"));
    let role = db.cluster().login(&["pgtoken_admin"]);
    db.program("psql")
        .env("PGUSER", role)
        .args(["-X", "-f"])
        .arg(script)
        .output()
        .expect("psql starts")
}

#[track_caller]
fn assert_success(output: &Output) {
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{complaint}");
    assert_eq!(complaint, "", "nothing to complain of");
}

#[track_caller]
fn assert_prints(output: &Output, expected: &str) {
    assert_success(output);
    let printed = String::from_utf8(output.stdout.clone()).expect("psql prints UTF-8");
    let printed: Vec<String> = printed.lines().map(mask).collect();
    for (n, (line, expected)) in printed.iter().zip(expected.lines()).enumerate() {
        assert_eq!(line, expected, "line {} of:\n{}", n + 1, printed.join("\n"));
    }
    assert_eq!(printed.len(), expected.lines().count());
}

/// Hides what differs from run to run, leaving the width: ids, the random part of a start, dates to come.
fn mask(line: &str) -> String {
    line.split(' ')
        .map(|word| {
            let is_id = uuid::Uuid::parse_str(word).is_ok();
            let is_start = word.starts_with("pv_live_") && word != "pv_live_exampl";
            let is_date = word.len() == 10 && word.starts_with("20") && !word.starts_with("2024");
            match word {
                _ if is_id => "01234567-89ab-7cde-8f01-23456789abcd".to_owned(),
                _ if is_start => "pv_live_xxxxxx".to_owned(),
                _ if is_date => "yyyy-mm-dd".to_owned(),
                word => word.to_owned(),
            }
        })
        .collect::<Vec<_>>()
        .join(" ")
}
