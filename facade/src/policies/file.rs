//! The file of policies.
//!
//! ```toml
//! [playlists]
//! from = "x-forwarded-uri"
//! scope = { read = "read", write = "write" }
//! path = '/playlists/(?<target>[^/]+)(?:/zones/(?<zone>[^/]+))?(?:/.*)?'
//! ```
use super::Policies;
use super::policy::{Policy, Scope, Source};
use regex::Regex;
use std::collections::HashMap;
use std::path::Path;
use thiserror::Error;
use toml::{Table, Value};

/// Groups of `path` that name what is asked for.
const GROUPS: [&str; 3] = ["workspace", "target", "zone"];

/// Why the file cannot be used.
#[derive(Debug, Error)]
pub enum PolicyError {
    /// Not there, or not readable.
    #[error("{file}: {error}")]
    Read {
        /// The file.
        file: String,
        /// Why.
        error: std::io::Error,
    },
    /// Not TOML.
    #[error("{file}: {why}")]
    Syntax {
        /// The file.
        file: String,
        /// Where and why, in one line.
        why: String,
    },
    /// Not the name of a policy, or not a table.
    #[error("{file}: policy `{policy}`: {why}")]
    Policy {
        /// The file.
        file: String,
        /// The policy.
        policy: String,
        /// Why.
        why: String,
    },
    /// A field with a value that it cannot have.
    #[error("{file}: policy `{policy}`: {field}: {why}")]
    Field {
        /// The file.
        file: String,
        /// The policy.
        policy: String,
        /// The field.
        field: String,
        /// Why.
        why: String,
    },
}

/// Reads and checks the whole file.
pub fn read(path: &Path) -> Result<Policies, PolicyError> {
    let file = path.display().to_string();
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => return Err(PolicyError::Read { file, error }),
    };
    parse(&file, &text)
}

fn parse(file: &str, text: &str) -> Result<Policies, PolicyError> {
    let table: Table = text.parse().map_err(|error: toml::de::Error| {
        let offset = error.span().map_or(0, |span| span.start);
        let line = text.as_bytes()[..offset]
            .iter()
            .filter(|byte| **byte == b'\n')
            .count()
            + 1;
        PolicyError::Syntax {
            file: file.to_owned(),
            why: format!("line {line}: {}", error.message()),
        }
    })?;
    let mut policies = HashMap::new();
    for (name, value) in table {
        let refuse = |why: &str| PolicyError::Policy {
            file: file.to_owned(),
            policy: name.clone(),
            why: why.to_owned(),
        };
        let allowed =
            |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
        if name.is_empty() || !name.chars().all(allowed) {
            return Err(refuse(
                "a name has lower-case letters, digits, - and _ only",
            ));
        }
        let Value::Table(fields) = value else {
            return Err(refuse("must be a table of fields"));
        };
        let mut fields = Fields { fields };
        let policy = fields.policy().map_err(|(field, why)| PolicyError::Field {
            file: file.to_owned(),
            policy: name.clone(),
            field,
            why,
        })?;
        policies.insert(name, policy);
    }
    Ok(Policies(policies))
}

/// A field and what is wrong with it.
type Wrong = (String, String);

/// The fields of a policy that were not read yet.
struct Fields {
    fields: Table,
}

impl Fields {
    fn policy(&mut self) -> Result<Policy, Wrong> {
        let source = match self.text("from")?.as_deref() {
            Some("x-forwarded-uri") => Some(Source::Forwarded),
            Some("x-original-uri") => Some(Source::Original),
            Some("path") => Some(Source::Rest),
            Some(_) => return wrong("from", "must be x-forwarded-uri, x-original-uri or path"),
            None => None,
        };
        let scope = self.scope()?;
        let path = self.path()?;
        if source.is_none() && (path.is_some() || matches!(scope, Scope::ByMethod { .. })) {
            let why = "is missing, and path and scope by method need it: x-forwarded-uri, x-original-uri or path";
            return wrong("from", why);
        }
        let policy = Policy {
            source: source.unwrap_or(Source::Rest),
            scope,
            permissions: self.permissions()?,
            workspace: self.fixed("workspace", path.as_ref())?,
            target: self.fixed("target", path.as_ref())?,
            zone: self.fixed("zone", path.as_ref())?,
            shows_429: self.status_429()?,
            path,
        };
        let names = |group| {
            policy
                .path
                .as_ref()
                .is_some_and(|path| has_group(path, group))
        };
        if (policy.zone.is_some() || names("zone")) && policy.target.is_none() && !names("target") {
            return wrong("zone", "needs a target, as a field or as a group of path");
        }
        match self.fields.keys().next() {
            Some(unknown) => wrong(
                unknown,
                "is unknown; there are from, scope, permissions, path, workspace, target, zone and status_429",
            ),
            None => Ok(policy),
        }
    }

