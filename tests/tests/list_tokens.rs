//! list_tokens: filters, sorts, search, and paging that visits every row once.
use pgtoken_tests::Acme;

/// Tokens whose names say what sets them apart.
fn shelf() -> Acme {
    let mut acme = Acme::new();
    for arguments in [
        "'Alpha_1', 'olga', 'read', 'acme', ttl => '5 days'",
        "'alpha%2', 'olga', 'write', 'acme', ttl => '50 days', prefix => 'pv_live'",
        "'Beta\\3', 'mia', 'full', 'acme'",
        "'confined', 'olga', 'agency', 'acme', grants => '{\"windows\": [\"main\"], \"lobby\": true}'",
        "'free', 'olga', null",
        "'globex', 'stan', 'full', 'globex'",
        "'off', 'olga', 'read', 'acme'",
        "'gone', 'olga', 'read', 'acme'",
    ] {
        acme.issue(arguments);
    }
    acme.rows(
        "select pgtoken.update_token(id, enabled => false) from pgtoken.tokens where name = 'off';
         select pgtoken.revoke_token(id) from pgtoken.tokens where name = 'gone';
         select pgtoken.import_token(sha256('a'), 'leo', 'used', workspace_id => 'acme', created_at => '2020-01-01', last_used_at => '2024-01-01', use_count => 7);
         select pgtoken.import_token(sha256('b'), 'leo', 'expired', workspace_id => 'acme', created_at => '2020-01-02', expires_at => '2021-01-01');
         select pgtoken.import_token(sha256('c'), 'dora', 'suspended', workspace_id => 'acme', created_at => '2020-01-03')",
    );
    acme
}

fn names(acme: &mut Acme, arguments: &str) -> String {
    let mut names = acme.rows(&format!(
        "select name from pgtoken.list_tokens({arguments})"
    ));
    names.sort_by_key(|name| name.to_lowercase());
    names.join(" ")
}

#[test]
fn each_filter_keeps_what_fits_and_all_are_joined_by_and() {
    let mut acme = shelf();
    for (arguments, expected) in [
        (
            "",
            "alpha%2 Alpha_1 Beta\\3 confined expired free globex gone off suspended used",
        ),
        (
            "user_id => 'olga'",
            "alpha%2 Alpha_1 confined free gone off",
        ),
        ("user_id => ''", ""),
        ("user_id => 'ghost'", ""),
        ("workspace_id => 'globex'", "globex"),
        ("workspace_id => 'nowhere'", ""),
        ("scope => 'full'", "Beta\\3 globex"),
        ("scope => 'agency'", "confined"),
        ("target_id => 'lobby'", "confined"),
        ("target_id => 'windows'", "confined"),
        ("target_id => 'roof'", ""),
        (
            "state => 'active'",
            "alpha%2 Alpha_1 Beta\\3 confined free globex used",
        ),
        ("state => 'disabled'", "off"),
        ("state => 'revoked'", "gone"),
        ("state => 'expired'", "expired"),
        ("state => 'suspended'", "suspended"),
        ("expires_before => now() + '30 days'", "Alpha_1 expired"),
        (
            "expires_before => now() + '60 days'",
            "alpha%2 Alpha_1 expired",
        ),
        ("unused_since => '2022-01-01'", "expired suspended"),
        ("unused_since => '2025-01-01'", "expired suspended used"),
        (
            "user_id => 'olga', scope => 'read', state => 'active'",
            "Alpha_1",
        ),
        ("workspace_id => 'globex', scope => 'read'", ""),
    ] {
        assert_eq!(names(&mut acme, arguments), expected, "{arguments}");
    }
}

#[test]
fn search_folds_letters_beyond_ascii_too() {
    let mut acme = Acme::new();
    acme.issue("'Küche', 'olga'");
    for search in ["küche", "KÜCHE", "kÜ", "CHE"] {
        assert_eq!(
            names(&mut acme, &format!("search => '{search}'")),
            "Küche",
            "{search}"
        );
    }
}

