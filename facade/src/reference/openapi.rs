//! `GET /openapi.json`: kept by hand in `facade/reference/openapi.json`, and compared with the
//! running facade by `tests/tests/facade_contract.rs`.
use crate::app::App;
use crate::response::{self, Response};

const DOCUMENT: &str = include_str!("../../reference/openapi.json");

/// The one line that differs from facade to facade.
const SERVER: &str = r#""servers": [{"url": "/"}]"#;

/// The document, with the base path as its server.
pub fn answer(app: &App) -> Response {
    // A base path has no character that JSON would escape.
    let server = format!(r#""servers": [{{"url": "{}/"}}]"#, app.config.base_path);
    response::json(DOCUMENT.replacen(SERVER, &server, 1))
}

#[cfg(test)]
mod tests {
    use super::{DOCUMENT, SERVER};

    #[test]
    fn the_server_is_there_to_be_replaced() {
        assert_eq!(DOCUMENT.matches(SERVER).count(), 1);
    }

    #[test]
    fn the_version_is_that_of_the_program() {
        let document: serde_json::Value = serde_json::from_str(DOCUMENT).expect("JSON");
        assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
    }
}
