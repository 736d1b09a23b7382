//! The admin page of people who are no administrators.
use pgtoken_tests::{Issued, Page};

/// Tokens of three people in `acme`, and one of `globex`.
fn page() -> (Page, Vec<Issued>) {
    let mut page = Page::new();
    let tokens = [
        "'olgas own', 'olga', 'write', 'acme'",
        "'leos own', 'leo', 'read', 'acme'",
        "'mias own', 'mia', 'full', 'acme'",
        "'stans own', 'stan', 'full', 'globex'",
    ];
    let tokens = tokens
        .map(|arguments| page.stand.acme.issue(arguments))
        .into();
    (page, tokens)
}

#[test]
fn user_sees_and_manages_only_what_is_theirs() {
    let (mut page, tokens) = page();
    page.open_as("olga", "acme", "#/tokens");
    page.browser.see("olgas own");
    for other in ["leos own", "mias own", "stans own"] {
        page.browser.miss(other);
    }
    page.open(&format!("#/tokens/{}", tokens[1].id));
    page.browser.see("not found");
    page.open(&format!("#/tokens/{}", tokens[0].id));
    page.browser.press("Revoke");
    page.browser.fill("#confirm", "olgas own");
    page.browser.press("Revoke for good");
    page.browser.see("The token is revoked");
    assert_eq!(page.stand.acme.verdict(&tokens[0], ""), "revoked");
    page.open("#/overview");
    page.browser.see("live tokens");
    page.browser.miss("Verifications");
}

#[test]
fn user_issues_in_the_active_workspace_up_to_the_own_scope() {
    let mut page = Page::new();
    page.open_as("olga", "acme", "#/issue");
    page.browser.see("The owner has only write there");
    page.browser.see("Only an administrator issues it");
    let off = "return [...document.querySelectorAll('input:disabled')].map((input) => input.value || input.nextElementSibling.textContent).join()";
    let off = page.browser.script(off);
    assert_eq!(
        off, "full,break_glass,vault,on,on",
        "audit takes full, upload an administrator"
    );
    assert_eq!(
        page.browser
            .script("return document.querySelector('#owner')"),
        serde_json::Value::Null
    );
    page.browser.fill("#name", "by herself");
    page.browser.press("Issue token");
    page.browser.see("Copy it now");
    let row = page
        .stand
        .acme
        .row("select name, user_id, workspace_id, scope, created_by from pgtoken.tokens");
    assert_eq!(row, "by herself|olga|acme|read|olga");
}

#[test]
fn manager_sees_the_workspace_and_only_revokes_what_is_of_others() {
    let (mut page, tokens) = page();
    page.open_as("mia", "acme", "#/tokens");
    for seen in ["olgas own", "leos own", "mias own"] {
        page.browser.see(seen);
    }
    page.browser.miss("stans own");
    page.browser.script("const owner = document.querySelector('#owner'); owner.value = 'mia'; owner.dispatchEvent(new Event('change', { bubbles: true }))");
    page.browser.miss("leos own");
    page.open(&format!("#/tokens/{}", tokens[1].id));
    page.browser.see("leos own");
    assert_eq!(page.browser.text(".actions"), "Revoke");
    page.browser.press("Revoke");
    page.browser.fill("#confirm", "leos own");
    page.browser.press("Revoke for good");
    page.browser.see("The token is revoked");
    assert_eq!(
        page.stand
            .acme
            .row("select revoked_by from pgtoken.token where name = 'leos own'"),
        "mia"
    );
}

#[test]
fn manager_issues_for_a_service_user() {
    let mut page = Page::new();
    page.open_as("mia", "acme", "#/issue");
    page.browser.fill("#name", "for the robot");
    page.browser.fill("#owner", "o");
    page.browser.see("service user");
    page.browser.miss("olga@acme.example");
    page.browser.keys("#owner", "\u{e007}");
    page.browser.press("Issue token");
    page.browser.see("Copy it now");
    let row = page
        .stand
        .acme
        .row("select user_id, workspace_id, created_by from pgtoken.tokens");
    assert_eq!(row, "robot|acme|mia");
}

#[test]
fn user_of_several_workspaces_switches_between_them() {
    let mut page = Page::new();
    page.stand.acme.rows("insert into pgtoken.member (workspace_id, user_id, scope) values ('globex', 'olga', 'read')");
    page.stand.acme.issue("'in acme', 'olga', 'read', 'acme'");
    page.stand
        .acme
        .issue("'in globex', 'olga', 'read', 'globex'");
    page.open_as("olga", "", "#/tokens");
    page.browser.see("in acme");
    page.browser.see("in globex");
    page.browser.hold(
        "the switch",
        "return Boolean(document.querySelector('#active-workspace'))",
    );
    page.browser.script("const one = document.querySelector('#active-workspace'); one.value = 'globex'; one.dispatchEvent(new Event('change', { bubbles: true }))");
    page.browser.miss("in acme");
    page.browser.see("in globex");
}
