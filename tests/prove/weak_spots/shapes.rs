//! (g) Numbers, objects, duplicates or nulls where strings belong give a 500.
use crate::claim::{Effort, Tally};
use pgtoken_tests::{ADMIN_SECRET, Dice, Http, HttpAnswer, Stand, VERIFIER_SECRET};

/// Routes with a JSON body, and good bodies for them; `ID` is that of a token.
const BODIES: [(&str, &str, &str); 12] = [
    (
        "POST",
        "/v1/tokens",
        r#"{"name": "t", "user_id": "olga", "scope": "write", "workspace_id": "acme", "permissions": ["publish"], "grants": {}, "auto_publish": false, "ttl": "90d", "rate_limit": 5, "rate_window": "1m", "allowed_addrs": ["10.0.0.0/8"], "metadata": {"a": 1}, "prefix": "pgt"}"#,
    ),
    (
        "POST",
        "/v1/tokens",
        r#"{"name": "t", "user_id": "olga", "scope": "agency", "workspace_id": "acme", "grants": {"windows": ["main"], "lobby": true}, "auto_publish": true, "expires_at": "2040-01-01T00:00:00Z"}"#,
    ),
    (
        "PATCH",
        "/v1/tokens/ID",
        r#"{"name": "t", "metadata": {}, "expires_at": null, "enabled": true, "rate_limit": 3, "rate_window": "1m", "allowed_addrs": []}"#,
    ),
    (
        "PUT",
        "/v1/tokens/ID/grants",
        r#"{"grants": {"windows": ["main"]}}"#,
    ),
    (
        "POST",
        "/v1/tokens/ID/rotate",
        r#"{"overlap": "1h", "ttl": "1d", "expires_at": "2040-01-01T00:00:00Z", "prefix": "pgt"}"#,
    ),
    ("POST", "/v1/tokens/ID/revoke", r#"{"reason": "why"}"#),
    (
        "POST",
        "/v1/tokens/revoke",
        r#"{"ids": ["ID"], "user_id": "nobody", "workspace_id": "acme", "scope": "read", "issued_before": "2020-01-01T00:00:00Z", "unused_since": "2020-01-01T00:00:00Z", "reason": "why", "dry_run": true}"#,
    ),
    ("POST", "/v1/tokens/find", r#"{"text": "pgt_"}"#),
    (
        "POST",
        "/v1/verify",
        r#"{"token": "x", "scope": "read", "permissions": ["a"], "workspace_id": "acme", "target": "lobby", "zone": "left", "client_addr": "10.0.0.1", "consume": false}"#,
    ),
    (
        "POST",
        "/v1/verify",
        r#"{"digest": "0000000000000000000000000000000000000000000000000000000000000000"}"#,
    ),
    (
        "POST",
        "/v1/verify/batch",
        r#"{"questions": [{"token": "x", "scope": "read"}]}"#,
    ),
    (
        "POST",
        "/v1/session",
        r#"{"secret": "guess", "actor": "zoe"}"#,
    ),
];

/// What stands where something else belongs.
const VALUES: [&str; 28] = [
    "null",
    "true",
    "false",
    "0",
    "-1",
    "7",
    "1e999",
    "1e308",
    "-0.0",
    "123456789012345678901234567890",
    "0.1",
    r#""""#,
    r#""x""#,
    r#"" ""#,
    r#""\u0000""#,
    r#""\ud800""#,
    r#""\udfff\ud800""#,
    r#""ï¿½𝕏\u202e""#,
    "[]",
    "[null]",
    "[[]]",
    r#"["a", 1]"#,
    "{}",
    r#"{"a": null}"#,
    r#"{"a": 1, "a": 2}"#,
    r#"{"windows": []}"#,
    r#"{"": {"": {}}}"#,
    "",
];

/// Queries of the routes that list, and what stands in their parameters.
const QUERIES: [&str; 12] = [
    "/v1/tokens?user_id=V",
    "/v1/tokens?after=V",
    "/v1/tokens?max_rows=V",
    "/v1/tokens?sort=V",
    "/v1/tokens?expires_before=V",
    "/v1/tokens?state=V&state=V",
    "/v1/tokens/V",
    "/v1/tokens/ID/usage?since=V",
    "/v1/users?search=V&after=V",
    "/v1/workspaces/V/targets",
    "/v1/events?after=V",
    "/v1/forward-auth?scope=V&target=V",
];

const TEXTS: [&str; 14] = [
    "",
    "0",
    "-1",
    "99999999999999999999",
    "null",
    "%00",
    "%ff%fe",
    "%",
    "%zz",
    "[]",
    "%7B%7D",
    "NaN",
    "%F0%9D%95%8F",
    "1e9",
];

/// Every field of every body holds every value, is left out, and is there twice.
pub fn values_of_the_wrong_shape_are_refused_and_never_a_500(effort: Effort) -> Tally {
    let mut tally = Tally::default();
    let mut stand = Stand::with(&[("PGTOKEN_GUESSES_PER_MINUTE", "1000000")]);
    let id = stand
        .acme
        .issue("'t', 'olga', 'agency', 'acme', grants => '{\"lobby\": true}'")
        .id;
    let mut requests = Vec::new();
    for (method, path, body) in BODIES {
        let body = body.replace("ID", &id);
        requests.extend(
            spoilt(&body)
                .into_iter()
                .map(|body| (method, path.replace("ID", &id), body)),
        );
    }
    for path in QUERIES {
        requests.extend(TEXTS.map(|text| {
            (
                "GET",
                path.replace("ID", &id).replace('V', text),
                String::new(),
            )
        }));
    }
    let mut dice = Dice::seeded(6);
    let keep = effort.tries(3, 1);
    let mut http = stand.connect();
    let mut refused = 0;
    for _ in 0..effort.tries(1, 5) {
        for (method, path, body) in &requests {
            if dice.roll(keep) > 0 {
                continue;
            }
            let answer = ask(&stand, &mut http, method, path, body);
            refused += u64::from((400..500).contains(&answer.status));
            tally.check(answer.status < 500, || {
                format!("{method} {path} {body}: {answer:?}")
            });
        }
    }
    tally.check(refused > 100, || format!("only {refused} were refused"));
    tally.figure(format!("{} requests, {refused} refused", requests.len()));
    tally
}

fn ask(stand: &Stand, http: &mut Http, method: &str, path: &str, body: &str) -> HttpAnswer {
    let secret = if path.starts_with("/v1/verify") {
        VERIFIER_SECRET
    } else {
        ADMIN_SECRET
    };
    let bearer = format!("Authorization: Bearer {secret}");
    let headers = [bearer.as_str(), "Content-Type: application/json"];
    match http.ask(method, path, &headers, body) {
        Ok(answer) => answer,
        // The facade closes a connection whose head it cannot read.
        Err(_) => {
            *http = stand.connect();
            http.ask(method, path, &headers, body)
                .unwrap_or_else(|error| panic!("{method} {path}: {error}\n{}", stand.facade.log()))
        }
    }
}

/// A body with one of its fields spoilt in every way.
fn spoilt(body: &str) -> Vec<String> {
    let good: serde_json::Value = serde_json::from_str(body).expect("JSON");
    let fields = good.as_object().expect("an object");
    let mut all: Vec<String> = VALUES.map(str::to_owned).to_vec();
    for spoilt in fields.keys() {
        for value in VALUES {
            let parts = fields.iter().map(|(name, old)| match name == spoilt {
                true => format!("\"{name}\": {value}"),
                false => format!("\"{name}\": {old}"),
            });
            let parts: Vec<String> = parts.collect();
            all.push(format!("{{{}}}", parts.join(", ")));
            all.push(format!("{{{}, \"{spoilt}\": {value}}}", parts.join(", ")));
            all.push(format!("{{\"{spoilt}\": {value}}}"));
        }
    }
    all
}
