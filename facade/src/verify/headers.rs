//! Who a request is from, in the headers that a gateway hands on.
use crate::verifier::Verdict;
use hyper::HeaderMap;
use hyper::header::{HeaderName, HeaderValue};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use uuid::Uuid;

const TOKEN_ID: HeaderName = HeaderName::from_static("x-token-id");
const TOKEN_SCOPE: HeaderName = HeaderName::from_static("x-token-scope");
const TOKEN_PERMISSIONS: HeaderName = HeaderName::from_static("x-token-permissions");
const TOKEN_TARGET: HeaderName = HeaderName::from_static("x-token-target");
const TOKEN_ZONE: HeaderName = HeaderName::from_static("x-token-zone");
const TOKEN_AUTO_PUBLISH: HeaderName = HeaderName::from_static("x-token-auto-publish");
const TOKEN_EXPIRES_AT: HeaderName = HeaderName::from_static("x-token-expires-at");
const USER_ID: HeaderName = HeaderName::from_static("x-user-id");
const WORKSPACE_ID: HeaderName = HeaderName::from_static("x-workspace-id");

/// What a header cannot carry as it is, and the sign that says so.
const ESCAPED: &AsciiSet = &CONTROLS.add(b'%');

/// At the ends of a value a space would be lost.
const ESCAPED_WITH_SPACES: &AsciiSet = &ESCAPED.add(b' ');

/// Writes the whole set, always: a header that is missing would be the client's own.
pub fn write(verdict: &Verdict, headers: &mut HeaderMap) {
    headers.reserve(10);
    let mut id = Uuid::encode_buffer();
    let id = verdict
        .token_id()
        .map(|token| &*token.as_hyphenated().encode_lower(&mut id));
    headers.insert(TOKEN_ID, value(id));
    headers.insert(TOKEN_SCOPE, value(verdict.scope()));
    let permissions = verdict.permissions().unwrap_or_default();
    let permissions = (!permissions.is_empty()).then(|| permissions.join(" "));
    headers.insert(TOKEN_PERMISSIONS, value(permissions.as_deref()));
    headers.insert(TOKEN_TARGET, value(verdict.target()));
    headers.insert(TOKEN_ZONE, value(verdict.zone()));
    let auto_publish = match verdict.auto_publish() {
        Some(true) => "true",
        Some(false) => "false",
        None => "",
    };
    headers.insert(TOKEN_AUTO_PUBLISH, HeaderValue::from_static(auto_publish));
    headers.insert(TOKEN_EXPIRES_AT, value(verdict.expires_at()));
    headers.insert(USER_ID, value(verdict.user_id()));
    headers.insert(WORKSPACE_ID, value(verdict.workspace_id()));
}

/// Empty where unset; percent-encoded where no header could carry it.
fn value(text: Option<&str>) -> HeaderValue {
    let Some(text) = text else {
        return HeaderValue::from_static("");
    };
    let is_plain = |byte: u8| (b' '..=b'~').contains(&byte) && byte != b'%';
    let escaped = match (text.trim_matches(' ') == text, text.bytes().all(is_plain)) {
        (true, true) => return HeaderValue::from_str(text).expect("printable ASCII"),
        (true, false) => utf8_percent_encode(text, ESCAPED),
        (false, _) => utf8_percent_encode(text, ESCAPED_WITH_SPACES),
    };
    HeaderValue::from_str(&escaped.to_string()).expect("escapes are printable ASCII")
}

#[cfg(test)]
mod tests {
    use super::value;

    #[test]
    fn what_a_header_cannot_carry_is_percent_encoded() {
        for (text, header) in [
            ("", ""),
            ("plain text", "plain text"),
            ("Küche", "K%C3%BCche"),
            ("100%", "100%25"),
            (" a b ", "%20a%20b%20"),
            ("a\tb\r\nX-User-Id: root", "a%09b%0D%0AX-User-Id: root"),
        ] {
            assert_eq!(value(Some(text)), header);
        }
        assert_eq!(value(None), "");
    }
}
