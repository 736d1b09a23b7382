//! The admin page before anybody is in: its files, and the ways to sign in.
use pgtoken_tests::jwt::{Signer, now};
use pgtoken_tests::{ADMIN_SECRET, JWT_SECRET, Page, VERIFIER_SECRET};
use serde_json::json;

#[test]
fn link_signs_in_once_and_leaves_the_address() {
    let page = Page::new();
    let link = page.link();
    page.browser.open(&link);
    page.browser.see("No tokens yet");
    assert_eq!(page.browser.text(".who"), "zoe");
    let address = page.browser.script("return location.href");
    assert!(!address.to_string().contains("link="), "{address}");
    page.browser.click("[aria-label='Sign out']");
    page.browser.see("Sign in to pgtoken");
    page.browser.open(&link);
    page.browser.see("was used already");
    page.browser.open(&link[..link.len() - 5]);
    page.browser.see("cut short");
}

#[test]
fn whoever_cannot_sign_in_is_told_why() {
    let mut page = Page::new();
    let token = page.stand.acme.issue("'t', 'olga'").text;
    let expired = json!({ "sub": "olga", "exp": now() - 3600 });
    let expired = Signer::hs256(JWT_SECRET).sign(&expired);
    page.open("");
    for (credential, said) in [
        ("not the secret at all", "Nobody is known by this"),
        (&token, "This is an API token"),
        (VERIFIER_SECRET, "This is the verifier's secret"),
        (&expired, "Nobody is known by this"),
    ] {
        page.type_credential(credential);
        page.browser.see(said);
        let left = page
            .browser
            .script("return document.querySelector('#credential').value");
        assert_eq!(left, "", "the secret stays in no field");
    }
    page.type_credential(ADMIN_SECRET);
    page.browser.see("Issue a token");
}

#[test]
fn signing_out_ends_the_session() {
    let page = Page::new();
    page.open("");
    page.browser.fill("#actor", "yves");
    page.type_credential(ADMIN_SECRET);
    page.browser.see("No tokens yet");
    assert_eq!(page.browser.text(".who"), "yves");
    page.browser.click("[aria-label='Sign out']");
    page.browser.see("Sign in to pgtoken");
    page.open("#/overview");
    page.browser.see("Sign in to pgtoken");
}

#[test]
fn page_is_small_and_asks_nobody_else() {
    let page = Page::with(&[("PGTOKEN_BASE_PATH", "/deep/er")]);
    page.browser.open(&page.stand.facade.url("/deep/er/admin"));
    page.browser.see("Sign in to pgtoken");
    page.type_credential(ADMIN_SECRET);
    page.browser.see("No tokens yet");
    let sizes = page.browser.script(
        "const all = [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')];
         return { bytes: all.reduce((sum, entry) => sum + entry.transferSize, 0),
                  hosts: [...new Set(all.map((entry) => new URL(entry.name).origin))], files: all.length }",
    );
    eprintln!("first paint: {sizes}");
    assert!(
        sizes["bytes"]
            .as_f64()
            .is_some_and(|bytes| bytes > 10_000.0 && bytes <= 100_000.0),
        "{sizes}"
    );
    assert_eq!(sizes["hosts"], json!([page.stand.facade.url("")]));
}

#[test]
fn files_are_kept_compressed_and_guarded() {
    let page = Page::new();
    let first = page.stand.ask("GET", "/admin/", &[], "");
    assert_eq!(
        (first.status, first.header("content-type")),
        (200, "text/html; charset=utf-8")
    );
    let policy = first.header("content-security-policy");
    assert!(
        policy.contains("default-src 'none'; script-src 'self'; style-src 'self'"),
        "{policy}"
    );
    assert!(!policy.contains("unsafe"), "{policy}");
    assert_eq!(first.header("x-content-type-options"), "nosniff");
    assert_eq!(first.header("referrer-policy"), "no-referrer");
    let etag = format!("If-None-Match: {}", first.header("etag"));
    assert_eq!(page.stand.ask("GET", "/admin/", &[&etag], "").status, 304);
    assert_eq!(
        page.stand.ask("GET", "/admin/main.js", &[&etag], "").status,
        200
    );
    assert_eq!(
        page.stand.ask("GET", "/admin", &[], "").header("location"),
        "/admin/"
    );
    assert_eq!(
        page.stand
            .ask("GET", "/admin/../Cargo.toml", &[], "")
            .problem(),
        "404 not_found"
    );
    assert_eq!(
        page.stand.ask("POST", "/admin/", &[], "").problem(),
        "405 method_not_allowed"
    );
}
