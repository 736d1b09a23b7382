//! JSON from clients, read strictly: a key that is there twice is refused, at any depth, and so is
//! what PostgreSQL cannot hold. Each refusal points to the place.
use crate::problem::Problem;
use serde::Deserializer;
use serde::de::{DeserializeOwned, DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use serde_path_to_error::{Path, Segment};
use std::fmt;

/// Up to here a floating-point number is exactly the whole number that was written.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Reads a body.
pub fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut source = serde_json::Deserializer::from_slice(bytes);
    let value = Strict
        .deserialize(&mut source)
        .and_then(|value| source.end().map(|()| value))
        .map_err(|error| Problem::bad_request(format!("the body is not good JSON: {error}")))?;
    if !value.is_object() {
        return Err(Problem::bad_request("the body must be a JSON object"));
    }
    serde_path_to_error::deserialize(value).map_err(|error| {
        let pointer = pointer_of(error.path());
        Problem::bad_field(pointer, error.into_inner().to_string())
    })
}

/// The JSON pointer of a place.
fn pointer_of(path: &Path) -> String {
    path.iter()
        .filter_map(|segment| match segment {
            Segment::Seq { index } => Some(format!("/{index}")),
            Segment::Map { key } => Some(crate::request::pointer(key)),
            Segment::Enum { .. } | Segment::Unknown => None,
        })
        .collect()
}

/// Builds a value of which each key was there once.
struct Strict;

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, source: D) -> Result<Value, D::Error> {
        source.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        // JSON has one kind of numbers: 60.0 is the same as 60.
        if value.fract() == 0.0 && value.abs() < EXACT {
            return Ok((value as i64).into());
        }
        Ok(value.into())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        storable(value).map(|()| value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut source: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = source.next_element_seed(Strict)? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut source: A) -> Result<Value, A::Error> {
        let mut fields = Map::new();
        while let Some(key) = source.next_key::<String>()? {
            storable(&key)?;
            if fields.contains_key(&key) {
                return Err(A::Error::custom(format_args!("key `{key}` is there twice")));
            }
            fields.insert(key, source.next_value_seed(Strict)?);
        }
        Ok(Value::Object(fields))
    }
}

/// A text in PostgreSQL has every character but one.
fn storable<E: Error>(text: &str) -> Result<(), E> {
    if text.contains('\0') {
        return Err(E::custom("a text has a NUL character"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Body {
        #[serde(default)]
        _names: Vec<String>,
        #[serde(default)]
        _any: Value,
    }

    fn refusal(body: &str) -> String {
        let problem = read::<Body>(body.as_bytes()).expect_err("refused");
        serde_json::to_value(&problem).expect("JSON").to_string()
    }

    #[test]
    fn a_key_there_twice_is_refused_at_any_depth() {
        assert!(refusal(r#"{"_any": [{"a": 1, "a": 1}]}"#).contains("key `a` is there twice"));
    }

    #[test]
    fn a_refusal_points_to_the_place() {
        assert!(refusal(r#"{"_names": ["a", 1]}"#).contains(r#""pointer":"/_names/1""#));
        assert!(refusal(r#"{"nope/": 1}"#).contains(r#""pointer":"/nope~1""#));
    }

    #[test]
    fn a_whole_number_may_be_written_with_a_point() {
        let mut source = serde_json::Deserializer::from_str("[60.0, 6e1, -1.0, 0.5, 1e300]");
        let value = Strict.deserialize(&mut source).expect("JSON");
        assert_eq!(value, serde_json::json!([60, 60, -1, 0.5, 1e300]));
    }

    #[test]
    fn what_is_no_object_or_not_alone_is_refused() {
        assert!(refusal("[]").contains("must be a JSON object"));
        assert!(refusal("{} {}").contains("not good JSON"));
        assert!(refusal(r#"{"_any": "\u0000"}"#).contains("NUL"));
    }
}
