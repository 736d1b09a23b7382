//! Damage to a token never leaves something that looks like a token.

mod sample;

use pgtoken_format::{Shape, classify};
use proptest::prelude::*;

const DIGITS: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

#[test]
fn every_change_of_one_byte_is_caught() {
    for token in sample::tokens() {
        for position in 0..token.len() {
            for byte in (0..=u8::MAX).filter(|byte| *byte != token[position]) {
                let mut damaged = token.clone();
                damaged[position] = byte;
                assert_ne!(classify(&damaged), Shape::Own, "{position}: {byte}");
            }
        }
    }
}

#[test]
fn every_other_digit_is_malformed_without_a_query() {
    for token in sample::tokens() {
        for position in token.len() - 49..token.len() {
            for byte in DIGITS.iter().filter(|byte| **byte != token[position]) {
                let mut damaged = token.clone();
                damaged[position] = *byte;
                assert_eq!(classify(&damaged), Shape::Malformed, "{position}: {byte}");
            }
        }
    }
}

#[test]
fn every_swap_of_neighbours_is_caught() {
    for token in sample::tokens() {
        for position in (1..token.len()).filter(|i| token[i - 1] != token[*i]) {
            let mut damaged = token.clone();
            damaged.swap(position - 1, position);
            assert_ne!(classify(&damaged), Shape::Own, "{position}");
            if position > token.len() - 49 {
                assert_eq!(classify(&damaged), Shape::Malformed, "{position}");
            }
        }
    }
}

#[test]
fn every_cut_and_every_character_added_to_the_digits_changes_the_shape() {
    for token in sample::tokens() {
        let digits_begin = token.len() - 49;
        for position in digits_begin..token.len() {
            let mut cut = token.clone();
            cut.remove(position);
            assert_eq!(classify(&cut), Shape::Foreign, "{position}");
        }
        for position in digits_begin..=token.len() {
            for digit in DIGITS {
                let mut longer = token.clone();
                longer.insert(position, *digit);
                assert_eq!(classify(&longer), Shape::Foreign, "{position}: {digit}");
            }
        }
    }
}

proptest! {
    #[test]
    fn one_change_and_one_swap_are_caught_in_every_token(
        token in sample::any_token(),
        position in 1usize..60,
        byte: u8,
    ) {
        let position = 1 + (position - 1) % (token.len() - 1);
        if token[position] != byte {
            let mut changed = token.clone();
            changed[position] = byte;
            prop_assert_ne!(classify(&changed), Shape::Own);
        }
        if token[position - 1] != token[position] {
            let mut swapped = token.clone();
            swapped.swap(position - 1, position);
            prop_assert_ne!(classify(&swapped), Shape::Own);
        }
    }
}
