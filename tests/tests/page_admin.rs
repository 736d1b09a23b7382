//! The admin page of an administrator.
use pgtoken_tests::{Issued, Page, wait_until};
use std::time::Duration;

const ENTER: &str = "\u{e007}";
const SOON: Duration = Duration::from_secs(15);

#[track_caller]
fn choose(page: &Page, field: &str, text: &str, option: &str) {
    page.browser.fill(field, text);
    page.browser.see(option);
    page.browser.keys(field, ENTER);
}

#[test]
fn token_is_issued_shown_once_and_verifies() {
    let mut page = Page::new();
    page.open_as_admin("#/issue");
    choose(&page, "#owner", "olga", "olga@acme.example");
    choose(&page, "#workspace", "ac", "Acme");
    page.browser.press("Issue token");
    page.browser.see("1 to 100");
    assert!(
        page.browser
            .text("#name-fault")
            .to_lowercase()
            .contains("characters")
    );
    page.browser.fill("#name", "Nightly upload");
    page.browser.fill("#networks", "not a network");
    page.browser.press("Issue token");
    page.browser.hold(
        "the fault at its field",
        "return document.querySelector('#networks-fault')?.textContent.includes('not a network')",
    );
    page.browser.fill("#networks", "127.0.0.0/8");
    page.browser.fill("#rate", "60");
    page.browser.click("input[name=scope][value=write]");
    page.browser.press("publish");
    page.browser.press("30 days");
    page.browser.press("Issue token");
    page.browser.see("Copy it now");
    let secret = page.browser.text("#secret");
    assert!(page.browser.text("#curl").contains(&secret));
    let row = "select name, user_id, workspace_id, scope, permissions, allowed_addrs, rate_limit, rate_window_seconds,
                      created_by, expires_at between now() + interval '29 days' and now() + interval '31 days'
               from pgtoken.tokens";
    assert_eq!(
        page.stand.acme.row(row),
        "Nightly upload|olga|acme|write|{publish}|{127.0.0.0/8}|60|60|zoe|t"
    );
    let token = Issued {
        text: secret.clone(),
        id: String::new(),
    };
    assert_eq!(
        page.stand
            .acme
            .verdict(&token, ", scope => 'write', client_addr => '127.0.0.1'"),
        "valid"
    );
    page.browser.press("Copy");
    page.browser.press("Done");
    page.browser.see("Nightly upload");
    let kept = page.browser.script("return document.documentElement.outerHTML + JSON.stringify({ ...localStorage, ...sessionStorage }) + location.href");
    assert!(!kept.to_string().contains(&secret), "the secret is nowhere");
    assert_eq!(page.browser.complaints(), Vec::<String>::new());
}

#[test]
fn double_click_issues_one_token() {
    let mut page = Page::new();
    page.open_as_admin("#/issue");
    choose(&page, "#owner", "olga", "olga@acme.example");
    page.browser.fill("#name", "once");
    page.browser.script("const form = document.querySelector('form.issue'); form.requestSubmit(); form.requestSubmit();");
    page.browser.see("Copy it now");
    assert_eq!(
        page.stand.acme.row("select count(*) from pgtoken.token"),
        "1"
    );
}

#[test]
fn leaving_an_uncopied_secret_asks() {
    let page = Page::new();
    page.open_as_admin("#/tokens");
    page.browser.press("Issue a token");
    choose(&page, "#owner", "olga", "olga@acme.example");
    page.browser.fill("#name", "precious");
    page.browser.press("Issue token");
    page.browser.see("Copy it now");
    let secret = page.browser.text("#secret");
    page.browser.press("Overview");
    page.browser.see("Leave without copying?");
    page.browser.press("Stay here");
    page.browser.back();
    page.browser.see("Leave without copying?");
    page.browser.press("Stay here");
    assert_eq!(page.browser.text("#secret"), secret);
    page.browser.press("Done");
    page.browser.press("Leave without it");
    page.browser.see("Search");
    page.browser.see("precious");
    page.browser.miss(&secret);
}

