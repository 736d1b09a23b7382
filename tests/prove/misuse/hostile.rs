//! What arguments are made of, from sensible to hostile.

/// Words that make sense under the name of an argument, and one or two that do not.
pub const WORDS: &[(&str, &[&str])] = &[
    (
        "user_id",
        &["olga", "mia", "leo", "dora", "stan", "robot", "nobody"],
    ),
    (
        "as_user",
        &["olga", "mia", "leo", "dora", "stan", "robot", "nobody"],
    ),
    ("workspace_id", &["acme", "globex", "shut", "none"]),
    (
        "scope",
        &[
            "read",
            "write",
            "full",
            "agency",
            "vault",
            "break_glass",
            "review",
            "root",
        ],
    ),
    (
        "permissions",
        &["upload", "publish", "audit", "upload publish", "fly"],
    ),
    ("target", &["lobby", "windows", "roof", "none"]),
    ("target_id", &["lobby", "windows", "roof", "none"]),
    ("zone", &["main", "ticker", "left", "none"]),
    (
        "state",
        &[
            "active",
            "suspended",
            "disabled",
            "expired",
            "revoked",
            "Active",
        ],
    ),
    (
        "sort",
        &[
            "name",
            "created_at desc",
            "use_count asc",
            "name; drop table x",
            "digest",
        ],
    ),
    (
        "prefix",
        &["pgt", "pv_live", "P", "a__b", "aaaaaaaaaaaaaaaaaaaaaaaaa"],
    ),
    ("digest_rule", &["sha256", "md5", ""]),
    ("name", &["t", "a name", " padded "]),
    ("reason", &["why", "superseded"]),
    ("request_id", &["r1", "r2", "r3"]),
    ("actor", &["dba@acme.example", "postgres"]),
    ("search", &["t", "pgt_", "%", "_"]),
    ("text", &["pgt_", "pv_live_", "sk-"]),
    ("after", &["olga", "leo"]),
];

/// Texts that nobody expects.
pub const TEXTS: &[&str] = &[
    "''",
    "' '",
    "E'\\t\\n\\r'",
    "E'\\x01'",
    "E'a\\x7fb'",
    "U&'\\FFFF'",
    "U&'\\+10FFFF'",
    "U&'\\0301\\0301'",
    "U&'\\202Egpt_'",
    "U&'\\FEFF'",
    "'null'",
    "'%'",
    "'_'",
    "'\\'",
    "'$1'",
    "'{}'",
    "'[]'",
    "'{\"a\"'",
    "'-1'",
    "'1e309'",
    "'NaN'",
    "'infinity'",
    "''');drop table pgtoken.token;--'",
    "repeat('x', 200)",
    "repeat('x', 201)",
    "repeat('é', 200)",
    "repeat('x', 512)",
    "repeat('x', 513)",
    "repeat('a_', 12)",
    "'pgt_' || repeat('0', 49)",
    "'pgt_' || repeat('z', 49)",
    "'_' || repeat('0', 49)",
    "repeat('pgt_', 100)",
    "repeat('(', 5000)",
    "repeat(chr(128512), 100)",
    "repeat(' ', 300)",
];

