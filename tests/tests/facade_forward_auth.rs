//! The facade: forward-auth, with requirements from the query and from policies.
use pgtoken_tests::{Facade, HttpAnswer, Issued, Stand};
use std::path::PathBuf;

const IDENTITY: [&str; 9] = [
    "x-token-id",
    "x-token-scope",
    "x-token-permissions",
    "x-token-target",
    "x-token-zone",
    "x-token-auto-publish",
    "x-token-expires-at",
    "x-user-id",
    "x-workspace-id",
];

const POLICIES: &str = r#"
[playlists]
from = "x-forwarded-uri"
scope = { read = "read", write = "write" }
workspace = "acme"
path = '/playlists/(?<target>[^/]+)(?:/zones/(?<zone>[^/]+))?'

[original]
from = "x-original-uri"
scope = "agency"
path = '/p/(?<target>[^/]+)/(?<zone>[^/]+)'

[envoy]
from = "path"
scope = { read = "read", write = "full" }
path = '/p/(?<target>[^/]+)'

[upload]
permissions = ["upload"]

[limited]
scope = "read"
status_429 = 429
"#;

/// A file that goes with the value.
struct PolicyFile(PathBuf);

impl PolicyFile {
    fn with(text: &str) -> PolicyFile {
        let path =
            std::env::temp_dir().join(format!("pgtoken-policies-{}.toml", uuid::Uuid::new_v4()));
        std::fs::write(&path, text).expect("the temporary folder is writable");
        PolicyFile(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().expect("UTF-8")
    }
}

impl Drop for PolicyFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn stand_with_policies() -> Stand {
    let file = PolicyFile::with(POLICIES);
    Stand::with(&[("PGTOKEN_POLICIES_FILE", file.path())])
}

fn issue(stand: &mut Stand, scope: &str, more: &str) -> Issued {
    stand.acme.issue(&format!(
        "name => 't', user_id => 'olga', workspace_id => 'acme', scope => '{scope}'{more}"
    ))
}

#[track_caller]
fn assert_denied(answer: &HttpAnswer, status: u16, error: &str) {
    assert_eq!(answer.status, status, "{answer:?}");
    let challenge = answer.header("www-authenticate");
    match error {
        "" => assert_eq!(challenge, "Bearer realm=\"pgtoken\""),
        error => assert_eq!(
            challenge,
            format!("Bearer realm=\"pgtoken\", error=\"{error}\"")
        ),
    }
    for name in IDENTITY {
        assert!(
            answer.headers.iter().all(|(header, _)| header != name),
            "{name}: {answer:?}"
        );
    }
}

#[test]
fn a_pass_is_200_with_no_body_and_the_full_set_of_headers() {
    let mut stand = Stand::new();
    let more = r#", permissions => '{publish,upload}', expires_at => '2099-01-02 03:04:05+00'"#;
    let token = issue(&mut stand, "write", more);
    for method in [
        "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND",
    ] {
        let bearer = format!("authorization: bEARER {}", token.text);
        let target = "/v1/forward-auth?scope=read&permission=upload&permission=publish&workspace=acme&target=windows&zone=main";
        let mut http = stand.connect();
        let answer = http.ask(method, target, &[&bearer], "").expect("an answer");
        assert_eq!(answer.status, 200, "{method}");
        assert_eq!(answer.body, "");
        let values: Vec<&str> = IDENTITY.iter().map(|name| answer.header(name)).collect();
        let expected = [
            token.id.as_str(),
            "write",
            "publish upload",
            "windows",
            "main",
            "false",
            "2099-01-02T03:04:05+00:00",
            "olga",
            "acme",
        ];
        assert_eq!(values, expected);
    }
}

#[test]
fn what_is_unset_is_there_and_empty() {
    let mut stand = Stand::new();
    let token = stand
        .acme
        .issue("name => 't', user_id => 'olga', scope => null, permissions => '{upload}'");
    let answer = stand.get_with("/v1/forward-auth?permission=upload", &token, &[]);
    assert_eq!(answer.status, 200, "{answer:?}");
    for name in [
        "x-token-scope",
        "x-token-target",
        "x-token-zone",
        "x-token-expires-at",
        "x-workspace-id",
    ] {
        assert!(
            answer.headers.contains(&(name.to_owned(), String::new())),
            "{name}: {answer:?}"
        );
    }
}

#[test]
fn what_no_header_can_carry_is_percent_encoded() {
    let mut stand = Stand::new();
    stand.acme.rows("insert into pgtoken.app_user (user_id) values ('jörg 100%');
        insert into pgtoken.member (workspace_id, user_id, scope) values ('acme', 'jörg 100%', 'read')");
    let token = stand
        .acme
        .issue("name => 't', user_id => 'jörg 100%', workspace_id => 'acme', scope => 'read'");
    let answer = stand.get_with("/v1/forward-auth?scope=read", &token, &[]);
    assert_eq!(answer.header("x-user-id"), "j%C3%B6rg 100%25");
}

#[test]
fn denials_are_401_or_403_with_the_right_challenge() {
    let mut stand = Stand::new();
    let token = issue(&mut stand, "write", "");
    let revoked = issue(&mut stand, "write", "");
    stand.acme.row(&format!(
        "select id from pgtoken.revoke_token('{}')",
        revoked.id
    ));
    assert_denied(
        &stand.ask("GET", "/v1/forward-auth?scope=read", &[], ""),
        401,
        "",
    );
    for credential in ["Authorization: Basic dTpw", "Authorization: Bear"] {
        assert_denied(
            &stand.ask("GET", "/v1/forward-auth", &[credential], ""),
            401,
            "",
        );
    }
    for credential in [
        "Authorization: Bearer nope",
        "X-API-Key: nope",
        "Authorization: Bearer",
        "X-API-Key: ",
    ] {
        assert_denied(
            &stand.ask("GET", "/v1/forward-auth", &[credential], ""),
            401,
            "invalid_token",
        );
    }
    assert_denied(
        &stand.get_with("/v1/forward-auth?scope=read", &revoked, &[]),
        401,
        "invalid_token",
    );
    for query in [
        "scope=full",
        "permission=upload",
        "workspace=globex",
        "target=roof",
        "target=windows&zone=none",
        "zone=main",
    ] {
        let answer = stand.get_with(&format!("/v1/forward-auth?{query}"), &token, &[]);
        assert_denied(&answer, 403, "insufficient_scope");
    }
    let mut unknown = stand
        .get_with(
            "/v1/forward-auth",
            &Issued {
                text: "st_unknown".into(),
                id: String::new(),
            },
            &[],
        )
        .json();
    let mut ended = stand.get_with("/v1/forward-auth", &revoked, &[]).json();
    unknown["request_id"].take();
    ended["request_id"].take();
    assert_eq!(
        unknown, ended,
        "the outside cannot tell which tokens once were"
    );
}

#[test]
fn two_different_tokens_are_401_and_the_same_twice_is_one() {
    let mut stand = Stand::new();
    let (one, other) = (issue(&mut stand, "read", ""), issue(&mut stand, "read", ""));
    let bearer = |token: &Issued| format!("Authorization: Bearer {}", token.text);
    let key = |token: &Issued| format!("X-API-Key: {}", token.text);
    let ask = |headers: &[&str]| stand.ask("GET", "/v1/forward-auth?scope=read", headers, "");
    assert_eq!(ask(&[&key(&one)]).status, 200);
    assert_eq!(ask(&[&bearer(&one), &key(&one)]).status, 200);
    assert_denied(&ask(&[&bearer(&one), &key(&other)]), 401, "invalid_token");
    assert_denied(
        &ask(&[&bearer(&one), &bearer(&other)]),
        401,
        "invalid_token",
    );
    assert_denied(&ask(&[&key(&one), &key(&other)]), 401, "invalid_token");
}

#[test]
fn a_query_that_is_not_plain_denies() {
    let mut stand = Stand::new();
    let token = issue(&mut stand, "write", "");
    for query in [
        "scope=",
        "scope",
        "scope=read&scope=read",
        "scope=read&scope=full",
        "target=windows&target=lobby",
        "zone=&target=windows",
        "unknown=1",
        "scope=read&",
        "permission=",
        "permission=a%20b",
        "scope=%FF",
        "scope=rea%00d",
        "status_429=200",
        "Scope=read",
    ] {
        let answer = stand.get_with(&format!("/v1/forward-auth?{query}"), &token, &[]);
        assert_denied(&answer, 403, "insufficient_scope");
    }
    assert_denied(
        &stand.get_with("/v1/forward-auth/?scope=read", &token, &[]),
        403,
        "insufficient_scope",
    );
}

#[test]
fn a_used_up_rate_is_403_unless_the_gateway_takes_429() {
    let mut stand = stand_with_policies();
    let token = issue(
        &mut stand,
        "read",
        ", rate_limit => 1, rate_window => '1 day'",
    );
    assert_eq!(stand.get_with("/v1/forward-auth", &token, &[]).status, 200);
    assert_denied(
        &stand.get_with("/v1/forward-auth", &token, &[]),
        403,
        "insufficient_scope",
    );
    for target in [
        "/v1/forward-auth?status_429=429",
        "/v1/forward-auth/limited",
    ] {
        let answer = stand.get_with(target, &token, &[]);
        assert_eq!(answer.status, 429, "{target}");
        assert!(
            answer
                .header("retry-after")
                .parse::<u64>()
                .expect("seconds")
                > 0
        );
    }
}

#[test]
fn a_policy_requires_by_method_and_path() {
    let mut stand = stand_with_policies();
    let reader = issue(&mut stand, "read", "");
    let writer = issue(&mut stand, "write", "");
    let agency = issue(
        &mut stand,
        "agency",
        r#", grants => '{"windows": ["ticker"]}'"#,
    );
    let ask = |token: &Issued, method: &str, uri: &str| {
        let method = format!("X-Forwarded-Method: {method}");
        let uri = format!("X-Forwarded-Uri: {uri}");
        stand.get_with("/v1/forward-auth/playlists", token, &[&method, &uri])
    };
    let answer = ask(&reader, "GET", "/playlists/windows/zones/main?x=y");
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("x-token-target"), "windows");
    assert_eq!(answer.header("x-token-zone"), "main");
    assert_eq!(ask(&reader, "HEAD", "/playlists/windows").status, 200);
    assert_denied(
        &ask(&reader, "POST", "/playlists/windows"),
        403,
        "insufficient_scope",
    );
    assert_denied(
        &ask(&reader, "get", "/playlists/windows"),
        403,
        "insufficient_scope",
    );
    assert_eq!(ask(&writer, "DELETE", "/playlists/windows").status, 200);
    assert_denied(
        &ask(&writer, "GET", "/playlists/roof"),
        403,
        "insufficient_scope",
    );
    assert_denied(
        &ask(&writer, "GET", "/playlists/windows/zones/none"),
        403,
        "insufficient_scope",
    );
    let zone = |zone: &str| {
        let uri = format!("X-Original-URI: /p/windows/{zone}");
        stand.get_with(
            "/v1/forward-auth/original",
            &agency,
            &["X-Original-Method: GET", &uri],
        )
    };
    assert_eq!(zone("ticker").status, 200);
    assert_denied(&zone("main"), 403, "insufficient_scope");
}

#[test]
fn a_path_that_two_servers_read_in_two_ways_matches_no_policy() {
    let mut stand = stand_with_policies();
    let token = issue(&mut stand, "write", "");
    for uri in [
        "/playlists/windows/",
        "/playlists",
        "/playlists/lobby/../windows",
        "/playlists/lobby/%2e%2e/windows",
        "/playlists/.",
        "/playlists//windows",
        "//playlists/windows",
        "/playlists/windows%2fzones%2fmain",
        "/playlists/windows%26target=lobby",
        "/playlists/windows%2526",
        "/playlists/windows%00",
        "/playlists/%ff",
        "/playlists/windows;v=1",
        "/playlists/windows%3fscope=read",
        "/playlists/windows%",
        "/a/playlists/windows",
        "http://h/playlists/windows",
        "/playlists/windows\\zones",
        "/PLAYLISTS/windows",
        "/playlists/windows#x",
        "",
    ] {
        let uri_header = format!("X-Forwarded-Uri: {uri}");
        let headers = ["X-Forwarded-Method: GET", uri_header.as_str()];
        let answer = stand.get_with("/v1/forward-auth/playlists", &token, &headers);
        assert_denied(&answer, 403, "insufficient_scope");
    }
}

#[test]
fn a_client_states_no_requirement_of_a_policy() {
    let mut stand = stand_with_policies();
    let reader = issue(&mut stand, "read", "");
    let post = |target: &str| {
        let bearer = format!("Authorization: Bearer {}", reader.text);
        stand.ask("POST", target, &[&bearer], "")
    };
    // Envoy appends the client's own path and query.
    assert_eq!(
        stand
            .get_with("/v1/forward-auth/envoy/p/windows", &reader, &[])
            .status,
        200
    );
    assert_eq!(
        stand
            .get_with(
                "/v1/forward-auth/envoy/p/windows?scope=none&target=roof",
                &reader,
                &[]
            )
            .status,
        200
    );
    for target in [
        "/v1/forward-auth/envoy/p/windows",
        "/v1/forward-auth/envoy/p/windows?scope=read",
        "/v1/forward-auth/envoy/p/windows%26target=lobby",
        "/v1/forward-auth/envoy/../playlists",
    ] {
        assert_denied(&post(target), 403, "insufficient_scope");
    }
    assert_denied(
        &stand.get_with("/v1/forward-auth/envoy/p/roof?target=windows", &reader, &[]),
        403,
        "insufficient_scope",
    );
}

#[test]
fn a_header_that_the_gateway_did_not_write_alone_is_none() {
    let mut stand = stand_with_policies();
    let token = issue(&mut stand, "write", "");
    let good = "X-Forwarded-Uri: /playlists/windows";
    for headers in [
        vec![good],
        vec!["X-Forwarded-Method: GET"],
        vec![
            "X-Forwarded-Method: GET",
            "X-Original-URI: /playlists/windows",
        ],
        vec!["X-Forwarded-Method: GET", good, good],
        vec!["X-Forwarded-Method: GET", "X-Forwarded-Method: GET", good],
    ] {
        let answer = stand.get_with("/v1/forward-auth/playlists", &token, &headers);
        assert_denied(&answer, 403, "insufficient_scope");
    }
    assert_denied(
        &stand.get_with("/v1/forward-auth/nothing", &token, &[]),
        403,
        "insufficient_scope",
    );
    assert_denied(
        &stand.get_with("/v1/forward-auth/upload", &token, &[]),
        403,
        "insufficient_scope",
    );
}

#[test]
fn a_bad_policies_file_is_refused_by_file_policy_and_field() {
    for (text, why) in [
        ("[a", "line 1: "),
        ("x = 1", "policy `x`: must be a table of fields"),
        ("[\"A b\"]", "policy `A b`: a name has lower-case letters"),
        ("[a]\nscop = 'read'", "policy `a`: scop: is unknown"),
        (
            "[a]\nscope = 1",
            "policy `a`: scope: must be a string or a table",
        ),
        ("[a]\nscope = ''", "policy `a`: scope: must not be empty"),
        (
            "[a]\nfrom = 'path'\nscope = { read = 'r' }",
            "policy `a`: scope: by method must have both",
        ),
        (
            "[a]\nscope = { read = 'r', write = 'w' }",
            "policy `a`: from: is missing",
        ),
        (
            "[a]\nfrom = 'path'\nscope = { read = 'r', write = 'w', x = 'y' }",
            "policy `a`: scope.x: is unknown",
        ),
        (
            "[a]\nfrom = 'uri'",
            "policy `a`: from: must be x-forwarded-uri",
        ),
        ("[a]\npath = '/x'", "policy `a`: from: is missing"),
        (
            "[a]\nfrom = 'path'\npath = '('",
            "policy `a`: path: is not a regular expression",
        ),
        (
            "[a]\nfrom = 'path'\npath = 'a)|(b'",
            "policy `a`: path: is not a regular expression",
        ),
        (
            "[a]\nfrom = 'path'\npath = '(?<tgt>.)'",
            "policy `a`: path: has a group `tgt`",
        ),
        (
            "[a]\nfrom = 'path'\npath = '(?<target>.)'\ntarget = 'x'",
            "policy `a`: target: is a group of path already",
        ),
        (
            "[a]\nfrom = 'path'\npath = '(?<zone>.)'",
            "policy `a`: zone: needs a target",
        ),
        ("[a]\nzone = 'x'", "policy `a`: zone: needs a target"),
        ("[a]\ntarget = ''", "policy `a`: target: must not be empty"),
        (
            "[a]\npermissions = []",
            "policy `a`: permissions: must not be empty",
        ),
        (
            "[a]\npermissions = ['a b']",
            "policy `a`: permissions: must not be empty or have white space",
        ),
        (
            "[a]\npermissions = 'a'",
            "policy `a`: permissions: must be an array",
        ),
        (
            "[a]\nstatus_429 = 500",
            "policy `a`: status_429: must be 429 or 403",
        ),
    ] {
        let file = PolicyFile::with(text);
        let output = Facade::program()
            .env(
                "PGTOKEN_DATABASE_URL",
                "postgres://nobody@127.0.0.1:1/nowhere",
            )
            .env("PGTOKEN_POLICIES_FILE", file.path())
            .arg("--check-config")
            .output()
            .expect("the facade is built");
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(64), "{text}: {complaint}");
        let expected = format!(
            "pgtoken-facade: PGTOKEN_POLICIES_FILE: {}: {why}",
            file.path()
        );
        assert!(complaint.starts_with(&expected), "{text}: {complaint}");
        assert_eq!(complaint.lines().count(), 1, "{complaint}");
    }
}

