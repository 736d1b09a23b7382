//! A request, after limits: what was asked, by whom, from where.
use crate::app::App;
use crate::json;
use crate::problem::Problem;
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Body, Incoming};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, HeaderName, HeaderValue};
use hyper::http::request::Parts;
use hyper::{HeaderMap, Method, StatusCode, Uri};
use serde::de::DeserializeOwned;
use std::borrow::Cow;
use std::net::IpAddr;
use std::time::Duration;
use tokio::time::timeout;
use uuid::Uuid;

/// Longer bodies are refused.
pub const MAX_BODY: usize = 64 * 1024;

/// What a request is called in answers and logs.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const API_KEY: HeaderName = HeaderName::from_static("x-api-key");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// An incoming request.
pub struct Request {
    head: Parts,
    body: Incoming,
    below: usize,
    body_timeout: Duration,
    peer: IpAddr,
    /// The client's, as trusted proxies tell it.
    pub client_addr: IpAddr,
    /// Whether the client speaks TLS to a trusted proxy.
    pub is_https: bool,
    /// The client's own `X-Request-Id`, or a new UUID.
    pub id: HeaderValue,
}

impl Request {
    /// Looks at the head; the body stays unread.
    pub fn new(app: &App, peer: IpAddr, request: hyper::Request<Incoming>) -> Request {
        let (head, body) = request.into_parts();
        let peer = peer.to_canonical();
        let forwarded = head.headers.get_all(FORWARDED_FOR);
        let forwarded: Vec<&str> = forwarded
            .iter()
            .map(|v| v.to_str().unwrap_or("?"))
            .collect();
        let is_https = app.config.trusted_proxies.trust(peer)
            && head
                .headers
                .get(FORWARDED_PROTO)
                .is_some_and(|v| v == "https");
        Request {
            client_addr: app
                .config
                .trusted_proxies
                .client(peer, forwarded.into_iter()),
            is_https,
            id: request_id(&head.headers),
            below: below(&app.config.base_path, head.uri.path()),
            body_timeout: app.config.limits.body,
            peer,
            head,
            body,
        }
    }

    /// Whether a trusted proxy told the client's address.
    pub fn is_forwarded(&self) -> bool {
        self.client_addr != self.peer
    }

    /// The method.
    pub fn method(&self) -> &Method {
        &self.head.method
    }

    /// The URI, with the base path.
    pub fn uri(&self) -> &Uri {
        &self.head.uri
    }

    /// The path below the base path, still percent-encoded; empty where it is not below it.
    pub fn path(&self) -> &str {
        &self.head.uri.path()[self.below..]
    }

    /// The whole query, still encoded; empty where there is none.
    pub fn raw_query(&self) -> &str {
        self.head.uri.query().unwrap_or_default()
    }

    /// The headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.head.headers
    }

    /// A header that is there once at most, as text.
    pub fn text(&self, name: &'static str) -> Result<Option<&str>, Problem> {
        let mut values = self.head.headers.get_all(name).iter();
        match (values.next(), values.next()) {
            (None, _) => Ok(None),
            (Some(value), None) => match std::str::from_utf8(value.as_bytes()) {
                Ok(text) => Ok(Some(text)),
                Err(_) => Err(Problem::bad_request(format!(
                    "the header {name} is not UTF-8"
                ))),
            },
            _ => Err(Problem::bad_request(format!(
                "the header {name} is there twice"
            ))),
        }
    }

    /// The host in the URI, where HTTP/2 has it.
    pub fn authority(&self) -> Option<&str> {
        self.head
            .uri
            .authority()
            .map(|authority| authority.as_str())
    }

    /// The query as names and values; names that are not in `known`, or are there twice, are refused.
    pub fn query<'k>(&self, known: &'k [&'k str]) -> Result<Fields<'k>, Problem> {
        Fields::read(self.raw_query().as_bytes(), known)
    }

    /// The credential in `Authorization: Bearer` or `X-API-Key`; two that differ are refused.
    pub fn credential(&self) -> Result<Option<&str>, Problem> {
        let bearers = self.head.headers.get_all(AUTHORIZATION).iter();
        let bearers = bearers.filter_map(|value| bearer(value.as_bytes()));
        let keys = self.head.headers.get_all(API_KEY).iter();
        let mut found: Option<&[u8]> = None;
        for credential in bearers.chain(keys.map(HeaderValue::as_bytes)) {
            if found.is_some_and(|other| other != credential) {
                return Err(Problem::bad_request(
                    "there are two different credentials: send one, in Authorization or in X-API-Key",
                ));
            }
            found = Some(credential);
        }
        match found.map(std::str::from_utf8) {
            None => Ok(None),
            Some(Ok(credential)) => Ok(Some(credential)),
            Some(Err(_)) => Err(Problem::invalid_token()),
        }
    }

    /// The value of a cookie.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        let headers = self.head.headers.get_all(COOKIE).iter();
        let pairs = headers
            .filter_map(|value| value.to_str().ok())
            .flat_map(|v| v.split(';'));
        let mut pairs = pairs.filter_map(|pair| pair.trim().split_once('='));
        pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
    }

    /// The body as JSON; fields that are unknown or there twice are refused, and named.
    pub async fn json<T: DeserializeOwned>(&mut self) -> Result<T, Problem> {
        self.expect_type("application/json")?;
        json::read(&self.bytes().await?)
    }

    /// As [`Request::json`], or the default where there is no body.
    pub async fn json_or_default<T: DeserializeOwned + Default>(&mut self) -> Result<T, Problem> {
        if self.body.is_end_stream() {
            return Ok(T::default());
        }
        self.expect_type("application/json")?;
        let bytes = self.bytes().await?;
        if bytes.is_empty() {
            return Ok(T::default());
        }
        json::read(&bytes)
    }

    /// The body as a form, as OAuth has it: parameters that are there twice are refused, unknown ones ignored.
    pub async fn form<'k>(&mut self, known: &'k [&'k str]) -> Result<Fields<'k>, Problem> {
        self.expect_type("application/x-www-form-urlencoded")?;
        let bytes = self.bytes().await?;
        Fields::read_some(&bytes, known)
    }

    /// The body, of at most 64 kB, sent in time.
    pub async fn bytes(&mut self) -> Result<Bytes, Problem> {
        let too_large = || {
            Problem::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "body_too_large",
                "a body has at most 64 kB",
            )
        };
        if self.body.size_hint().lower() > MAX_BODY as u64 {
            return Err(too_large());
        }
        let body = Limited::new(&mut self.body, MAX_BODY).collect();
        match timeout(self.body_timeout, body).await {
            Ok(Ok(body)) => Ok(body.to_bytes()),
            Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large()),
            Ok(Err(_)) => Err(Problem::bad_request("the body ended early")),
            Err(_) => Err(Problem::new(
                StatusCode::REQUEST_TIMEOUT,
                "body_timeout",
                "the body did not arrive in time",
            )),
        }
    }

    fn expect_type(&self, expected: &'static str) -> Result<(), Problem> {
        let given = self
            .head
            .headers
            .get(CONTENT_TYPE)
            .and_then(|v| v.to_str().ok());
        let given = given.and_then(|v| v.split(';').next()).unwrap_or_default();
        if given.trim().eq_ignore_ascii_case(expected) {
            return Ok(());
        }
        Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            format!("the body must come with Content-Type: {expected}"),
        ))
    }
}

