//! The admin page when something is wrong: hostile texts, sessions that end, a server that is gone.
use pgtoken_tests::{ADMIN_SECRET, Page};

/// Runs, if it ever becomes markup.
const HOSTILE: &str = "<img src=x onerror=\"window.bitten=1\"><script>window.bitten=1</script>";

#[test]
fn hostile_texts_stay_texts() {
    let mut page = Page::new();
    let hostile = HOSTILE.replace('\'', "''");
    page.stand.acme.rows(&format!(
        "update pgtoken.app_user set name = 'O {hostile}', email = 'E {hostile}' where user_id = 'olga';
         update pgtoken.workspace set name = 'W {hostile}' where workspace_id = 'acme';
         update pgtoken.target set name = 'T {hostile}' where target_id = 'windows';
         update pgtoken.zone set name = 'Z {hostile}' where target_id = 'windows' and zone_id = 'main';
         insert into pgtoken.target (target_id, workspace_id) values ('I {hostile}', 'acme');
         insert into pgtoken.permission (name, description) values ('hostile', 'P {hostile}')"
    ));
    let token = page.stand.acme.issue(&format!(
        "left('N {hostile}', 100), 'olga', 'agency', 'acme', grants => jsonb_build_object('I {hostile}', true),
         metadata => jsonb_build_object('M {hostile}', '{hostile}'), actor => 'A {hostile}'"
    ));
    page.open_as_admin("#/tokens");
    page.browser.see("N <img src=x");
    page.browser.see("O <img src=x");
    page.browser.see("W <img src=x");
    page.open(&format!("#/tokens/{}", token.id));
    for text in ["N <img", "E <img", "M <img", "I <img", "A <img"] {
        page.browser.see(text);
    }
    page.browser.press("Change targets");
    page.browser.see("T <img src=x");
    page.open("#/issue");
    page.browser.fill("#owner", "olga");
    page.browser.see("E <img src=x");
    page.browser.keys("#owner", "\u{e007}");
    page.browser.fill("#workspace", "acme");
    page.browser.see("W <img src=x");
    page.open(&format!(
        "#/tokens?search={}",
        "%3Cimg%20src%3Dx%20onerror%3D%22window.bitten%3D1%22%3E"
    ));
    page.browser.see("N <img src=x");
    page.open("#/overview");
    page.browser.fill("#find", "pgt_");
    page.browser.press("Find");
    page.browser.hold(
        "it is found",
        "return document.querySelector('.found')?.innerText.includes('N <img')",
    );
    assert_eq!(
        page.browser
            .script("return window.bitten === undefined && document.images.length === 1"),
        true
    );
    assert_eq!(
        page.browser.complaints(),
        Vec::<String>::new(),
        "nothing had to be blocked"
    );
}

#[test]
fn session_that_ends_loses_no_typed_input() {
    let mut page = Page::new();
    page.open_as_admin("#/issue");
    page.browser.fill("#owner", "olga");
    page.browser.see("olga@acme.example");
    page.browser.keys("#owner", "\u{e007}");
    page.browser.fill("#name", "typed with care");
    page.browser.fill("#networks", "10.0.0.0/8");
    page.browser.forget();
    page.browser.press("Issue token");
    page.browser.see("Your session has ended");
    page.type_credential("wrong, at first");
    page.browser.see("Nobody is known by this");
    page.type_credential(ADMIN_SECRET);
    page.browser.see("Copy it now");
    let row = page
        .stand
        .acme
        .row("select name, user_id, allowed_addrs from pgtoken.tokens");
    assert_eq!(row, "typed with care|olga|{10.0.0.0/8}");
}

#[test]
fn server_that_is_gone_shows_a_banner_and_comes_back() {
    let mut page = Page::new();
    page.stand.acme.issue("'before', 'olga'");
    page.open_as_admin("#/issue");
    page.browser.fill("#name", "kept meanwhile");
    page.browser.offline(true);
    page.browser.press("Issue token");
    page.browser
        .see("The server cannot be reached. Trying again");
    let name = page
        .browser
        .script("return document.querySelector('#name').value");
    assert_eq!(name, "kept meanwhile");
    page.browser.offline(false);
    page.browser.miss("Trying again");
    page.browser.script("location.hash = '#/tokens'");
    page.browser.see("before");
    page.browser.offline(true);
    page.browser.see("Trying again");
    page.browser.see("before");
    page.stand.acme.issue("'after', 'olga'");
    page.browser.offline(false);
    page.browser.see("after");
    page.browser.miss("Trying again");
}

#[test]
fn database_that_is_gone_shows_the_same() {
    let mut page = Page::new();
    page.stand.acme.issue("'before', 'olga'");
    page.open_as_admin("#/tokens");
    page.browser.see("before");
    let name = page.stand.acme.db.name().to_owned();
    let elsewhere = page.stand.acme.db.cluster().database();
    let mut other = elsewhere.client();
    let run = |client: &mut postgres::Client, sql: &str| {
        client.batch_execute(sql).expect("a superuser may")
    };
    run(
        &mut other,
        &format!(
            "alter database {name} allow_connections false;
         select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'"
        ),
    );
    page.browser.see("Trying again");
    run(
        &mut other,
        &format!("alter database {name} allow_connections true"),
    );
    page.browser.miss("Trying again");
    page.browser.see("before");
}
