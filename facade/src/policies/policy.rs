//! One policy: from what a gateway tells of a request to what its token must allow.
use super::path::decoded;
use regex::Regex;

/// What a token must allow; `None` asks nothing.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Requirement {
    /// The scope.
    pub scope: Option<Box<str>>,
    /// The permissions, separated by spaces.
    pub permissions: Option<Box<str>>,
    /// The workspace.
    pub workspace: Option<Box<str>>,
    /// The target.
    pub target: Option<Box<str>>,
    /// The zone.
    pub zone: Option<Box<str>>,
    /// Whether a rate that is used up shows as 429; else as 403.
    pub shows_429: bool,
}

/// Where a gateway writes the client's request. It must be named: a header that the gateway does
/// not write is one that the client does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// `X-Forwarded-Uri` and `X-Forwarded-Method`: Traefik, Caddy.
    Forwarded,
    /// `X-Original-URI` and `X-Original-Method`: nginx, configured so.
    Original,
    /// The rest of the path and the request's own method: Envoy.
    Rest,
}

/// What the gateway tells of the client's request.
pub struct Observed<'a> {
    /// The method.
    pub method: &'a str,
    /// Path and query, or the path alone.
    pub target: &'a str,
}

/// Asked of the scope.
#[derive(Debug)]
pub(super) enum Scope {
    /// None.
    Any,
    /// The same for all methods.
    One(Box<str>),
    /// One for GET and HEAD, another for the rest.
    ByMethod { read: Box<str>, write: Box<str> },
}

/// A named requirement.
#[derive(Debug)]
pub struct Policy {
    pub(super) source: Source,
    pub(super) scope: Scope,
    pub(super) permissions: Option<Box<str>>,
    pub(super) workspace: Option<Box<str>>,
    pub(super) target: Option<Box<str>>,
    pub(super) zone: Option<Box<str>>,
    pub(super) path: Option<Regex>,
    pub(super) shows_429: bool,
}

impl Policy {
    /// Where the gateway writes the client's request.
    pub fn source(&self) -> Source {
        self.source
    }

    /// Whether the request must be told at all.
    pub fn observes(&self) -> bool {
        self.path.is_some() || matches!(self.scope, Scope::ByMethod { .. })
    }

    /// What the request must be allowed to do; `None` denies.
    pub fn requirement(&self, observed: Option<Observed<'_>>) -> Option<Requirement> {
        let mut requirement = Requirement {
            scope: None,
            permissions: self.permissions.clone(),
            workspace: self.workspace.clone(),
            target: self.target.clone(),
            zone: self.zone.clone(),
            shows_429: self.shows_429,
        };
        requirement.scope = match &self.scope {
            Scope::Any => None,
            Scope::One(scope) => Some(scope.clone()),
            Scope::ByMethod { read, write } => match observed.as_ref()?.method {
                "GET" | "HEAD" => Some(read.clone()),
                _ => Some(write.clone()),
            },
        };
        let Some(pattern) = &self.path else {
            return Some(requirement);
        };
        let path = decoded(observed?.target)?;
        let found = pattern.captures(&path)?;
        let named = |name| Some(found.name(name)?.as_str().into());
        requirement.workspace = named("workspace").or(requirement.workspace);
        requirement.target = named("target").or(requirement.target);
        requirement.zone = named("zone").or(requirement.zone);
        Some(requirement)
    }
}