#[test]
fn confined_token_takes_targets_and_zones() {
    let mut page = Page::new();
    page.open_as_admin("#/issue");
    choose(&page, "#owner", "olga", "olga@acme.example");
    choose(&page, "#workspace", "ac", "Acme");
    page.browser.fill("#name", "confined");
    page.browser.click("input[name=scope][value=agency]");
    page.browser.see("waits until somebody approves");
    page.browser.press("Issue token");
    page.browser.hold(
        "the fault at the targets",
        "return Boolean(document.querySelector('#grants-fault'))",
    );
    page.browser.click(".targets li:nth-child(1) .tick");
    page.browser.click(".targets li:nth-child(2) .tick");
    page.browser.press("Ticker");
    page.browser.press("Publish at once");
    page.browser.see("goes live without anybody looking");
    page.browser.press("Issue token");
    page.browser.see("Copy it now");
    let row = "select grants, auto_publish, id from pgtoken.tokens";
    let row = page.stand.acme.row(row);
    let (what, id) = row.rsplit_once('|').expect("three columns");
    assert_eq!(what, r#"{"lobby": true, "windows": ["ticker"]}|t"#);
    page.browser.press("Copy");
    page.open(&format!("#/tokens/{id}"));
    page.browser.press("Change targets");
    page.browser.click(".targets li:nth-child(1) .tick");
    page.browser.press("Main");
    page.browser.press("Save targets");
    page.browser.see("The targets are changed");
    let grants = page.stand.acme.row("select grants from pgtoken.tokens");
    assert_eq!(grants, r#"{"windows": ["main", "ticker"]}"#);
}

#[test]
fn token_is_renamed_disabled_enabled_rotated_and_revoked() {
    let mut page = Page::new();
    let old = page.stand.acme.issue("'first name', 'olga'");
    page.open_as_admin(&format!("#/tokens/{}", old.id));
    page.browser.see("Not used in this time");
    page.browser.press("Edit");
    page.browser.fill("#edit-name", "second name");
    page.browser.press("Save");
    page.browser.see("second name");
    page.browser.press("Disable");
    page.browser.see("The token is disabled");
    assert_eq!(page.stand.acme.verdict(&old, ""), "disabled");
    page.browser.press("Enable");
    page.browser.see("The token is enabled");
    assert_eq!(page.stand.acme.verdict(&old, ""), "valid");
    page.browser.press("Rotate");
    page.browser.click("dialog button[type=submit]");
    page.browser.see("has a new secret");
    let new = Issued {
        text: page.browser.text("#secret"),
        id: String::new(),
    };
    for token in [&old, &new] {
        assert_eq!(
            page.stand.acme.verdict(token, ""),
            "valid",
            "both work for a day"
        );
    }
    page.browser.press("Copy");
    page.browser.press("Done");
    page.browser.see("the token before");
    page.browser.press("Revoke");
    page.browser.fill("#reason", "found in a log");
    page.browser.fill("#confirm", "second nam");
    let is_off = "return document.querySelector('dialog .danger').disabled";
    page.browser.hold("not yet confirmed", is_off);
    page.browser.fill("#confirm", "second name");
    page.browser.press("Revoke for good");
    page.browser.see("found in a log");
    assert_eq!(page.stand.acme.verdict(&new, ""), "revoked");
    page.browser.see("Rotated");
}

#[test]
fn list_is_searched_filtered_sorted_paged_and_stays_fresh() {
    let mut page = Page::new();
    page.stand.acme.rows("select from generate_series(1, 120) as n, pgtoken.issue_token('token ' || lpad(n::text, 3, '0'), case when n = 60 then 'leo' else 'olga' end)");
    let shown = "return document.querySelectorAll('.tokens tbody tr').length";
    let first = "return document.querySelector('.tokens tbody th a').textContent";
    page.open_as_admin("#/tokens?sort=name+asc");
    page.browser.see("token 001");
    assert_eq!(page.browser.script(shown), 50);
    page.browser.press("Next page");
    page.browser
        .hold("page 2", &format!("{first} === 'token 051'"));
    page.browser.press("Next page");
    page.browser
        .hold("page 3", &format!("{first} === 'token 101'"));
    page.browser.press("Newer page");
    page.browser
        .hold("page 2", &format!("{first} === 'token 051'"));
    page.browser.press("Name");
    page.browser
        .hold("from the end", &format!("{first} === 'token 120'"));
    page.browser.fill("#search", "TOKEN 01");
    page.browser.hold("what fits", &format!("{shown} === 10"));
    page.browser.fill("#search", "");
    choose(&page, "#owner", "leo", "leo@acme.example");
    page.browser.hold(
        "of one owner",
        &format!(
            "{shown} === 1 && {}",
            first.trim_start_matches("return ").to_owned() + " === 'token 060'"
        ),
    );
    page.stand.acme.issue("'quite new', 'leo'");
    page.browser.see("quite new");
    page.browser.script("const state = document.querySelector('#state'); state.value = 'revoked'; state.dispatchEvent(new Event('change', { bubbles: true }))");
    page.browser.see("No token fits");
    page.browser.press("Clear all filters");
    page.browser.hold("everything", &format!("{shown} === 50"));
}

#[test]
fn overview_counts_finds_and_revokes_many() {
    let mut page = Page::new();
    let token = page.stand.acme.issue("'whose is it', 'olga'");
    page.stand
        .acme
        .issue("'another of hers', 'olga', ttl => '3 days'");
    page.stand.acme.issue("'not hers', 'leo'");
    page.stand
        .acme
        .row("select count(*) from pgtoken.verify_token('nonsense')");
    page.stand.acme.verdict(&token, ", scope => 'full'");
    let counted = "select count(*) = 2 from pgtoken.verdict_usage where code in ('not_found', 'insufficient_scope')";
    wait_until(SOON, "verdicts are flushed", || {
        page.stand.acme.row(counted) == "t"
    });
    page.open_as_admin("#/overview");
    page.browser.see("Unknown token");
    page.browser.see("Scope too low");
    let numbers = page.browser.text(".numbers");
    assert!(
        numbers.starts_with("3\nlive tokens\n1\nexpire within 14 days"),
        "{numbers}"
    );
    page.browser.hold(
        "the plot",
        "return Boolean(document.querySelector('.plot canvas'))",
    );
    page.browser.fill("#find", &token.text);
    page.browser.press("Find");
    page.browser.hold(
        "whose it is",
        "return document.querySelector('.found')?.innerText.includes('whose is it')",
    );
    page.browser.miss(&token.text);
    choose(&page, "#bulk-owner", "olga", "olga@acme.example");
    page.browser.press("Preview");
    page.browser.see("Revoke 2 tokens?");
    page.browser.see("another of hers");
    assert_eq!(
        page.stand
            .acme
            .row("select count(*) from pgtoken.token where revoked_at is not null"),
        "0"
    );
    page.browser.fill("#bulk-reason", "she left");
    page.browser.fill("#bulk-confirm", "2");
    page.browser.press("Revoke for good");
    page.browser.see("2 tokens revoked");
    let revoked = "select string_agg(distinct user_id || ' ' || revoke_reason, ',') from pgtoken.token where revoked_at is not null";
    assert_eq!(page.stand.acme.row(revoked), "olga she left");
}