#[test]
fn search_finds_part_of_a_name_or_start_in_any_case_and_is_no_pattern() {
    let mut acme = shelf();
    let start = acme.row("select substr(start, 9, 6) from pgtoken.tokens where name = 'alpha%2'");
    for (search, expected) in [
        ("alpha", "alpha%2 Alpha_1"),
        ("ALPHA", "alpha%2 Alpha_1"),
        ("ha_", "Alpha_1"),
        ("ha%", "alpha%2"),
        ("%", "alpha%2"),
        ("\\", "Beta\\3"),
        ("a\\3", "Beta\\3"),
        ("PV_LIVE", "alpha%2"),
        (&start, "alpha%2"),
        ("a.pha", ""),
        ("zzz", ""),
    ] {
        assert_eq!(
            names(&mut acme, &format!("search => '{search}'")),
            expected,
            "{search}"
        );
    }
    assert_eq!(
        names(&mut acme, "search => ''").split(' ').count(),
        11,
        "an empty text is part of every name"
    );
    let underscored = acme.rows("select name from pgtoken.list_tokens(search => '_') where position('_' in coalesce(start, '') || name) = 0");
    assert!(
        underscored.is_empty(),
        "an underscore is no wildcard: {underscored:?}"
    );
}

#[test]
fn what_is_refused_names_its_argument() {
    let mut acme = Acme::new();
    for (argument, arguments) in [
        ("state", "state => 'alive'"),
        ("state", "state => ''"),
        ("sort", "sort => null"),
        ("sort", "sort => ''"),
        ("sort", "sort => 'digest'"),
        ("sort", "sort => 'created_at down'"),
        ("sort", "sort => 'created_at desc, id'"),
        ("sort", "sort => 'name; drop table pgtoken.token'"),
        ("max_rows", "max_rows => 0"),
        ("max_rows", "max_rows => -1"),
        ("max_rows", "max_rows => 1001"),
        ("after", "after => '00000000-0000-0000-0000-000000000000'"),
    ] {
        let error = acme.error(&format!("select pgtoken.list_tokens({arguments})"));
        assert_eq!(error.code, "22023", "{arguments}");
        assert!(
            error.message.starts_with(&format!("{argument}: ")),
            "{error}"
        );
    }
}

/// 23 tokens with many ties and nulls in every column that can be sorted by.
fn ties() -> Acme {
    let mut acme = Acme::new();
    acme.rows(
        "select from generate_series(1, 23) as n,
         lateral pgtoken.import_token(
            sha256(n::text::bytea), (array['olga', 'leo', 'mia'])[n % 3 + 1], (array['a', 'B', 'b'])[n % 3 + 1],
            scope => (array[null, 'read', 'write', 'full'])[n % 4 + 1],
            workspace_id => (array[null, 'acme', 'acme'])[n % 3 + 1],
            created_at => timestamptz '2020-01-01' + (n % 4) * interval '1 day',
            expires_at => (array[null, '2998-01-01', '2999-01-01'])[n % 3 + 1]::timestamptz,
            last_used_at => (array[null, null, '2021-01-01', '2022-01-01'])[n % 4 + 1]::timestamptz,
            use_count => n % 5)",
    );
    acme
}

const KEYS: [&str; 8] = [
    "created_at",
    "name",
    "user_id",
    "workspace_id",
    "scope",
    "expires_at",
    "last_used_at",
    "use_count",
];

/// The ids of all pages, each asked for after the last row of the one before.
fn pages(acme: &mut Acme, arguments: &str, size: usize) -> Vec<String> {
    let mut ids: Vec<String> = Vec::new();
    loop {
        let after = ids.last().map_or("null".to_owned(), |id| format!("'{id}'"));
        let page = acme.rows(&format!(
            "select id from pgtoken.list_tokens({arguments}, after => {after}, max_rows => {size})"
        ));
        let done = page.len() < size;
        ids.extend(page);
        if done {
            return ids;
        }
        assert!(ids.len() <= 100, "paging does not end: {arguments}");
    }
}

#[test]
fn every_sort_pages_through_ties_and_nulls_and_visits_each_row_once() {
    let mut acme = ties();
    for key in KEYS {
        for (written, direction) in [("", "asc"), (" asc", "asc"), (" desc", "desc")] {
            let expected = acme.rows(&format!(
                "select id from pgtoken.tokens order by {key} {direction} nulls last, id {direction}"
            ));
            for size in [1, 4, 23, 50] {
                let got = pages(&mut acme, &format!("sort => '{key}{written}'"), size);
                assert_eq!(got, expected, "{key}{written}, pages of {size}");
            }
        }
    }
}

