//! Events, usage, users, workspaces, targets and counts: what pickers, charts and overviews show.
use pgtoken_tests::{Acme, row};

#[test]
fn events_come_newest_first_and_page_by_id() {
    let mut acme = Acme::new();
    for n in 1..=7 {
        acme.issue(&format!("'t{n}', 'olga'"));
    }
    let all = acme.rows("select id from pgtoken.event order by id desc");
    let mut seen: Vec<String> = Vec::new();
    for _ in 0..4 {
        let after = seen
            .last()
            .map_or("null".to_owned(), |id| format!("'{id}'"));
        seen.extend(acme.rows(&format!(
            "select id from pgtoken.list_events(after => {after}, max_rows => 2)"
        )));
    }
    assert_eq!(seen, all);
    assert_eq!(
        acme.row("select token_name from pgtoken.list_events(max_rows => 1)"),
        "t7"
    );
}

#[test]
fn events_are_filtered_by_token_user_and_workspace() {
    let mut acme = Acme::new();
    let one = acme.issue("'one', 'olga', workspace_id => 'acme'").id;
    acme.issue("'two', 'leo', workspace_id => 'acme'");
    acme.issue("'three', 'stan', workspace_id => 'globex'");
    acme.rows(&format!("select pgtoken.revoke_token('{one}', 'lost')"));
    for (filters, expected) in [
        (format!("token_id => '{one}'"), "revoked one, issued one"),
        ("user_id => 'leo'".into(), "issued two"),
        (
            "workspace_id => 'acme'".into(),
            "revoked one, issued two, issued one",
        ),
        (
            "workspace_id => 'acme', user_id => 'olga'".into(),
            "revoked one, issued one",
        ),
        ("workspace_id => ''".into(), ""),
        ("as_user => 'leo'".into(), "issued two"),
        (
            "as_user => 'mia'".into(),
            "revoked one, issued two, issued one",
        ),
        ("as_user => 'stan'".into(), "issued three"),
        ("workspace_id => 'acme', as_user => 'stan'".into(), ""),
    ] {
        let got = acme.rows(&format!(
            "select kind || ' ' || token_name from pgtoken.list_events({filters})"
        ));
        assert_eq!(got.join(", "), expected, "{filters}");
    }
}

#[test]
fn events_of_deleted_tokens_are_still_their_owners() {
    let mut acme = Acme::new();
    acme.issue("'t', 'olga', workspace_id => 'acme'");
    acme.rows("delete from pgtoken.token");
    assert_eq!(
        acme.rows("select kind from pgtoken.list_events(as_user => 'olga')"),
        ["deleted", "issued"]
    );
    assert_eq!(
        acme.rows("select kind from pgtoken.list_events(as_user => 'mia')"),
        ["deleted", "issued"]
    );
}

#[test]
fn usage_is_from_since_until_before_until_oldest_first() {
    let mut acme = Acme::new();
    let id = acme.issue("'t', 'olga'").id;
    acme.rows(&format!(
        "insert into pgtoken.token_use (token_id) values ('{id}');
         insert into pgtoken.token_usage (token_id, bucket, allowed, denied)
         select '{id}', timestamptz '2024-01-01' + n * interval '1 h', n, 10 * n from generate_series(1, 5) n"
    ));
    let mut usage = |more: &str| {
        let rows = acme.rows(&format!(
            "select allowed, denied from pgtoken.list_usage('{id}'{more})"
        ));
        rows.join(" ")
    };
    assert_eq!(usage(""), "1|10 2|20 3|30 4|40 5|50");
    assert_eq!(
        usage(", since => '2024-01-01 02:00', until => '2024-01-01 04:00'"),
        "2|20 3|30"
    );
    assert_eq!(
        usage(", until => '2024-01-01 02:00', as_user => 'olga'"),
        "1|10"
    );
    assert_eq!(usage(", since => '2025-01-01'"), "");
    let error = acme.error("select pgtoken.list_usage()");
    assert_eq!(
        (error.code.as_str(), error.message.as_str()),
        ("22023", "id: must be given")
    );
    assert_eq!(
        acme.outcome("select pgtoken.list_usage('00000000-0000-0000-0000-000000000000')"),
        "P0002"
    );
}

#[test]
fn users_are_searched_filtered_and_paged_by_id() {
    let mut acme = Acme::new();
    acme.rows(
        "insert into pgtoken.app_user (user_id, name, email) values ('50%_off', 'Promo', null)",
    );
    for (arguments, expected) in [
        ("", "50%_off dora leo mia olga robot stan"),
        ("search => 'OLG'", "olga"),
        ("search => 'acme.example'", "dora leo mia olga"),
        ("search => '%'", "50%_off"),
        ("search => '_'", "50%_off"),
        ("search => 'promo'", "50%_off"),
        ("search => 'zzz'", ""),
        ("workspace_id => 'acme'", "dora leo mia olga robot"),
        ("workspace_id => 'globex'", "stan"),
        ("workspace_id => ''", ""),
        ("after => 'leo', max_rows => 2", "mia olga"),
        ("after => 'olga', max_rows => 2", "robot stan"),
        ("after => 'stan'", ""),
        ("as_user => 'olga'", "olga"),
        ("as_user => 'mia'", "dora leo mia olga robot"),
        ("search => 'stan', as_user => 'mia'", ""),
    ] {
        let got = acme.rows(&format!(
            "select user_id from pgtoken.list_users({arguments})"
        ));
        assert_eq!(got.join(" "), expected, "{arguments}");
    }
    for rows in ["0", "-1", "1001"] {
        let error = acme.error(&format!("select pgtoken.list_users(max_rows => {rows})"));
        assert_eq!(
            (error.code.as_str(), error.message.starts_with("max_rows: ")),
            ("22023", true)
        );
        assert_eq!(
            acme.outcome(&format!("select pgtoken.list_events(max_rows => {rows})")),
            "22023"
        );
    }
}

