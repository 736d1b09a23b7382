//! Secrets, and every form in which they could be seen.
use pgtoken_format::{Shape, classify, digest};
use regex::bytes::Regex;

/// Random digits of a token and its checksum.
const DIGITS: usize = 49;
/// Random digits alone.
const RANDOM: usize = 43;

/// Everything that must not be seen, and what it is called.
#[derive(Default)]
pub struct Secrets {
    texts: Vec<String>,
    digests: Vec<[u8; 32]>,
}

impl Secrets {
    /// A token: its text, its random digits, and its digest.
    pub fn token(&mut self, text: &str) {
        self.digests.push(digest(text.as_bytes()));
        self.text(text);
        if classify(text.as_bytes()) == Shape::Own {
            let digits = &text[text.len() - DIGITS..];
            self.text(&digits[..RANDOM]);
        }
    }

    /// Another secret.
    pub fn text(&mut self, text: &str) {
        self.texts.push(text.to_owned());
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        (self.texts.len() + self.digests.len()) as u64
    }

    /// The texts, without any digest.
    pub fn texts(&self) -> Regex {
        any_of(self.texts.iter().map(|text| regex::escape(text)).collect())
    }

    /// The digests, as octets and in hexadecimal.
    pub fn digests(&self) -> Regex {
        let octet = |octet: &u8| format!("\\x{octet:02x}");
        let raw = self
            .digests
            .iter()
            .map(|digest| digest.iter().map(octet).collect::<String>());
        let hex = self.digests.iter().map(|digest| {
            let hex: String = digest.iter().map(|octet| format!("{octet:02x}")).collect();
            format!("(?i:{hex})")
        });
        any_of(raw.chain(hex).collect())
    }
}

fn any_of(patterns: Vec<String>) -> Regex {
    Regex::new(&format!("(?-u:{})", patterns.join("|"))).expect("escaped texts are patterns")
}
