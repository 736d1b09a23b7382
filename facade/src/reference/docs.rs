//! `GET /docs`: Swagger UI 5.35.0 over the OpenAPI document; its files are part of the program.
use crate::app::App;
use crate::problem::Problem;
use crate::response::{self, Response};
use hyper::StatusCode;
use hyper::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, LOCATION};

const PAGE: &str = include_str!("../../reference/docs.html");
const START: &str = include_str!("../../reference/start.js");
const STYLE: &str = include_str!("../../reference/swagger-ui/swagger-ui.css");
const SCRIPT: &str = include_str!("../../reference/swagger-ui/swagger-ui-bundle.js");

/// Everything from here, and icons from within the style sheet.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
    connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The page.
pub fn page() -> Response {
    let mut response = response::typed(PAGE, "text/html; charset=utf-8");
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    let options = HeaderName::from_static("x-content-type-options");
    headers.insert(options, HeaderValue::from_static("nosniff"));
    response
}

/// The page is relative to its address without a slash at the end.
pub fn without_slash(app: &App) -> Response {
    let mut response = response::empty(StatusCode::PERMANENT_REDIRECT);
    let page = HeaderValue::from_str(&format!("{}/docs", app.config.base_path));
    let page = page.expect("a base path is plain");
    response.headers_mut().insert(LOCATION, page);
    response
}

/// A file of the page.
pub fn file(name: &str) -> Result<Response, Problem> {
    let (text, kind) = match name {
        "start.js" => (START, "text/javascript; charset=utf-8"),
        "swagger-ui-bundle.js" => (SCRIPT, "text/javascript; charset=utf-8"),
        "swagger-ui.css" => (STYLE, "text/css; charset=utf-8"),
        _ => return Err(Problem::not_found()),
    };
    let mut response = response::typed(text, kind);
    let an_hour = HeaderValue::from_static("public, max-age=3600");
    response.headers_mut().insert(CACHE_CONTROL, an_hour);
    Ok(response)
}
