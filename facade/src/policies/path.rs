//! A client's path, decoded where everybody would decode it alike.
use percent_encoding::percent_decode_str;

/// Escaped, these mean one thing to one server and another to the next: they would end a segment, a
/// path or a parameter for whoever decodes once more or earlier.
const DELIMITERS: &[char] = &['/', '\\', '%', '&', '=', '?', '#', ';', '+'];

/// The path of an origin-form request target with every segment decoded, or `None` where it is not
/// one plain path: that denies.
pub(super) fn decoded(target: &str) -> Option<String> {
    let path = target.split_once('?').map_or(target, |(path, _)| path);
    let segments = path.strip_prefix('/')?;
    let mut decoded = String::with_capacity(path.len());
    let mut segments = segments.split('/').peekable();
    while let Some(segment) = segments.next() {
        decoded.push('/');
        if segment.is_empty() && segments.peek().is_none() {
            break;
        }
        decoded.push_str(&plain_segment(segment)?);
    }
    Some(decoded)
}

fn plain_segment(segment: &str) -> Option<std::borrow::Cow<'_, str>> {
    if segment.contains(['\\', '#', ';']) || !is_well_escaped(segment) {
        return None;
    }
    let text = percent_decode_str(segment).decode_utf8().ok()?;
    let hidden = text.chars().filter(|c| DELIMITERS.contains(c)).count();
    let open = segment
        .chars()
        .filter(|c| DELIMITERS.contains(c) && *c != '%')
        .count();
    // A delimiter that only decoding brought out was escaped.
    let plain = hidden == open
        && !text.contains(char::is_control)
        && !text.is_empty()
        && text != "."
        && text != "..";
    plain.then_some(text)
}

/// Whether each `%` begins an escape; a decoder that lets others pass is one that another disagrees with.
fn is_well_escaped(segment: &str) -> bool {
    segment.split('%').skip(1).all(|rest| {
        let digits = rest.as_bytes();
        digits.len() >= 2 && digits[0].is_ascii_hexdigit() && digits[1].is_ascii_hexdigit()
    })
}

#[cfg(test)]
mod tests {
    use super::decoded;

    #[test]
    fn plain_paths_are_decoded_once_and_the_query_is_left_out() {
        for (target, path) in [
            ("/", "/"),
            ("/a", "/a"),
            ("/a/", "/a/"),
            ("/a/b?target=c", "/a/b"),
            ("/a%20b/%C3%A9", "/a b/é"),
            ("/a.b/..c/...", "/a.b/..c/..."),
            ("/a=b&c", "/a=b&c"),
        ] {
            assert_eq!(decoded(target).as_deref(), Some(path), "{target}");
        }
    }

    #[test]
    fn paths_that_two_servers_read_in_two_ways_are_none() {
        for target in [
            "",
            "a",
            "*",
            "http://host/a",
            "//a",
            "/a//b",
            "/./a",
            "/a/..",
            "/a/../b",
            "/%2e%2e/b",
            "/a/%2E",
            "/a%2fb",
            "/a%2Fb",
            "/a%5cb",
            "/a\\b",
            "/a%26target=b",
            "/a%3Fb",
            "/a%23b",
            "/a#b",
            "/a;b",
            "/a%3bb",
            "/..;/a",
            "/a%252fb",
            "/a%25",
            "/a%00b",
            "/a%0a",
            "/a%7f",
            "/a%ff",
            "/a%c3",
            "/a%",
            "/a%2",
            "/a%zz",
            "/a%+1b",
            "/a%2bb",
            "/a%3d",
        ] {
            assert_eq!(decoded(target), None, "{target}");
        }
    }
}
