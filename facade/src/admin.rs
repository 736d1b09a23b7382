//! `/admin/`: the page, as files that the program carries.
//!
//! *Invariant*: the page may load nothing but its own files, and runs no script that is not one of
//! them. What it may do is decided by the routes that it calls.
use crate::app::App;
use crate::problem::Problem;
use crate::request::Request;
use crate::response::{self, Response};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http_body_util::Full;
use hyper::StatusCode;
use hyper::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, ETAG, HeaderName,
    HeaderValue, IF_NONE_MATCH, LOCATION, REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS,
};
use rust_embed::Embed;
use std::collections::HashMap;
use std::io::Write;
use std::sync::LazyLock;

#[derive(Embed)]
#[folder = "admin/"]
struct Files;

/// A file of the page.
struct File {
    kind: &'static str,
    etag: HeaderValue,
    plain: Bytes,
    gzip: Bytes,
}

/// Compressed once, when the page is first asked for.
static FILES: LazyLock<HashMap<String, File>> = LazyLock::new(|| {
    Files::iter()
        .map(|name| (name.to_string(), read(&name)))
        .collect()
});

const HEADERS: [(HeaderName, &str); 5] = [
    (
        CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
         connect-src 'self'; font-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    ),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (REFERRER_POLICY, "no-referrer"),
    // Kept, and asked for again each time: a new version shows at once.
    (CACHE_CONTROL, "no-cache"),
    (VARY, "accept-encoding"),
];

/// Sends a file, or says that the browser's own copy is still good.
pub fn answer(app: &App, request: &Request) -> Result<Response, Problem> {
    app.management()?;
    let Some(name) = request.path().strip_prefix("/admin/") else {
        return Ok(to_folder(app));
    };
    let name = if name.is_empty() { "index.html" } else { name };
    let file = FILES.get(name).ok_or_else(Problem::not_found)?;
    let asks = |header: &HeaderName, for_what: &str| {
        let value = request.headers().get(header);
        value.is_some_and(|value| value.to_str().is_ok_and(|value| value.contains(for_what)))
    };
    let mut response = response::empty(StatusCode::NOT_MODIFIED);
    let etag = file.etag.to_str().expect("hexadecimal digits are ASCII");
    if !asks(&IF_NONE_MATCH, etag) {
        response = response::typed(file.plain.clone(), file.kind);
        if asks(&ACCEPT_ENCODING, "gzip") {
            *response.body_mut() = Full::new(file.gzip.clone());
            let gzip = HeaderValue::from_static("gzip");
            response.headers_mut().insert(CONTENT_ENCODING, gzip);
        }
    }
    let headers = response.headers_mut();
    headers.insert(ETAG, file.etag.clone());
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    Ok(response)
}

/// The files are addressed relative to the folder, whatever comes before it.
fn to_folder(app: &App) -> Response {
    let mut response = response::empty(StatusCode::PERMANENT_REDIRECT);
    let folder = format!("{}/admin/", app.config.base_path);
    let folder = HeaderValue::from_str(&folder).expect("the base path was checked");
    response.headers_mut().insert(LOCATION, folder);
    response
}

fn read(name: &str) -> File {
    let file = Files::get(name).expect("it was listed");
    let digest = file.metadata.sha256_hash();
    let digest: String = digest[..12]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    let gzip = gzip
        .write_all(&file.data)
        .and_then(|()| gzip.finish())
        .expect("memory takes everything");
    File {
        kind: kind(name),
        etag: HeaderValue::from_str(&format!("W/\"{digest}\"")).expect("digits"),
        plain: file.data.into_owned().into(),
        gzip: gzip.into(),
    }
}

fn kind(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, ending)| ending) {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "text/plain; charset=utf-8",
    }
}
