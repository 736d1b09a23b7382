//! What a gateway requires, in the query of exactly `/v1/forward-auth`.
//!
//! The query is the gateway's own. Whatever in it is not perfectly plain denies.
use crate::policies::Requirement;
use percent_encoding::percent_decode_str;

/// `scope`, `permission` (again and again), `workspace`, `target`, `zone`, `status_429=429`; `None` denies.
pub fn of_query(query: &str) -> Option<Requirement> {
    let mut requirement = Requirement::default();
    let mut permissions: Vec<String> = Vec::new();
    if query.is_empty() {
        return Some(requirement);
    }
    for parameter in query.split('&') {
        let (name, value) = parameter.split_once('=')?;
        let value = decoded(value)?;
        let place = match name {
            "permission" if value.contains(char::is_whitespace) => return None,
            "permission" => {
                permissions.push(value);
                continue;
            }
            "status_429" if value == "429" && !requirement.shows_429 => {
                requirement.shows_429 = true;
                continue;
            }
            "scope" => &mut requirement.scope,
            "workspace" => &mut requirement.workspace,
            "target" => &mut requirement.target,
            "zone" => &mut requirement.zone,
            _ => return None,
        };
        if place.replace(value.into()).is_some() {
            return None;
        }
    }
    requirement.permissions = (!permissions.is_empty()).then(|| permissions.join(" ").into());
    Some(requirement)
}

/// A value of a query: not empty, UTF-8, and without control characters.
fn decoded(value: &str) -> Option<String> {
    let value = value.replace('+', " ");
    let text = percent_decode_str(&value).decode_utf8().ok()?;
    (!text.is_empty() && !text.contains(char::is_control)).then(|| text.into_owned())
}

#[cfg(test)]
mod tests {
    use super::of_query;

    #[test]
    fn each_parameter_is_required() {
        let asked =
            of_query("scope=read&permission=a&target=x%20y&permission=b&zone=z&workspace=w")
                .expect("a requirement");
        assert_eq!(asked.scope.as_deref(), Some("read"));
        assert_eq!(asked.permissions.as_deref(), Some("a b"));
        assert_eq!(asked.target.as_deref(), Some("x y"));
        assert_eq!(asked.zone.as_deref(), Some("z"));
        assert_eq!(asked.workspace.as_deref(), Some("w"));
        assert!(!asked.shows_429);
        assert!(of_query("status_429=429").expect("a requirement").shows_429);
    }

    #[test]
    fn empty_repeated_and_unknown_parameters_deny() {
        for query in [
            "scope",
            "scope=",
            "scope=read&scope=read",
            "scope=read&",
            "&",
            "=",
            "Scope=read",
            "%73cope=read",
            "target=a&target=b",
            "zone=a&zone=b",
            "workspace=a&workspace=b",
            "permission=",
            "permission=a+b",
            "permission=a%20b",
            "status_429=403",
            "status_429=429&status_429=429",
            "token=pgt_x",
            "scope=%00",
            "scope=%ff",
            "nope=1",
        ] {
            assert_eq!(of_query(query), None, "{query}");
        }
    }
}
