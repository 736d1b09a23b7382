//! Grants as clients send them: whatever the JSON is, it is read as the documented shape or refused.
use pgtoken_rules::{Grants, MAX_TARGETS};
use proptest::prelude::*;
use serde_json::{Map, Value};

/// Ids, and what is almost one.
fn any_id() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-z]{1,3}",
        1 => Just(String::new()),
        1 => "\\PC{1,5}",
        1 => any::<String>(),
        1 => (199usize..202).prop_map(|length| "é".repeat(length)),
    ]
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any_id().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 64, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((any_id(), inner), 0..4)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

/// Grants, and what is almost some.
fn any_grants() -> impl Strategy<Value = Value> {
    let zones = prop_oneof![
        2 => Just(Value::Bool(true)),
        3 => prop::collection::vec(any_id().prop_map(Value::from), 0..4).prop_map(Value::from),
        1 => any_json(),
    ];
    prop::collection::vec((any_id(), zones), 0..4)
        .prop_map(|pairs| Value::Object(pairs.into_iter().collect()))
}

/// The documented rule.
fn is_good(value: &Value) -> bool {
    let is_id = |id: &str| {
        (1..=200).contains(&id.chars().count()) && !id.contains(|c: char| c.is_ascii_control())
    };
    let is_zone = |zone: &Value| zone.as_str().is_some_and(is_id);
    let are_zones = |zones: &Value| match zones {
        Value::Array(zones) => !zones.is_empty() && zones.iter().all(is_zone),
        other => *other == Value::Bool(true),
    };
    let Value::Object(targets) = value else {
        return false;
    };
    targets.len() <= MAX_TARGETS
        && targets
            .iter()
            .all(|(target, zones)| is_id(target) && are_zones(zones))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn what_is_read_is_what_the_rule_says(value in prop_oneof![any_json(), any_grants()]) {
        let read = Grants::parse(&value.to_string());
        prop_assert_eq!(read.is_ok(), is_good(&value), "{}: {:?}", value, read);
    }

    #[test]
    fn what_was_read_is_read_again_as_the_same(value in any_grants()) {
        if let Ok(grants) = Grants::parse(&value.to_string()) {
            prop_assert_eq!(Grants::parse(&grants.to_json().to_string()), Ok(grants));
        }
    }

    #[test]
    fn text_that_is_no_json_is_refused_and_does_no_harm(text in any::<String>(), cut in any::<prop::sample::Index>()) {
        let _ = Grants::parse(&text);
        let good = r#"{"windows": ["main", "ticker"], "lobby": true}"#;
        prop_assert!(Grants::parse(&good[..cut.index(good.len())]).is_err());
    }
}

#[test]
fn nesting_of_any_depth_is_refused() {
    for depth in [127, 128, 129, 100_000] {
        let nested = format!("{{\"a\": {}{}}}", "[".repeat(depth), "]".repeat(depth));
        assert!(Grants::parse(&nested).is_err(), "{depth}");
    }
}

#[test]
fn one_target_more_than_allowed_is_refused() {
    let grants = |many: usize| {
        let targets = (0..many).map(|n| (format!("t{n}"), Value::Bool(true)));
        Value::Object(targets.collect::<Map<_, _>>()).to_string()
    };
    assert!(Grants::parse(&grants(MAX_TARGETS)).is_ok());
    assert!(Grants::parse(&grants(MAX_TARGETS + 1)).is_err());
}
