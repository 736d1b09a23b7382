//! facade/reference/openapi.json says what the facade does: routes, methods, fields and codes are the
//! same on both sides, and the contract fuzzer finds nothing.
//!
//! `PGTOKEN_CONTRACT_EXAMPLES` is how many requests the fuzzer makes up for each operation and caller,
//! beside those that it derives from the document.
use pgtoken_tests::jwt::Signer;
use pgtoken_tests::{ADMIN_SECRET, HttpAnswer, Stand, VERIFIER_SECRET, checkout};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

const JWT_SECRET: &str = "j-66f4b0a7c9e1f0c8b7e5d294368f3d15";

const METHODS: [&str; 8] = [
    "get", "head", "post", "put", "patch", "delete", "options", "trace",
];

fn document() -> Value {
    let text = std::fs::read_to_string(checkout().join("facade/reference/openapi.json"));
    serde_json::from_str(&text.expect("it is there")).expect("JSON")
}

fn paths(document: &Value) -> &Map<String, Value> {
    document["paths"].as_object().expect("paths")
}

/// What the document has at a place, wherever it stands.
fn resolved<'d>(document: &'d Value, value: &'d Value) -> &'d Value {
    match value["$ref"].as_str() {
        Some(place) => document
            .pointer(&place[1..])
            .unwrap_or_else(|| panic!("{place}")),
        None => value,
    }
}

/// The methods of a path, in capitals; HEAD goes with GET.
fn methods(item: &Value) -> BTreeSet<String> {
    let mut methods = BTreeSet::new();
    for method in METHODS {
        let operation = &item[method];
        if operation["x-any-method"] == true {
            return METHODS.map(str::to_uppercase).into();
        }
        if !operation.is_null() {
            methods.insert(method.to_uppercase());
        }
        if method == "get" && !operation.is_null() {
            methods.insert("HEAD".to_owned());
        }
    }
    methods
}

/// The path with a variable wherever one can stand.
fn nameless(path: &str) -> String {
    let segments = path.split('/');
    let segments = segments.map(|segment| {
        if segment.starts_with('{') {
            "{}"
        } else {
            segment
        }
    });
    segments.collect::<Vec<_>>().join("/")
}

/// The route table of the program: what its `match` answers by something else than 404 and 405.
fn routes_of_the_program() -> BTreeMap<String, BTreeSet<String>> {
    let text = std::fs::read_to_string(checkout().join("facade/src/routes.rs"));
    let file = syn::parse_file(&text.expect("it is there")).expect("Rust");
    let mut routes: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for item in &file.items {
        let syn::Item::Fn(function) = item else {
            continue;
        };
        for statement in &function.block.stmts {
            let syn::Stmt::Expr(syn::Expr::Match(table), _) = statement else {
                continue;
            };
            for arm in &table.arms {
                for (method, path) in patterns(&arm.pat) {
                    if !is_refusal(&arm.body) {
                        routes.entry(path).or_default().extend(method);
                    }
                }
            }
        }
    }
    routes
}

/// `Err(Problem::…)`, in braces or not.
fn is_refusal(body: &syn::Expr) -> bool {
    match body {
        syn::Expr::Block(block) => match &block.block.stmts[..] {
            [syn::Stmt::Expr(last, _)] => is_refusal(last),
            _ => false,
        },
        syn::Expr::Call(call) => {
            matches!(&*call.func, syn::Expr::Path(path) if path.path.is_ident("Err"))
        }
        _ => false,
    }
}

/// Methods and path of `(method, [segment, …])`.
fn patterns(pattern: &syn::Pat) -> Vec<(Vec<String>, String)> {
    let syn::Pat::Tuple(pair) = pattern else {
        return Vec::new();
    };
    let mut methods = words(&pair.elems[0]);
    if methods == ["{}"] {
        methods = METHODS.map(str::to_uppercase).into();
    }
    let slices = match &pair.elems[1] {
        syn::Pat::Or(any) => any.cases.iter().collect(),
        one => vec![one],
    };
    let mut found = Vec::new();
    for slice in slices {
        let syn::Pat::Slice(slice) = slice else {
            continue;
        };
        let mut paths = vec![String::new()];
        for segment in &slice.elems {
            let words = words(segment);
            paths = paths
                .iter()
                .flat_map(|path| words.iter().map(move |word| format!("{path}/{word}")))
                .collect();
        }
        found.extend(paths.into_iter().map(|path| (methods.clone(), path)));
    }
    found
}