#[test]
fn the_newest_come_first_unless_told_otherwise() {
    let mut acme = ties();
    let expected = acme.rows("select id from pgtoken.tokens order by created_at desc, id desc");
    assert_eq!(acme.rows("select id from pgtoken.list_tokens()"), expected);
}

#[test]
fn fifty_rows_are_a_page_unless_told_otherwise() {
    let mut acme = Acme::new();
    acme.rows(
        "select from generate_series(1, 60) as n, lateral pgtoken.issue_token('t' || n, 'olga')",
    );
    for page in [
        "list_tokens()",
        "list_tokens(max_rows => null)",
        "list_events()",
        "list_events(max_rows => null)",
    ] {
        let count = acme.row(&format!("select count(*) from pgtoken.{page}"));
        assert_eq!(count, "50", "{page}");
    }
    assert_eq!(
        acme.row("select count(*) from pgtoken.list_tokens(max_rows => 1000)"),
        "60"
    );
}

#[test]
fn rows_added_while_paging_neither_repeat_nor_hide_others() {
    for sort in [
        "created_at desc",
        "created_at",
        "name",
        "name desc",
        "use_count",
        "expires_at desc",
    ] {
        let mut acme = ties();
        let before = acme.rows("select id from pgtoken.tokens order by id");
        let mut seen: Vec<String> = Vec::new();
        for _ in 0..20 {
            let after = seen
                .last()
                .map_or("null".to_owned(), |id| format!("'{id}'"));
            seen.extend(acme.rows(&format!(
                "select id from pgtoken.list_tokens(sort => '{sort}', after => {after}, max_rows => 3)"
            )));
            acme.issue("'a', 'olga'");
            acme.issue("'c', 'olga', 'read', 'acme', ttl => '1 day'");
        }
        let mut distinct = seen.clone();
        distinct.sort();
        distinct.dedup();
        assert_eq!(distinct.len(), seen.len(), "{sort}: none twice");
        assert!(
            before.iter().all(|id| seen.contains(id)),
            "{sort}: none left out"
        );
    }
}

#[test]
fn a_page_after_a_revoked_token_goes_on_where_it_was() {
    let mut acme = ties();
    let all = acme.rows("select id from pgtoken.list_tokens()");
    acme.rows(&format!("select pgtoken.revoke_token('{}')", all[4]));
    let next = acme.rows(&format!(
        "select id from pgtoken.list_tokens(state => 'active', after => '{}')",
        all[4]
    ));
    assert_eq!(next[..], all[5..]);
}

#[test]
fn a_user_sees_own_tokens_and_those_of_workspaces_it_manages() {
    let mut acme = shelf();
    for (user, expected) in [
        ("olga", "alpha%2 Alpha_1 confined free gone off"),
        ("leo", "expired used"),
        ("stan", "globex"),
        (
            "mia",
            "alpha%2 Alpha_1 Beta\\3 confined expired gone off suspended used",
        ),
    ] {
        assert_eq!(
            names(&mut acme, &format!("as_user => '{user}'")),
            expected,
            "{user}"
        );
    }
    assert_eq!(names(&mut acme, "user_id => 'olga', as_user => 'leo'"), "");
    assert_eq!(
        names(&mut acme, "workspace_id => 'acme', as_user => 'stan'"),
        ""
    );
}

#[test]
fn paging_after_a_token_that_one_may_not_see_tells_nothing_of_it() {
    let mut acme = shelf();
    let hidden = acme.row("select id from pgtoken.tokens where name = 'globex'");
    let unknown = "00000000-0000-0000-0000-000000000000";
    let mut message = |id: &str| {
        let call = format!(
            "select pgtoken.list_tokens(sort => 'name', after => '{id}', as_user => 'olga')"
        );
        let error = acme.error(&call);
        (error.code, error.message.replace(id, "ID"))
    };
    assert_eq!(message(&hidden), message(unknown));
}

#[test]
fn rows_are_those_of_the_view() {
    let mut acme = shelf();
    let differing = acme.rows(
        "select l.id from pgtoken.list_tokens() as l full join pgtoken.tokens as t using (id) where l is distinct from t",
    );
    assert!(differing.is_empty(), "{differing:?}");
}
