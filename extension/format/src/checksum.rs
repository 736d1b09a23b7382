//! The checksum at the end of a token: tells a mistyped token from an unknown one, without a query.
//!
//! It keeps nobody out: anyone can compute it.
//!
//! What it promises, for a text that still has the shape of a token (damage to the last `_`, and
//! digits lost or added, take that away):
//! - One changed character or two swapped neighbours before the checksum are a burst of at most 16
//!   bits. CRC-32 differs after every burst of at most 32 bits, and six digits tell all 2^32 values
//!   apart.
//! - Damage to the checksum's digits alone is seen, since a text has only one right checksum.
//! - A swap of the last random digit with the first one of the checksum is seen as well. To go
//!   unseen both must be 0 to 4, all that a 32-bit number can begin with. It then adds a multiple
//!   of 62^5 to the checksum, which leaves the lowest five bits alone, and changes the CRC-32 by
//!   the table entry of 1 to 7, which never does.
//! - Any other damage goes unseen with odds of 1 in 2^32.

use crate::base62;

/// Digits of a checksum.
pub(crate) const LEN: usize = 6;

/// CRC-32/ISO-HDLC of prefix, `_` and the random digits, as base62 digits.
pub(crate) fn checksum(text: &[u8]) -> [u8; LEN] {
    base62::encode(&mut crc32fast::hash(text).to_be_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksum_is_crc32_iso_hdlc() {
        assert_eq!(
            crc32fast::hash(b"123456789"),
            0xcbf4_3926,
            "the standard's check value"
        );
        assert_eq!(
            checksum(b"123456789"),
            base62::encode(&mut 0xcbf4_3926u32.to_be_bytes())
        );
    }

    #[test]
    fn swap_across_the_border_always_shows_in_the_lowest_five_bits() {
        assert_eq!(62u32.pow(5) % 32, 0);
        assert_eq!(&checksum_of_value(u32::MAX)[..1], b"4");
        for difference in 1..=7u8 {
            let change = crc32fast::hash(&[difference]) ^ crc32fast::hash(&[0]);
            assert_ne!(change % 32, 0, "{difference}");
        }
    }

    fn checksum_of_value(value: u32) -> [u8; LEN] {
        base62::encode(&mut value.to_be_bytes())
    }
}