fn words(pattern: &syn::Pat) -> Vec<String> {
    match pattern {
        syn::Pat::Or(any) => any.cases.iter().flat_map(words).collect(),
        syn::Pat::Lit(literal) => match &literal.lit {
            syn::Lit::Str(text) => vec![text.value()],
            other => panic!("{other:?} in the route table"),
        },
        syn::Pat::Rest(_) => vec!["..".to_owned()],
        _ => vec!["{}".to_owned()],
    }
}

/// Files of pages, which are no part of the contract.
fn is_of_a_page(path: &str) -> bool {
    path.starts_with("/docs/") || path.starts_with("/admin")
}

#[test]
fn the_document_has_every_route_of_the_program_and_no_other() {
    let document = document();
    let told: BTreeMap<String, BTreeSet<String>> = paths(&document)
        .iter()
        .map(|(path, item)| (nameless(path), methods(item)))
        .collect();
    let mut routes = routes_of_the_program();
    routes.retain(|path, _| !is_of_a_page(path));
    let forward_auth = routes.remove("/v1/forward-auth/..").expect("it is there");
    routes.insert("/v1/forward-auth".to_owned(), forward_auth.clone());
    routes.insert("/v1/forward-auth/{}".to_owned(), forward_auth);
    assert_eq!(told, routes);
}

#[test]
fn a_method_that_the_document_does_not_have_is_405_and_allow_lists_the_others() {
    let stand = Stand::new();
    let document = document();
    for (path, item) in paths(&document) {
        let methods = methods(item);
        let path = path.replace("{id}", "x").replace("{policy}", "x");
        for method in METHODS.map(str::to_uppercase) {
            let mut connection = stand.connect();
            if method == "HEAD" {
                continue;
            }
            let answer = connection.ask(&method, &path, &[], "").expect("an answer");
            assert_eq!(
                answer.status == 405,
                !methods.contains(&method),
                "{method} {path}"
            );
            if answer.status == 405 {
                let allowed = answer.header("allow").split(", ").map(str::to_owned);
                assert_eq!(allowed.collect::<BTreeSet<_>>(), methods, "{path}");
            }
        }
    }
}

/// The names in backquotes after some words, or after `allowed are `.
fn names(detail: &str) -> BTreeSet<String> {
    if let Some((_, list)) = detail.split_once("allowed are ") {
        return list.split(", ").map(str::to_owned).collect();
    }
    let (_, list) = detail
        .split_once("expected ")
        .unwrap_or_else(|| panic!("{detail} lists no names"));
    list.split('`')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}

#[test]
fn bodies_have_the_fields_of_the_document() {
    let stand = Stand::new();
    let document = document();
    let mut seen = 0;
    for (path, item) in paths(&document) {
        for method in METHODS {
            let schema = &item[method]["requestBody"]["content"]["application/json"]["schema"];
            if schema.is_null() {
                continue;
            }
            let schema = resolved(&document, schema);
            assert_eq!(schema["additionalProperties"], false, "{path}");
            let told: BTreeSet<String> = schema["properties"]
                .as_object()
                .expect("fields")
                .keys()
                .cloned()
                .collect();
            let path = path.replace("{id}", "018f6f6a-7c1e-7b3a-9d0f-5b1f2a3c4d5e");
            let body = json!({"no such field": 1});
            let answer = stand.admin(&method.to_uppercase(), &path, body);
            assert_eq!(answer.problem(), "400 invalid_request", "{path}");
            let detail = answer.json()["detail"].as_str().expect("a text").to_owned();
            assert_eq!(names(&detail), told, "{path}");
            seen += 1;
        }
    }
    assert_eq!(seen, 10);
    // One level down.
    let body = json!({"questions": [{"no such field": 1}]});
    let answer = stand.post("/v1/verify/batch", &body);
    let question = &document["components"]["schemas"]["Question"]["properties"];
    let told: BTreeSet<String> = question
        .as_object()
        .expect("fields")
        .keys()
        .cloned()
        .collect();
    assert_eq!(
        names(answer.json()["detail"].as_str().expect("a text")),
        told
    );
}

