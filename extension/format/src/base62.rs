//! Numbers as base62 digits.

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Writes a big-endian number as exactly `N` digits, zero-padded; higher digits would be lost.
/// Uses the number up by long division: where `N` digits suffice it is zero afterwards.
pub(crate) fn encode<const N: usize>(number: &mut [u8]) -> [u8; N] {
    let mut digits = [0; N];
    for digit in digits.iter_mut().rev() {
        *digit = DIGITS[divide_by_62(number)];
    }
    digits
}

/// Divides a big-endian number in place and returns the remainder.
fn divide_by_62(number: &mut [u8]) -> usize {
    let mut remainder = 0;
    for byte in number {
        let dividend = (remainder << 8) | u32::from(*byte);
        *byte = (dividend / 62) as u8;
        remainder = dividend % 62;
    }
    remainder as usize
}

/// Whether the byte is one of the 62 digits.
pub(crate) fn is_digit(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_count_0_to_9_then_upper_then_lower_case() {
        for value in 0..62u8 {
            assert_eq!(encode(&mut [value]), [b'0', DIGITS[usize::from(value)]]);
        }
        assert!(DIGITS.is_sorted());
    }

    #[test]
    fn every_byte_outside_the_alphabet_is_no_digit() {
        for byte in 0..=255u8 {
            assert_eq!(is_digit(&byte), DIGITS.contains(&byte), "{byte}");
        }
    }

    #[test]
    fn small_numbers_are_padded_and_places_carry() {
        assert_eq!(&encode::<6>(&mut 0u32.to_be_bytes()), b"000000");
        assert_eq!(&encode::<6>(&mut 61u32.to_be_bytes()), b"00000z");
        assert_eq!(&encode::<6>(&mut 62u32.to_be_bytes()), b"000010");
        assert_eq!(
            &encode::<6>(&mut (62u32.pow(5) - 1).to_be_bytes()),
            b"0zzzzz"
        );
        assert_eq!(&encode::<6>(&mut u32::MAX.to_be_bytes()), b"4gfFC3");
    }

    #[test]
    fn forty_three_digits_hold_every_256_bit_number() {
        let mut largest = [0xff; 32];
        encode::<43>(&mut largest);
        assert_eq!(largest, [0; 32], "nothing was left over");
    }
}
