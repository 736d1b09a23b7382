//! Headers that only a gateway should have written, credentials in pieces, paths in other words.
use crate::claim::Tally;
use pgtoken_tests::{ADMIN_SECRET, Issued, Stand};

/// Headers of gateways, from a peer that is none, in every spelling.
pub(super) fn forwarded(stand: &mut Stand, tally: &mut Tally) {
    let confined = stand
        .acme
        .issue("'t', 'olga', 'read', 'acme', allowed_addrs => '{10.0.0.0/8}'");
    let plain = stand.acme.issue("'t', 'olga', 'read', 'acme'");
    for name in [
        "X-Forwarded-For",
        "X_Forwarded_For",
        "x-forwarded-for",
        "X-Real-IP",
        "Forwarded",
        "X-Client-IP",
        "True-Client-IP",
        "CF-Connecting-IP",
        "X-Originating-IP",
        "X-Remote-Addr",
        "Client-IP",
        "Via",
    ] {
        for value in [
            "10.0.0.1",
            "10.0.0.1, 127.0.0.1",
            "127.0.0.1, 10.0.0.1",
            "for=10.0.0.1",
            "[::ffff:10.0.0.1]:80",
            "\"10.0.0.1\"",
        ] {
            let header = format!("{name}: {value}");
            let answer = stand.get_with("/v1/forward-auth?scope=read", &confined, &[&header]);
            tally.check(answer.status == 403, || format!("{header}: {answer:?}"));
            let answer = stand.get_with("/v1/token", &plain, &[&header]);
            tally.check(answer.status == 200, || format!("{header}: {answer:?}"));
        }
    }
    for name in [
        "X-User-Id",
        "X-Token-Scope",
        "X-Workspace-Id",
        "X-Token-Permissions",
        "X-Token-Target",
    ] {
        let answer = stand.get_with(
            "/v1/forward-auth?scope=read",
            &plain,
            &[&format!("{name}: full")],
        );
        tally.check(answer.header(&name.to_ascii_lowercase()) != "full", || {
            format!("{name}: {answer:?}")
        });
    }
    credentials(stand, &plain, tally);
}

/// A credential twice, in pieces, or where none belongs.
fn credentials(stand: &Stand, token: &Issued, tally: &mut Tally) {
    let good = format!("Authorization: Bearer {}", token.text);
    let admin = format!("Authorization: Bearer {ADMIN_SECRET}");
    for (headers, statuses) in [
        (
            vec![good.as_str(), "Authorization: Bearer x"],
            &[400, 401][..],
        ),
        (vec!["Authorization: Bearer x", &good], &[400, 401]),
        (vec![&good, "X-API-Key: x"], &[400, 401]),
        (vec!["X-API-Key: x", "X-API-Key: y"], &[400, 401]),
        (vec![&good, &admin], &[400, 401]),
        (vec!["Authorization : Bearer x"], &[400]),
        (vec!["Authorization_: Bearer x"], &[401]),
        (vec!["Proxy-Authorization: Bearer x"], &[401]),
        (vec!["Authorization: Bearer"], &[401]),
        (vec!["Authorization: Bearer x, Bearer y"], &[401]),
        (vec!["Authorization: Basic YTpi"], &[401]),
        (vec![&good, &good], &[200]),
    ] {
        let mut http = stand.connect();
        let status = http
            .ask("GET", "/v1/forward-auth?scope=read", &headers, "")
            .map_or(400, |answer| answer.status);
        tally.check(statuses.contains(&status), || {
            format!("{headers:?}: {status}")
        });
    }
    let query = format!("/v1/forward-auth?scope=read&access_token={}", token.text);
    let answer = stand.ask("GET", &query, &[], "");
    tally.check(answer.status == 401, || {
        format!("a token in the query: {answer:?}")
    });
}

/// Other spellings of a path that is refused, and targets in other forms.
pub(super) fn paths(stand: &mut Stand, tally: &mut Tally) {
    let reader = stand.acme.issue("'t', 'olga', 'read', 'acme'");
    let bearer = format!("Authorization: Bearer {}", reader.text);
    for path in [
        "//v1/tokens",
        "/v1//tokens",
        "/v1/tokens/",
        "/v1/./tokens",
        "/v1/../v1/tokens",
        "/%76%31/tokens",
        "/v1/%74okens",
        "/v1%2ftokens",
        "/V1/TOKENS",
        "/v1/tokens;x=y",
        "/v1/tokens%00",
        "/v1/tokens%20",
        "/v1/tokens%23",
        "/v1/forward-auth/../tokens",
        "/healthz/../v1/tokens",
        "/v1/token/../tokens",
        "/v1/tokens\\",
        "/.//v1/tokens",
        "/v1/verdicts/%2e%2e/tokens",
        "/v1/session/../verdicts",
        "http://evil.example.com/v1/tokens",
        "http://127.0.0.1/v1/verdicts",
        "https://a/v1/tokens",
        "*",
        "a:80",
        "v1/tokens",
        "/v1/forward-auth/%2e%2e",
        "/v1/forward-auth%2f..",
        "/v1/forward-auth/none/..",
        "/v1/forward-auth/?scope=read",
    ] {
        for method in ["GET", "POST", "OPTIONS", "CONNECT", "TRACE", "get", "GET\t"] {
            for headers in [&[bearer.as_str()][..], &[]] {
                let mut http = stand.connect();
                let status = http
                    .ask(method, path, headers, "")
                    .map_or(400, |answer| answer.status);
                let refused = (400..500).contains(&status) || status == 200 && method == "OPTIONS";
                tally.check(refused, || format!("{method} {path}: {status}"));
            }
        }
    }
}