#[test]
fn queries_have_the_parameters_of_the_document() {
    let mut stand = Stand::new();
    let token = stand.acme.issue("name => 't', user_id => 'olga'");
    let document = document();
    let mut seen = 0;
    for (path, item) in paths(&document) {
        let operation = &item["get"];
        if operation["tags"][0] == "gateways"
            || operation["security"] != document["paths"]["/v1/stats"]["get"]["security"]
        {
            continue;
        }
        let parameters = operation["parameters"].as_array().into_iter().flatten();
        let told: BTreeSet<String> = parameters
            .map(|parameter| resolved(&document, parameter))
            .filter(|parameter| parameter["in"] == "query")
            .map(|parameter| parameter["name"].as_str().expect("a name").to_owned())
            .collect();
        let path = match path.starts_with("/v1/workspaces") {
            true => path.replace("{id}", "acme"),
            false => path.replace("{id}", &token.id),
        };
        let answer = stand.admin("GET", &format!("{path}?no_such_parameter=1"), Value::Null);
        assert_eq!(answer.problem(), "400 invalid_request", "{path}");
        let detail = answer.json()["detail"].as_str().expect("a text").to_owned();
        match detail.ends_with("none is allowed here") {
            true => assert_eq!(told, BTreeSet::new(), "{path}"),
            false => assert_eq!(names(&detail), told, "{path}"),
        }
        seen += 1;
    }
    assert_eq!(seen, 11);
}

/// The fields of an answer are those of its schema, at any depth where the schema says.
#[track_caller]
fn assert_fields(document: &Value, schema: &Value, answer: &Value, place: &str) {
    let schema = resolved(document, schema);
    if let (Some(told), Some(fields)) = (schema["properties"].as_object(), answer.as_object()) {
        let told: BTreeSet<&String> = told.keys().collect();
        assert_eq!(fields.keys().collect::<BTreeSet<_>>(), told, "{place}");
        for (name, value) in fields {
            assert_fields(
                document,
                &schema["properties"][name],
                value,
                &format!("{place}/{name}"),
            );
        }
    }
    for element in answer.as_array().into_iter().flatten() {
        assert_fields(document, &schema["items"], element, &format!("{place}[]"));
    }
}

#[test]
fn answers_have_the_fields_of_the_document() {
    let stand = Stand::new();
    let document = document();
    let check = |answer: &HttpAnswer, schema: &str| {
        assert!(matches!(answer.status, 200 | 201), "{answer:?}");
        let place = json!({"$ref": format!("#/components/schemas/{schema}")});
        assert_fields(&document, &place, &answer.json(), schema);
    };
    let new = json!({"name": "t", "user_id": "olga", "workspace_id": "acme", "scope": "agency",
                     "grants": {"windows": ["main"]}});
    let issued = stand.admin("POST", "/v1/tokens", new.clone());
    check(&issued, "IssuedToken");
    let token = issued.json();
    let (id, text) = (
        token["id"].as_str().expect("an id").to_owned(),
        token["token"].as_str().expect("a text").to_owned(),
    );
    let get = |path: &str, schema: &str| check(&stand.admin("GET", path, Value::Null), schema);
    get("/v1/tokens", "TokenPage");
    get(&format!("/v1/tokens/{id}"), "Token");
    get(&format!("/v1/tokens/{id}/usage"), "UsagePage");
    get("/v1/users", "UserPage");
    get("/v1/workspaces", "WorkspacePage");
    get("/v1/workspaces/acme/targets", "TargetPage");
    get("/v1/scopes", "ScopePage");
    get("/v1/permissions", "PermissionPage");
    get("/v1/events", "EventPage");
    get("/v1/stats", "Stats");
    get("/.well-known/oauth-authorization-server", "ServerMetadata");
    let find = json!({"text": id});
    check(&stand.admin("POST", "/v1/tokens/find", find), "TokenPage");
    let grants = json!({"grants": {"windows": true}});
    let path = format!("/v1/tokens/{id}/grants");
    let answer = stand.admin("PUT", &path, grants);
    assert_eq!(answer.json(), json!({"grants": {"windows": true}}));
    let change = json!({"name": "u"});
    check(
        &stand.admin("PATCH", &format!("/v1/tokens/{id}"), change),
        "Token",
    );
    check(&stand.verify(&json!({"token": text})), "Verdict");
    check(
        &stand.post("/v1/verify/batch", &json!({"questions": [{"token": text}]})),
        "Verdicts",
    );
    check(
        &stand.bearer(&text, "GET", "/v1/token", Value::Null),
        "OwnToken",
    );
    let session = json!({"secret": ADMIN_SECRET, "actor": "me"});
    check(&stand.json("POST", "/v1/session", &[], session), "Session");
    check(
        &stand.admin("POST", &format!("/v1/tokens/{id}/rotate"), Value::Null),
        "IssuedToken",
    );
    let bulk = json!({"user_id": "olga", "dry_run": true});
    check(
        &stand.admin("POST", "/v1/tokens/revoke", bulk),
        "BulkRevoked",
    );
    check(
        &stand.admin("DELETE", &format!("/v1/tokens/{id}"), Value::Null),
        "Token",
    );
    let refused = stand.admin("POST", "/v1/tokens", json!({"name": 1}));
    let problem = json!({"$ref": "#/components/schemas/Problem"});
    assert_fields(&document, &problem, &refused.json(), "Problem");
}

