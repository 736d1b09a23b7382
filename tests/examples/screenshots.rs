//! `make screenshots`: pictures of every view of the admin page, light and dark, wide and narrow.
//!
//! The first argument is the folder that they go to.
use pgtoken_tests::Page;
use std::path::Path;

/// A directory with names, a vocabulary, tokens of every state, and a month of use.
const SEED: &str = include_str!("screenshots/seed.sql");

const SIZES: [(&str, u32, u32); 2] = [("wide", 1440, 900), ("narrow", 390, 844)];
const SCHEMES: [&str; 2] = ["light", "dark"];

fn main() {
    let folder = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "target/screenshots".to_owned());
    let folder = Path::new(&folder);
    std::fs::create_dir_all(folder).expect("the folder can be made");
    let mut page = Page::new();
    page.stand.acme.db.execute(SEED);
    let id = page.stand.acme.row(
        "select id from pgtoken.token where name = 'Lobby player, Berlin' and revoked_at is null",
    );

    shoot(&page, folder, "sign-in", "", "Sign in", &|_| {});
    page.open_as_admin("");
    shoot(
        &page,
        folder,
        "tokens",
        "#/tokens",
        "Nightly import",
        &|_| {},
    );
    shoot(
        &page,
        folder,
        "tokens-empty",
        "#/tokens?search=nothing+like+this",
        "No token fits",
        &|_| {},
    );
    shoot(
        &page,
        folder,
        "overview",
        "#/overview",
        "Verifications",
        &drawn,
    );
    shoot(
        &page,
        folder,
        "token",
        &format!("#/tokens/{id}"),
        "History",
        &drawn,
    );
    shoot(
        &page,
        folder,
        "issue",
        "#/issue",
        "Allowed networks",
        &confined,
    );
    shoot(
        &page,
        folder,
        "issue-refused",
        "#/issue",
        "Allowed networks",
        &|page| {
            page.browser.press("Issue token");
            page.browser.see("after trimming");
        },
    );
    shoot(
        &page,
        folder,
        "secret",
        "#/issue",
        "Allowed networks",
        &|page| {
            page.browser.fill("#name", "Deploy hook");
            owner(page);
            page.browser.press("Issue token");
            page.browser.see("Copy it now");
        },
    );
    let open = format!("#/tokens/{id}");
    for dialog in ["Revoke", "Rotate", "Edit", "Change targets"] {
        let name = dialog.to_lowercase().replace(' ', "-");
        shoot(&page, folder, &name, &open, "History", &|page| {
            page.browser.press(dialog);
            page.browser.hold(
                "the dialog",
                "return Boolean(document.querySelector('dialog[open]'))",
            );
        });
    }
    page.open_as("paul", "north", "");
    shoot(&page, folder, "user-tokens", "#/tokens", "Phone", &|_| {});
    shoot(
        &page,
        folder,
        "user-overview",
        "#/overview",
        "live tokens",
        &|_| {},
    );
    shoot(
        &page,
        folder,
        "user-issue",
        "#/issue",
        "Allowed networks",
        &|_| {},
    );
}

/// Pictures of one view, when it shows `sign` and `prepare` is done.
fn shoot(page: &Page, folder: &Path, view: &str, place: &str, sign: &str, prepare: &dyn Fn(&Page)) {
    for (size, width, height) in SIZES {
        page.browser.resize(width, height);
        page.open(place);
        page.browser.see(sign);
        prepare(page);
        for scheme in SCHEMES {
            page.browser.script(&format!(
                "document.documentElement.dataset.scheme = '{scheme}'"
            ));
            page.browser.script_later(
                "const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 250)))",
            );
            let file = folder.join(format!("{view}-{scheme}-{size}.png"));
            std::fs::write(&file, page.browser.picture()).expect("the picture can be written");
        }
        // A secret that nobody copied would ask before it is left.
        page.browser
            .script("document.querySelector('#secret ~ button')?.click()");
    }
    eprintln!("{view}");
}

fn drawn(page: &Page) {
    page.browser.hold(
        "the plot",
        "return Boolean(document.querySelector('.plot canvas'))",
    );
}

fn owner(page: &Page) {
    page.browser.fill("#owner", "ada");
    page.browser.see("ada@north.example");
    page.browser.keys("#owner", "\u{e007}");
}

fn confined(page: &Page) {
    page.browser.fill("#name", "Foyer screens");
    owner(page);
    page.browser.fill("#workspace", "north");
    page.browser.see("North Studio");
    page.browser.keys("#workspace", "\u{e007}");
    page.browser.click("input[name=scope][value=agency]");
    page.browser.see("Lobby");
    page.browser.click(".targets li .tick");
}
