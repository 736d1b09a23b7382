//! What is stored in place of a token.

use sha2::{Digest, Sha256};

/// The SHA-256 of the whole text, as it is: no trimming, no change of case.
///
/// A plain hash is enough because 256 random bits cannot be guessed; it would not do for passwords.
pub fn digest(text: &[u8]) -> [u8; 32] {
    Sha256::digest(text).into()
}
