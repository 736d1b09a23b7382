//! A new token.

extern crate alloc;

use alloc::string::String;
use core::fmt;

use zeroize::Zeroizing;

use crate::base62;
use crate::checksum::checksum;
use crate::digest::digest;
use crate::prefix::Prefix;
use crate::shape::{DIGITS_LEN, RANDOM_LEN};

/// Random digits shown in lists.
const START_DIGITS: usize = 6;

/// The text of a new token, the only place where its secret is.
/// It is wiped from memory when dropped, and `Debug` shows only its start.
pub struct Token(Zeroizing<String>);

/// The operating system gave no random bytes.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the operating system gave no random bytes: {0}")]
pub struct RandomError(getrandom::Error);

impl Token {
    /// A token of 32 bytes from the operating system.
    pub fn generate(prefix: &Prefix) -> Result<Token, RandomError> {
        let mut bytes = Zeroizing::new([0; 32]);
        getrandom::fill(&mut *bytes).map_err(RandomError)?;
        Ok(Token::from_bytes(prefix, &bytes))
    }

    /// The token of given bytes, for test vectors: a token is as secret as the bytes it comes from.
    pub fn from_bytes(prefix: &Prefix, bytes: &[u8; 32]) -> Token {
        let mut number = Zeroizing::new(*bytes);
        let random: Zeroizing<[u8; RANDOM_LEN]> = Zeroizing::new(base62::encode(&mut *number));

        // Reserved whole: growing would leave a copy of the secret behind.
        let len = prefix.as_str().len() + 1 + DIGITS_LEN;
        let mut text = Zeroizing::new(String::with_capacity(len));
        text.push_str(prefix.as_str());
        text.push('_');
        push(&mut text, &random[..]);
        let check = checksum(text.as_bytes());
        push(&mut text, &check);
        Token(text)
    }

    /// The whole text: to be shown once, and stored nowhere.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Prefix, `_` and the first six digits: shown in lists, for people to tell tokens apart.
    /// Over 220 of the 256 random bits stay secret.
    pub fn start(&self) -> &str {
        &self.0[..self.0.len() - DIGITS_LEN + START_DIGITS]
    }

    /// The [`digest`](fn@crate::digest) of the whole text: what is stored.
    pub fn digest(&self) -> [u8; 32] {
        digest(self.0.as_bytes())
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token({}…)", self.start())
    }
}

fn push(text: &mut String, digits: &[u8]) {
    text.extend(digits.iter().copied().map(char::from));
}