#[test]
fn guesses_are_limited_for_the_client_that_a_trusted_gateway_names() {
    let mut stand = Stand::with(&[
        ("PGTOKEN_GUESSES_PER_MINUTE", "5"),
        ("PGTOKEN_TRUSTED_PROXIES", "127.0.0.1"),
    ]);
    let token = issue(&mut stand, "read", "");
    let from = |client: &str, token: &str| {
        let client = format!("X-Forwarded-For: {client}");
        let bearer = format!("Authorization: Bearer {token}");
        stand.ask(
            "GET",
            "/v1/forward-auth?status_429=429",
            &[&client, &bearer],
            "",
        )
    };
    for _ in 0..5 {
        assert_denied(&from("192.0.2.1", "guess"), 401, "invalid_token");
    }
    let limited = from("192.0.2.1", &token.text);
    assert_eq!(limited.status, 429);
    assert!(
        limited
            .header("retry-after")
            .parse::<u64>()
            .expect("seconds")
            <= 13
    );
    assert_eq!(from("192.0.2.2", &token.text).status, 200, "another client");
    // What the gateway says nothing of stands for all of its clients.
    for _ in 0..10 {
        assert_denied(
            &stand.ask("GET", "/v1/forward-auth", &["X-API-Key: guess"], ""),
            401,
            "invalid_token",
        );
    }
    assert_eq!(stand.get_with("/v1/forward-auth", &token, &[]).status, 200);
    let metrics = stand.facade.get("/metrics").body;
    assert!(
        metrics.contains("pgtoken_guesses_refused_total 1\n"),
        "{metrics}"
    );
}

#[test]
fn allowed_addresses_are_those_of_the_client_and_not_of_the_gateway() {
    let mut stand = Stand::with(&[("PGTOKEN_TRUSTED_PROXIES", "127.0.0.1")]);
    let token = issue(&mut stand, "read", ", allowed_addrs => '{192.0.2.0/24}'");
    let from = |client: &str| {
        let client = format!("X-Forwarded-For: {client}");
        stand.get_with("/v1/forward-auth?scope=read", &token, &[&client])
    };
    assert_eq!(from("192.0.2.9").status, 200);
    assert_eq!(from("192.0.2.9, 127.0.0.1").status, 200);
    assert_denied(&from("192.0.2.9, 198.51.100.1"), 403, "insufficient_scope");
    assert_denied(
        &stand.get_with("/v1/forward-auth?scope=read", &token, &[]),
        403,
        "insufficient_scope",
    );
}
