//! The admin page with 100,000 tokens.
use pgtoken_tests::Page;

/// Copies of one token, with names and digests of their own.
const MANY: &str = "
    insert into pgtoken.token (id, digest, start, name, user_id, workspace_id, scope, created_at, created_by,
                               owner_enabled, workspace_enabled, owner_scope)
    select gen_random_uuid(), sha256(n::text::bytea), 'pgt_' || substr(md5(n::text), 1, 6),
           (array['Nightly import', 'Player', 'Dashboard', 'Deploy hook'])[n % 4 + 1] || ' ' || n,
           case n % 2 when 0 then 'olga' else 'mia' end, 'acme', 'read', now() - n * interval '1 minute', 'seed',
           true, true, case n % 2 when 0 then 'write' else 'full' end
    from generate_series(1, 100000) as n;
    analyze pgtoken.token";

#[test]
fn list_of_many_answers_typing_and_pages() {
    let page = Page::new();
    page.stand.acme.db.execute(MANY);
    page.open_as_admin("#/tokens");
    page.browser.see("Player 1");
    // From a key to the rows that fit, as somebody sees them; common and rare texts.
    let mut times = Vec::new();
    for (text, first) in [
        ("play", "Player"),
        ("deploy hook 99", "Deploy hook 99"),
        ("import 77", "Nightly import 77"),
        ("dash", "Dashboard"),
        ("hook 54321", ""),
        ("board 1230", "Dashboard 1230"),
    ] {
        let script = format!(
            "const done = arguments[0];
             const input = document.querySelector('#search');
             const start = performance.now();
             Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').set.call(input, '{text}');
             input.dispatchEvent(new Event('input', {{ bubbles: true }}));
             const look = () => {{
                 const rows = [...document.querySelectorAll('.tokens tbody th a')];
                 const fits = rows.length > 0 && rows.every((a) => a.textContent.toLowerCase().includes('{text}'));
                 if (fits && document.querySelector('.table')?.getAttribute('aria-busy') === 'false' || !'{first}' && document.querySelector('.empty')) done(performance.now() - start);
                 else requestAnimationFrame(look);
             }};
             look();"
        );
        let time = page
            .browser
            .script_later(&script)
            .as_f64()
            .expect("a number");
        eprintln!("{text}: {time:.0} ms");
        times.push(time);
    }
    times.sort_by(f64::total_cmp);
    eprintln!(
        "median of typing to answer: {:.0} ms, worst {:.0} ms",
        times[times.len() / 2],
        times[times.len() - 1]
    );
    // The aim is 200 ms on a machine with nothing else to do; a wrong plan takes seconds on any.
    assert!(times[times.len() / 2] <= 600.0, "{times:?}");
    page.browser.fill("#search", "");
    page.browser.see("Player 1");
    for first in [51, 101, 151] {
        page.browser.press("Next page");
        let is_there = "return document.querySelector('.tokens tbody th a').textContent";
        page.browser
            .hold("the next page", &format!("{is_there}.endsWith(' {first}')"));
    }
}