#[test]
fn the_document_has_every_code_of_the_program_and_no_other() {
    let document = document();
    let schemas = &document["components"]["schemas"];
    let words = |place: &Value| -> BTreeSet<String> {
        let words = place["properties"]["code"]["enum"]
            .as_array()
            .expect("codes");
        words
            .iter()
            .map(|word| word.as_str().expect("a text").to_owned())
            .collect()
    };
    assert_eq!(
        words(&schemas["Verdict"]),
        pgtoken_rules::Code::ALL
            .map(|code| code.as_str().to_owned())
            .into()
    );
    let mut used = BTreeSet::new();
    collect_codes(&checkout().join("facade/src"), &mut used);
    let is_code = |word: &String| word.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    used.retain(is_code);
    assert_eq!(words(&schemas["Problem"]), used);
}

/// The first text in the constructors of refusals.
fn collect_codes(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect_codes(&path, found);
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("text");
        let text: String = text.split_whitespace().collect();
        for constructor in [
            "too_many_requests(\"",
            "try_later(\"",
            "told(\"",
            "refusal(\"",
        ] {
            let calls = text.split(constructor).skip(1);
            found.extend(calls.filter_map(|call| Some(call.split_once('"')?.0.to_owned())));
        }
        for status in text.split("StatusCode::").skip(1) {
            let rest = status.trim_start_matches(|c: char| c.is_ascii_uppercase() || c == '_');
            if let Some((code, _)) = rest
                .strip_prefix(",\"")
                .and_then(|rest| rest.split_once('"'))
            {
                found.insert(code.to_owned());
            }
        }
    }
}

#[test]
fn the_document_is_served_with_the_base_path_as_its_server() {
    let stand = Stand::with(&[("PGTOKEN_BASE_PATH", "/pgtoken")]);
    let served = stand.ask("GET", "/pgtoken/openapi.json", &[], "").json();
    assert_eq!(served["servers"], json!([{"url": "/pgtoken/"}]));
    assert_eq!(served["paths"], document()["paths"]);
}

#[test]
fn the_reference_page_loads_its_own_files_and_nothing_else() {
    let stand = Stand::with(&[("PGTOKEN_BASE_PATH", "/pgtoken")]);
    let page = stand.ask("GET", "/pgtoken/docs", &[], "");
    let policy = page.header("content-security-policy");
    assert!(
        policy.starts_with("default-src 'none'; script-src 'self';"),
        "{policy}"
    );
    assert!(
        !policy.contains("unsafe") && !policy.contains("http"),
        "{policy}"
    );
    let mut files = 0;
    for part in page.body.split("=\"docs/").skip(1) {
        let file = part.split('"').next().expect("a name");
        let answer = stand.ask("GET", &format!("/pgtoken/docs/{file}"), &[], "");
        assert_eq!(answer.status, 200, "{file}");
        files += 1;
    }
    assert_eq!(files, 3);
    let slash = stand.ask("GET", "/pgtoken/docs/", &[], "");
    assert_eq!(
        (slash.status, slash.header("location")),
        (308, "/pgtoken/docs")
    );
    assert_eq!(stand.ask("GET", "/pgtoken/docs/nope", &[], "").status, 404);
}

