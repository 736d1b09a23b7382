//! Everybody can use the admin page: axe finds nothing, in both schemes, and the keyboard is enough.
use pgtoken_tests::Page;
use serde_json::Value;

const AXE: &str = include_str!("../vendor/axe.min.js");
const SCHEMES: [&str; 2] = ["light", "dark"];

#[track_caller]
fn check(page: &Page, view: &str) {
    for scheme in SCHEMES {
        page.browser.script(&format!(
            "document.documentElement.dataset.scheme = '{scheme}'"
        ));
        // Colours change over a moment, and are looked at when they have.
        page.browser.script_later(
            "const done = arguments[0]; requestAnimationFrame(() => Promise.all(document.getAnimations().filter((a) => a.effect.getTiming().iterations === 1).map((a) => a.finished.catch(() => {}))).then(done))",
        );
        page.browser.script(AXE);
        let found = page.browser.script_later(
            "const done = arguments[0];
             axe.run(document, { resultTypes: ['violations'] }).then(({ violations, passes }) => done({
                 passes: passes.length,
                 violations: violations.map(({ id, nodes }) => [id, ...nodes.map((node) => node.html + ' ' + node.failureSummary)]),
             }))",
        );
        assert!(
            found["passes"].as_u64() > Some(5),
            "{view}: axe has looked: {found}"
        );
        assert_eq!(
            found["violations"],
            Value::Array(vec![]),
            "{view}, {scheme}"
        );
    }
}

#[test]
fn axe_finds_nothing_on_any_view() {
    let mut page = Page::new();
    let token = page.stand.acme.issue("'Foyer', 'olga', 'agency', 'acme', permissions => '{publish}', grants => '{\"windows\": [\"main\"]}', auto_publish => true, ttl => '3 days'");
    page.stand.acme.issue("'Gone', 'leo'");
    page.stand.acme.rows("select from pgtoken.revoke_token((select id from pgtoken.token where name = 'Gone'), 'lost')");
    page.open("");
    page.browser.see("Sign in to pgtoken");
    check(&page, "sign-in");
    page.type_credential("wrong");
    page.browser.see("Nobody is known");
    check(&page, "sign-in refused");

    page.open_as_admin("#/tokens");
    page.browser.see("Foyer");
    check(&page, "tokens");
    page.browser.resize(390, 844);
    check(&page, "tokens on a phone");
    page.browser.resize(1280, 900);
    page.open("#/tokens?search=nothing");
    page.browser.see("No token fits");
    check(&page, "nothing fits");
    page.open("#/overview");
    page.browser.hold(
        "the plot",
        "return Boolean(document.querySelector('.plot canvas'))",
    );
    page.browser.fill("#find", "pgt_");
    page.browser.press("Find");
    page.browser.see("Foyer");
    check(&page, "overview");

    let place = format!("#/tokens/{}", token.id);
    page.open(&place);
    page.browser.hold(
        "the plot",
        "return Boolean(document.querySelector('.plot canvas'))",
    );
    check(&page, "token");
    for dialog in ["Edit", "Rotate", "Revoke", "Change targets"] {
        page.browser.press(dialog);
        page.browser.see("Cancel");
        check(&page, dialog);
        page.browser.press("Cancel");
    }

    page.open("#/issue");
    page.browser.see("Allowed networks");
    page.browser.fill("#owner", "olga");
    page.browser.see("olga@acme.example");
    check(&page, "issue, choosing an owner");
    page.browser.keys("#owner", "\u{e007}");
    page.browser.fill("#workspace", "acme");
    page.browser.see("Acme");
    page.browser.keys("#workspace", "\u{e007}");
    page.browser.click("input[name=scope][value=agency]");
    page.browser.click(".targets li:nth-child(2) .tick");
    page.browser.press("Issue token");
    page.browser.see("after trimming");
    check(&page, "issue refused");
    page.browser.fill("#name", "Secret");
    page.browser.press("Issue token");
    page.browser.see("Copy it now");
    check(&page, "the secret");
    page.browser.press("Copy");

    page.open_as("mia", "acme", "#/tokens");
    page.browser.see("Foyer");
    check(&page, "a manager's tokens");
    page.open("#/issue");
    page.browser.see("Allowed networks");
    check(&page, "a manager's issue");
}

#[test]
fn keyboard_alone_issues_a_token() {
    let mut page = Page::new();
    page.open_as("olga", "acme", "#/issue");
    page.browser.see("Allowed networks");
    page.browser.keys("#name", "by keyboard\u{e007}");
    page.browser.see("Copy it now");
    let focused = page.browser.script("return document.activeElement.id");
    assert_eq!(
        focused, "secret-title",
        "a screen reader begins where the news is"
    );
    assert_eq!(
        page.stand.acme.row("select name from pgtoken.token"),
        "by keyboard"
    );
    // Through the page with the tab key: everything that has the focus shows it.
    page.open("#/tokens");
    page.browser.see("by keyboard");
    for _ in 0..14 {
        page.browser.keys("body", "\u{e004}");
        let outline = page.browser.script(
            "const at = document.activeElement; if (at === document.body) return 'none';
             const shows = (node) => node && getComputedStyle(node).outlineStyle !== 'none';
             return shows(at) || shows(at.closest('tr')) || shows(at.nextElementSibling) ? 'seen' : at.outerHTML",
        );
        assert!(
            outline == "seen" || outline == "none",
            "no outline: {outline}"
        );
    }
}