    fn scope(&mut self) -> Result<Scope, Wrong> {
        match self.fields.remove("scope") {
            None => Ok(Scope::Any),
            Some(Value::String(scope)) => Ok(Scope::One(word("scope", scope)?)),
            Some(Value::Table(by_method)) => {
                let mut by_method = Fields { fields: by_method };
                let read = by_method.text("read").map_err(in_scope)?;
                let write = by_method.text("write").map_err(in_scope)?;
                if let Some(unknown) = by_method.fields.keys().next() {
                    return wrong(
                        &format!("scope.{unknown}"),
                        "is unknown; there are read and write",
                    );
                }
                match (read, write) {
                    (Some(read), Some(write)) => Ok(Scope::ByMethod {
                        read: word("scope.read", read)?,
                        write: word("scope.write", write)?,
                    }),
                    _ => wrong("scope", "by method must have both read and write"),
                }
            }
            Some(_) => wrong("scope", "must be a string or a table with read and write"),
        }
    }

    fn permissions(&mut self) -> Result<Option<Box<str>>, Wrong> {
        let Some(value) = self.fields.remove("permissions") else {
            return Ok(None);
        };
        let Value::Array(elements) = value else {
            return wrong("permissions", "must be an array of strings");
        };
        let mut words = Vec::with_capacity(elements.len());
        for element in elements {
            let Value::String(permission) = element else {
                return wrong("permissions", "must be an array of strings");
            };
            words.push(word("permissions", permission)?);
        }
        match words.is_empty() {
            true => wrong(
                "permissions",
                "must not be empty; leave it out to ask for none",
            ),
            false => Ok(Some(words.join(" ").into())),
        }
    }

    fn path(&mut self) -> Result<Option<Regex>, Wrong> {
        let Some(pattern) = self.text("path")? else {
            return Ok(None);
        };
        // Checked by itself first: an unbalanced parenthesis must not reach out of the anchors.
        let anchored =
            Regex::new(&pattern).and_then(|_| Regex::new(&format!(r"\A(?:{pattern})\z")));
        let path = match anchored {
            Ok(path) => path,
            Err(error) => {
                let why = error.to_string();
                let last = why
                    .lines()
                    .last()
                    .unwrap_or_default()
                    .trim_start_matches("error: ");
                return wrong("path", &format!("is not a regular expression: {last}"));
            }
        };
        let stranger = path
            .capture_names()
            .flatten()
            .find(|name| !GROUPS.contains(name));
        match stranger {
            Some(name) => wrong(
                "path",
                &format!("has a group `{name}`; the groups are workspace, target and zone"),
            ),
            None => Ok(Some(path)),
        }
    }

    /// A value that is the same for every request, unless the path has it.
    fn fixed(&mut self, field: &str, path: Option<&Regex>) -> Result<Option<Box<str>>, Wrong> {
        let Some(value) = self.text(field)? else {
            return Ok(None);
        };
        if path.is_some_and(|path| has_group(path, field)) {
            return wrong(field, "is a group of path already");
        }
        match value.is_empty() || value.contains(char::is_control) {
            true => wrong(field, "must not be empty or have control characters"),
            false => Ok(Some(value.into())),
        }
    }

    fn status_429(&mut self) -> Result<bool, Wrong> {
        match self.fields.remove("status_429") {
            None | Some(Value::Integer(403)) => Ok(false),
            Some(Value::Integer(429)) => Ok(true),
            Some(_) => wrong("status_429", "must be 429 or 403"),
        }
    }

    fn text(&mut self, field: &str) -> Result<Option<String>, Wrong> {
        match self.fields.remove(field) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => wrong(field, "must be a string"),
        }
    }
}

fn has_group(path: &Regex, group: &str) -> bool {
    path.capture_names().flatten().any(|name| name == group)
}

fn word(field: &str, value: String) -> Result<Box<str>, Wrong> {
    let plain = !value.is_empty() && !value.contains(|c: char| c.is_whitespace() || c.is_control());
    match plain {
        true => Ok(value.into()),
        false => wrong(field, "must not be empty or have white space"),
    }
}

fn in_scope((field, why): Wrong) -> Wrong {
    (format!("scope.{field}"), why)
}

fn wrong<T>(field: &str, why: &str) -> Result<T, Wrong> {
    Err((field.to_owned(), why.to_owned()))
}
