//! A new token keeps its secret.

use pgtoken_format::{Prefix, Token};
use proptest::prelude::*;

#[test]
fn generated_tokens_differ_in_all_that_is_random() {
    let prefix = Prefix::parse("pv_live").expect("valid");
    let one = Token::generate(&prefix).expect("random bytes");
    let two = Token::generate(&prefix).expect("random bytes");
    assert_ne!(one.as_str(), two.as_str());
    assert_ne!(one.start(), two.start(), "odds of 1 in 62^6");
    assert_ne!(one.digest(), two.digest());
}

#[test]
fn debug_shows_only_the_start() {
    let prefix = Prefix::parse("pgt").expect("valid");
    let token = Token::from_bytes(&prefix, &[0x5a; 32]);
    assert_eq!(format!("{token:?}"), format!("Token({}…)", token.start()));
    assert_eq!(token.start().len(), "pgt_".len() + 6);
}

proptest! {
    #[test]
    fn bytes_can_be_read_back_from_the_digits(bytes: [u8; 32]) {
        let prefix = Prefix::parse("pgt").expect("valid");
        let token = Token::from_bytes(&prefix, &bytes);
        prop_assert_eq!(decode(&token.as_str()[4..4 + 43]), bytes);
    }
}

/// The number of base62 digits, by Horner's rule.
fn decode(digits: &str) -> [u8; 32] {
    let alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut number = [0; 32];
    for digit in digits.chars() {
        let mut carry = alphabet.find(digit).expect("a digit");
        for byte in number.iter_mut().rev() {
            carry += usize::from(*byte) * 62;
            *byte = carry as u8;
            carry >>= 8;
        }
        assert_eq!(carry, 0, "43 digits of a token fit in 32 bytes");
    }
    number
}
