//! Managing tokens: each route is one function of the database.
//!
//! *Invariant*: a handler reads the request, makes one SQL call with named arguments (`find` may make
//! two), and passes the JSON on that the database made. Who may do what is decided there, by `as_user`.
pub mod bulk;
pub mod directory;
pub mod events;
mod fields;
pub mod find;
pub mod grants;
pub mod issue;
mod page;
pub mod revoke;
pub mod rotate;
pub mod session;
pub mod stats;
pub mod tokens;
pub mod update;
pub mod usage;
pub mod verdicts;
pub mod vocabulary;

use crate::app::App;
use crate::caller::Manager;
use crate::database::Database;
use crate::problem::Problem;
use crate::request::Request;
use crate::response::{self, Response};
use hyper::StatusCode;
use hyper::header::{HeaderValue, LOCATION};
use tokio_postgres::Row;
use uuid::Uuid;

/// Who manages, and where.
async fn enter<'app>(
    app: &'app App,
    request: &Request,
) -> Result<(Manager, &'app Database), Problem> {
    let database = app.management()?;
    Ok((app.callers.manager(request).await?, database))
}

/// The id in a path; what is no id names no token.
fn id(segment: &str) -> Result<Uuid, Problem> {
    Uuid::try_parse(segment).map_err(|_| {
        let detail = "id: not found: the path has no UUID where the token's id should be";
        Problem::new(StatusCode::NOT_FOUND, "not_found", detail)
    })
}

/// The one row of a function that returns one, as JSON.
fn one(rows: &[Row]) -> Response {
    let json: String = rows.first().expect("the function returns a row").get(0);
    response::json(json)
}

/// 201 with a token's row and its address.
fn created(app: &App, id: &str, json: String) -> Response {
    let mut response = response::json(json);
    *response.status_mut() = StatusCode::CREATED;
    let location = format!("{}/v1/tokens/{id}", app.config.base_path);
    let location = HeaderValue::from_str(&location).expect("a path and a UUID are plain");
    response.headers_mut().insert(LOCATION, location);
    response
}
