//! Ids of users, workspaces, targets and zones.

/// Whether a text can be an id: 1 to 200 characters, no ASCII control characters.
///
/// The same rule as the SQL function `pgtoken_internal.is_key`.
pub fn is_key(text: &str) -> bool {
    (1..=200).contains(&text.chars().count()) && !text.chars().any(|c| c.is_ascii_control())
}

#[cfg(test)]
mod tests {
    use super::is_key;

    #[test]
    fn a_key_has_1_to_200_characters_and_no_control_characters() {
        assert!(is_key("a"));
        assert!(is_key(&"é".repeat(200)));
        assert!(!is_key(""));
        assert!(!is_key(&"a".repeat(201)));
        assert!(!is_key("a\nb"));
    }
}
