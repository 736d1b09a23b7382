//! What a confined token may act on, in its one JSON shape.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::key::is_key;

/// The most targets that one token can be granted.
pub const MAX_TARGETS: usize = 1_000;

/// Targets by id, each with what is granted of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grants(BTreeMap<String, Zones>);

/// What is granted of one target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Zones {
    /// All of it, with zones that are added later.
    Whole,
    /// These zones, at least one.
    Only(BTreeSet<String>),
}

impl Grants {
    /// Reads `{"target": ["zone", …], "other": true}`; duplicates are folded.
    ///
    /// The error says what is wrong and what is allowed.
    pub fn parse(json: &str) -> Result<Grants, String> {
        let value: Value = serde_json::from_str(json).map_err(|_| SHAPE.to_owned())?;
        let Value::Object(targets) = value else {
            return Err(SHAPE.to_owned());
        };
        if targets.len() > MAX_TARGETS {
            return Err(format!(
                "{} targets are given and at most {MAX_TARGETS} are allowed",
                targets.len()
            ));
        }
        targets
            .into_iter()
            .map(|(target, zones)| Ok((target.clone(), Zones::parse(&target, zones)?)))
            .collect::<Result<_, String>>()
            .map(Grants)
    }

    /// The JSON shape that `parse` reads.
    pub fn to_json(&self) -> Value {
        let targets = self.iter().map(|(target, zones)| {
            let zones = match zones {
                Zones::Whole => Value::Bool(true),
                Zones::Only(zones) => zones.iter().cloned().map(Value::String).collect(),
            };
            (target.to_owned(), zones)
        });
        Value::Object(targets.collect())
    }

    /// Whether nothing is granted.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The targets and what is granted of each, by id.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Zones)> {
        self.0
            .iter()
            .map(|(target, zones)| (target.as_str(), zones))
    }
}

const SHAPE: &str = "must be an object like {\"target\": [\"zone\"], \"other target\": true}";

impl Zones {
    fn parse(target: &str, value: Value) -> Result<Zones, String> {
        if !is_key(target) {
            return Err(format!(
                "target \"{}\" is not an id of 1 to 200 characters without control characters",
                target.escape_debug()
            ));
        }
        let zones = match value {
            Value::Bool(true) => return Ok(Zones::Whole),
            Value::Array(zones) => zones,
            other => {
                return Err(format!(
                    "target \"{target}\" must have true for the whole target or a list of zones, not {other}"
                ));
            }
        };
        if zones.is_empty() {
            return Err(format!(
                "target \"{target}\" has an empty list of zones; give true for the whole target, or leave it out"
            ));
        }
        zones
            .into_iter()
            .map(|zone| match zone {
                Value::String(zone) if is_key(&zone) => Ok(zone),
                other => Err(format!(
                    "target \"{target}\" has a zone that is not an id of 1 to 200 characters: {other}"
                )),
            })
            .collect::<Result<_, String>>()
            .map(Zones::Only)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn duplicates_are_folded() {
        let grants = Grants::parse(r#"{"p": ["b", "a", "b"], "q": true}"#).unwrap();
        let seen: Vec<_> = grants.iter().collect();
        assert_eq!(
            seen,
            [
                ("p", &Zones::Only(["a".to_owned(), "b".to_owned()].into())),
                ("q", &Zones::Whole)
            ]
        );
    }

    #[test]
    fn what_could_be_taken_for_everything_is_refused() {
        for json in [
            r#"{"p": []}"#,
            r#"{"p": null}"#,
            r#"{"p": false}"#,
            r#"{"p": "main"}"#,
            r#"{"p": [""]}"#,
            r#"{"p": [null]}"#,
            r#"{"p": {}}"#,
            r#"{"": true}"#,
            "null",
            "true",
            "[]",
            r#"["p"]"#,
            "1e999",
            r#"{"p": [1e999]}"#,
        ] {
            assert!(Grants::parse(json).is_err(), "{json}");
        }
    }

    #[test]
    fn nothing_granted_is_empty() {
        assert!(Grants::parse("{}").unwrap().is_empty());
    }
}