/// JSON of the right shape, almost, and not at all.
pub const JSONS: &[&str] = &[
    "{}",
    "[]",
    "null",
    "true",
    "0",
    "-1.5e300",
    "1e400",
    "\"windows\"",
    "[\"windows\"]",
    "{\"windows\": true}",
    "{\"windows\": [\"main\"]}",
    "{\"windows\": [\"main\", \"main\", \"ticker\"], \"lobby\": true}",
    "{\"windows\": []}",
    "{\"windows\": null}",
    "{\"windows\": false}",
    "{\"windows\": \"main\"}",
    "{\"windows\": [null]}",
    "{\"windows\": [1]}",
    "{\"windows\": [[\"main\"]]}",
    "{\"windows\": {\"main\": true}}",
    "{\"windows\": 1}",
    "{\"windows\": true, \"windows\": [\"main\"]}",
    "{\"\": true}",
    "{\"roof\": true}",
    "{\"none\": true}",
    "{\"windows\": [\"none\"]}",
    "{\"\\u0001\": true}",
    "{\"windows\": [\"\"]}",
    "{\"a\": 1, \"b\": {\"c\": [1, 2, {\"d\": null}]}}",
    "[{\"user_id\": \"olga\", \"scope\": \"read\"}]",
    "[{\"user_id\": \"olga\", \"scope\": \"full\", \"manages_tokens\": true}, {\"user_id\": \"mia\", \"scope\": \"full\"}]",
    "[{\"user_id\": \"olga\"}]",
    "[{\"user_id\": null}]",
    "[{\"user_id\": \"olga\", \"scope\": 1}]",
    "[{\"user_id\": \"olga\", \"scope\": \"agency\"}]",
    "[{\"user_id\": \"olga\", \"scope\": \"read\", \"manages_tokens\": \"yes\"}]",
    "[{\"user_id\": \"nobody\", \"scope\": \"read\"}]",
    "[\"olga\", \"olga\"]",
    "[{\"target_id\": \"windows\", \"name\": \"W\"}, \"lobby\"]",
    "[{\"target_id\": \"roof\"}]",
    "[{\"target_id\": \"new\", \"name\": 1}]",
    "[{\"zone_id\": \"main\"}, \"ticker\"]",
    "[{\"zone_id\": \"main\", \"stray\": 1}]",
    "[1, [], {}, null]",
];

/// Too much JSON.
pub const HUGE_JSONS: &[&str] = &[
    "(repeat('[', 3000) || repeat(']', 3000))::jsonb",
    "jsonb_build_object('windows', (select jsonb_agg('z' || n) from generate_series(1, 20000) as n))",
    "(select jsonb_object_agg('t' || n, true) from generate_series(1, 1001) as n)",
    "(select jsonb_agg('e' || n) from generate_series(1, 3000) as n)",
    "jsonb_build_object(repeat('k', 300000), repeat('v', 300000))",
];

/// Durations up to the limits.
pub const INTERVALS: &[&str] = &[
    "0",
    "1 microsecond",
    "1 second",
    "-1 second",
    "1 minute",
    "90 days",
    "31 days",
    "31 days 1 second",
    "1 mon",
    "-1 mon 40 days",
    "1 year -365 days",
    "2147483647 days",
    "-2147483648 days",
    "178000000 years",
    "-178000000 years",
    "2147483647 mons 2147483647 days 2562047788:00:54.775807",
];

/// Times up to the limits.
pub const TIMES: &[&str] = &[
    "infinity",
    "-infinity",
    "epoch",
    "yesterday",
    "tomorrow",
    "2999-12-31 00:00+00",
    "4713-01-01 00:00+00 BC",
    "294276-12-31 23:59:59.999999+00",
    "now",
];

/// Addresses of every kind.
pub const ADDRESSES: &[&str] = &[
    "10.0.0.1",
    "10.1.2.3/8",
    "0.0.0.0/0",
    "255.255.255.255",
    "::",
    "::1",
    "::/0",
    "::ffff:10.0.0.1",
    "2001:db8::1/64",
    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
];

/// Networks of every kind.
pub const NETWORKS: &[&str] = &[
    "10.0.0.0/8",
    "10.0.0.1/32",
    "0.0.0.0/0",
    "255.255.255.255/32",
    "::/0",
    "::1/128",
    "2001:db8::/32",
    "fe80::/10",
];

/// Numbers up to the limits.
pub const INTEGERS: &[&str] = &[
    "0",
    "1",
    "-1",
    "2",
    "50",
    "1000",
    "1001",
    "2147483647",
    "-2147483648",
];

/// Ids of nothing.
pub const UUIDS: &[&str] = &[
    "00000000-0000-0000-0000-000000000000",
    "ffffffff-ffff-ffff-ffff-ffffffffffff",
    "018f6f6a-7c1e-7b3a-9d0f-5b1f2a3c4d5e",
];