#[test]
fn the_issuer_is_the_public_url_or_the_host_that_the_client_named() {
    const PATH: &str = "/.well-known/oauth-authorization-server";
    let issuer = |stand: &Stand, headers: &[&str]| {
        let answer = stand.ask("GET", PATH, headers, "");
        assert_eq!(answer.header("cache-control"), "no-store");
        let metadata = answer.json();
        let issuer = metadata["issuer"].as_str().expect("a URL").to_owned();
        assert_eq!(
            metadata["introspection_endpoint"],
            format!("{issuer}/v1/introspect")
        );
        assert_eq!(
            metadata["revocation_endpoint"],
            format!("{issuer}/v1/revocation")
        );
        issuer
    };
    let forwarded = ["X-Forwarded-Proto: https", "X-Forwarded-Host: evil.example"];
    assert_eq!(issuer(&Stand::new(), &forwarded), "http://127.0.0.1");
    let trusting = Stand::with(&[("PGTOKEN_TRUSTED_PROXIES", "127.0.0.1")]);
    assert_eq!(issuer(&trusting, &forwarded), "https://127.0.0.1");
    let configured = Stand::with(&[("PGTOKEN_PUBLIC_URL", "https://tokens.example.com/")]);
    assert_eq!(
        issuer(&configured, &forwarded),
        "https://tokens.example.com"
    );
    // The URL of the page is another host's then.
    let apart = Stand::with(&[
        ("PGTOKEN_PUBLIC_URL", "https://admin.example.com"),
        ("PGTOKEN_ADMIN_LISTEN", "127.0.0.1:0"),
    ]);
    assert_eq!(issuer(&apart, &[]), "http://127.0.0.1");
    let mut connection = Stand::connect(&apart);
    connection
        .send(&format!(
            "GET {PATH} HTTP/1.1\r\nHost: user@evil.example\r\n\r\n"
        ))
        .expect("sent");
    assert_eq!(connection.receive().expect("an answer").status, 400);
}

#[test]
fn the_contract_fuzzer_finds_nothing_whoever_calls() {
    let mut stand = Stand::with(&[
        ("PGTOKEN_JWT_SECRET", JWT_SECRET),
        ("PGTOKEN_GUESSES_PER_MINUTE", "1000000"),
    ]);
    let token = stand
        .acme
        .issue("name => 'fuzzed', user_id => 'olga', workspace_id => 'acme', scope => 'write'");
    let user = Signer::hs256(JWT_SECRET).user("mia");
    let session = stand.json("POST", "/v1/session", &[], json!({"secret": ADMIN_SECRET}));
    let cookie = session.header("set-cookie");
    let cookie = cookie.split(';').next().expect("a cookie").to_owned();
    let bearer = |credential: &str| vec![format!("Authorization: Bearer {credential}")];
    // To go from one answer to the next takes somebody who is answered.
    let (all, alone, refused) = ("coverage,fuzzing,stateful", "coverage,fuzzing", "coverage");
    let from_page = "Sec-Fetch-Site: same-origin".to_owned();
    let callers = [
        ("administrator", all, bearer(ADMIN_SECRET)),
        ("user", all, bearer(&user)),
        ("session", all, vec![format!("Cookie: {cookie}"), from_page]),
        ("verifier", alone, bearer(VERIFIER_SECRET)),
        ("token", refused, bearer(&token.text)),
        ("nobody", refused, Vec::new()),
    ];
    let url = stand.facade.url("");
    std::thread::scope(|scope| {
        for (caller, phases, headers) in &callers {
            let url = &url;
            scope.spawn(move || fuzz(url, caller, phases, headers));
        }
    });
    let log = stand.facade.log();
    assert!(!log.contains(" ERROR "), "{log}");
}

/// Panics with the fuzzer's report unless it finds nothing.
fn fuzz(url: &str, caller: &str, phases: &str, headers: &[String]) {
    let examples = std::env::var("PGTOKEN_CONTRACT_EXAMPLES").unwrap_or_else(|_| "2".to_owned());
    let mut fuzzer = Command::new(checkout().join("scripts/schemathesis.sh"));
    fuzzer
        .env("CARGO_TARGET_DIR", pgtoken_tests::target())
        .args([
            "run",
            "--max-examples",
            &examples,
            "--seed",
            "1",
            "--no-color",
        ])
        .args(["--phases", phases, "--url", url]);
    for header in headers {
        fuzzer.args(["--header", header]);
    }
    let output = fuzzer
        .arg(format!("{url}/openapi.json"))
        .output()
        .expect("the fuzzer starts");
    let report = String::from_utf8_lossy(&output.stdout);
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "as {caller}:\n{report}\n{complaint}"
    );
}