#[test]
fn a_user_is_shown_with_its_live_tokens() {
    let mut acme = Acme::new();
    for _ in 0..3 {
        acme.issue("'t', 'olga'");
    }
    acme.rows(
        "select pgtoken.revoke_token(id) from pgtoken.tokens limit 1;
         select pgtoken.import_token(sha256('x'), 'olga', 'old', expires_at => '2020-01-01')",
    );
    let listed = acme.row("select * from pgtoken.list_users('olga')");
    assert_eq!(listed, "olga|Olga|olga@acme.example|∅|∅|2");
    let service =
        acme.row("select service_of, email, live_tokens from pgtoken.list_users('robot')");
    assert_eq!(service, "acme|∅|0");
    assert_eq!(
        acme.row("select disabled_at is not null from pgtoken.list_users('dora')"),
        "t"
    );
}

#[test]
fn workspaces_say_what_the_user_is_there() {
    let mut acme = Acme::new();
    let listed = "select workspace_id, name, disabled_at is null, scope, manages_tokens from pgtoken.list_workspaces";
    assert_eq!(
        acme.rows(&format!("{listed}()")),
        ["acme|Acme|t|∅|∅", "globex|Globex|t|∅|∅", "shut|Shut|f|∅|∅"]
    );
    assert_eq!(
        acme.rows(&format!("{listed}('olga')")),
        ["acme|Acme|t|write|f", "shut|Shut|f|full|f"]
    );
    assert_eq!(
        acme.rows(&format!("{listed}('mia')")),
        ["acme|Acme|t|full|t"]
    );
}

#[test]
fn targets_have_their_zones_inside() {
    let mut acme = Acme::new();
    acme.rows("insert into pgtoken.target values ('bare', 'acme', null)");
    let expected = [
        "bare|∅|[]",
        "lobby|Lobby|[{\"name\": \"Left\", \"zone_id\": \"left\"}]",
        "windows|Windows|[{\"name\": \"Main\", \"zone_id\": \"main\"}, {\"name\": \"Ticker\", \"zone_id\": \"ticker\"}]",
    ];
    assert_eq!(
        acme.rows("select * from pgtoken.list_targets('acme')"),
        expected
    );
    assert_eq!(
        acme.rows("select * from pgtoken.list_targets('acme', 'leo')"),
        expected
    );
    for (code, workspace) in [("22023", "null"), ("22023", "'nowhere'"), ("22023", "''")] {
        let error = acme.error(&format!("select pgtoken.list_targets({workspace})"));
        assert_eq!(
            (
                error.code.as_str(),
                error.message.starts_with("workspace_id: ")
            ),
            (code, true)
        );
    }
}

#[test]
fn counts_add_up_by_state_and_use() {
    let mut acme = Acme::new();
    acme.issue("'soon', 'olga', 'read', 'acme', ttl => '5 days'");
    acme.issue("'later', 'olga', 'read', 'acme', ttl => '50 days'");
    let off = acme.issue("'off', 'leo', 'read', 'acme'").id;
    let gone = acme.issue("'gone', 'leo', 'read', 'acme'").id;
    acme.rows(&format!(
        "select pgtoken.update_token('{off}', enabled => false); select pgtoken.revoke_token('{gone}');
         select pgtoken.import_token(sha256('a'), 'mia', 'idle', created_at => '2020-01-01');
         select pgtoken.import_token(sha256('b'), 'mia', 'expired', created_at => '2020-01-01', expires_at => '2021-01-01');
         select pgtoken.import_token(sha256('c'), 'dora', 'suspended', workspace_id => 'acme');
         insert into pgtoken.token_use (token_id) values ('{off}');
         insert into pgtoken.token_usage (token_id, bucket, allowed, denied)
         values ('{off}', now() - interval '1 h', 5, 2), ('{off}', now() - interval '25 h', 100, 100)"
    ));
    let counts = "select total, active, suspended, disabled, expired, revoked, expiring_14_days, unused_90_days,
                         allowed_24_hours, denied_24_hours from pgtoken.token_stats";
    assert_eq!(acme.row(&format!("{counts}()")), "7|3|1|1|1|1|1|1|5|2");
    assert_eq!(
        acme.row(&format!("{counts}('acme')")),
        "5|2|1|1|0|1|1|0|5|2"
    );
    assert_eq!(
        acme.row(&format!("{counts}('globex')")),
        "0|0|0|0|0|0|0|0|0|0"
    );
    assert_eq!(
        acme.row(&format!("{counts}(as_user => 'olga')")),
        "2|2|0|0|0|0|1|0|0|0"
    );
    assert_eq!(
        acme.row(&format!("{counts}('acme', 'mia')")),
        "5|2|1|1|0|1|1|0|5|2"
    );
    assert_eq!(
        acme.error("select pgtoken.token_stats('nowhere')").code,
        "22023"
    );
}

#[test]
fn an_issuer_lists_for_the_user_it_names() {
    let mut acme = Acme::new();
    acme.issue("'t', 'olga'");
    let mut issuer = acme.db.client_as("pgtoken_issuer");
    assert_eq!(
        row(
            &mut issuer,
            "select name from pgtoken.list_tokens(as_user => 'olga')"
        ),
        "t"
    );
    assert_eq!(
        row(
            &mut issuer,
            "select user_id from pgtoken.list_users(as_user => 'olga')"
        ),
        "olga"
    );
}