/// Names and values of a query or a form.
pub struct Fields<'k> {
    known: &'k [&'k str],
    values: Vec<Option<String>>,
}

impl<'k> Fields<'k> {
    fn read(encoded: &[u8], known: &'k [&'k str]) -> Result<Fields<'k>, Problem> {
        for (name, _) in form_urlencoded::parse(encoded) {
            if !known.contains(&&*name) {
                let detail = match known {
                    [] => "there is no such parameter; none is allowed here".to_owned(),
                    known => format!(
                        "there is no such parameter; allowed are {}",
                        known.join(", ")
                    ),
                };
                return Err(Problem::bad_field(pointer(&name), detail));
            }
        }
        Fields::read_some(encoded, known)
    }

    fn read_some(encoded: &[u8], known: &'k [&'k str]) -> Result<Fields<'k>, Problem> {
        let mut values = vec![None; known.len()];
        for (name, value) in form_urlencoded::parse(encoded) {
            let Some(place) = known.iter().position(|known| *known == name) else {
                continue;
            };
            if values[place].is_some() {
                return Err(Problem::bad_field(
                    pointer(&name),
                    "is there more than once",
                ));
            }
            if value.contains('\0') {
                return Err(Problem::bad_field(pointer(&name), "has a NUL character"));
            }
            values[place] = Some(value.into_owned());
        }
        Ok(Fields { known, values })
    }

    /// The value of a parameter.
    pub fn get(&self, name: &str) -> Option<&str> {
        let place = self.known.iter().position(|known| *known == name);
        self.values[place.expect("only what is known is asked for")].as_deref()
    }
}

/// A JSON pointer to a field.
pub fn pointer(name: &str) -> String {
    let shown: String = name.chars().filter(|c| !c.is_control()).take(100).collect();
    format!("/{}", shown.replace('~', "~0").replace('/', "~1"))
}

/// One segment of a path, decoded.
pub fn decoded(segment: &str) -> Result<Cow<'_, str>, Problem> {
    let text = percent_encoding::percent_decode_str(segment).decode_utf8();
    text.ok()
        .filter(|text| !text.contains('\0'))
        .ok_or_else(Problem::not_found)
}

/// Where the path below the base path begins.
fn below(base_path: &str, path: &str) -> usize {
    match path.strip_prefix(base_path) {
        Some(rest) if rest.starts_with('/') => base_path.len(),
        _ => path.len(),
    }
}

/// What follows the scheme `Bearer`, in any case.
fn bearer(value: &[u8]) -> Option<&[u8]> {
    let (scheme, rest) = value.split_at_checked(6)?;
    if !scheme.eq_ignore_ascii_case(b"bearer") {
        return None;
    }
    match rest {
        [] => Some(rest),
        [b' ' | b'\t', ..] => Some(rest.trim_ascii()),
        _ => None,
    }
}

/// The client's own id where it is short and plain, or a new one.
fn request_id(headers: &HeaderMap) -> HeaderValue {
    let plain = |c: &u8| c.is_ascii_alphanumeric() || b"-_.:/+=".contains(c);
    if let Some(id) = headers.get(REQUEST_ID)
        && (1..=128).contains(&id.len())
        && id.as_bytes().iter().all(plain)
    {
        return id.clone();
    }
    let mut text = Uuid::encode_buffer();
    let id = Uuid::now_v7().as_hyphenated().encode_lower(&mut text);
    HeaderValue::from_str(id).expect("a UUID is plain text")
}
