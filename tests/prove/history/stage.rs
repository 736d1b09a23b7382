//! What one history is about: a user in a workspace with one target, and the user's tokens.
use super::terms::{Birth, CASTING, ZONES};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use uuid::Uuid;

/// The names of a stage, and those of its tokens that are known so far.
pub struct Stage {
    pub n: usize,
    tokens: [Slot; CASTING.len()],
}

/// Where a token is to be.
#[derive(Default)]
struct Slot {
    taken: AtomicBool,
    token: OnceLock<Token>,
}

/// A token that can be asked about.
pub struct Token {
    pub text: String,
    pub id: String,
}

impl Stage {
    /// Text and id of tokens that are imported are known before they are.
    pub fn new(n: usize) -> Stage {
        let tokens: [Slot; CASTING.len()] = Default::default();
        for (i, slot) in tokens.iter().enumerate() {
            if CASTING[i].birth == Birth::Imported {
                let token = Token {
                    text: format!("st_of_stage_{n}_{i}"),
                    id: Uuid::new_v4().to_string(),
                };
                let _ = slot.token.set(token);
            }
        }
        Stage { n, tokens }
    }

    /// The state that [`super::model::State::new`] is.
    pub fn directory(&self) -> String {
        let Stage { n, .. } = self;
        let zones: Vec<String> = (0..ZONES)
            .map(|zone| format!("('t{n}', 'z{zone}')"))
            .collect();
        format!(
            "insert into pgtoken.workspace (workspace_id) values ('w{n}');
             insert into pgtoken.app_user (user_id) values ('u{n}');
             insert into pgtoken.member (workspace_id, user_id, scope) values ('w{n}', 'u{n}', 'full');
             insert into pgtoken.target (target_id, workspace_id) values ('t{n}', 'w{n}');
             insert into pgtoken.zone (target_id, zone_id) values {}",
            zones.join(", ")
        )
    }

    /// A token, if it can be asked about.
    pub fn token(&self, token: usize) -> Option<&Token> {
        self.tokens[token].token.get()
    }

    /// The tokens that can be asked about.
    pub fn known(&self) -> Vec<usize> {
        (0..CASTING.len())
            .filter(|token| self.token(*token).is_some())
            .collect()
    }

    /// Whether the caller is the one who issues this token.
    pub fn take(&self, token: usize) -> bool {
        !self.tokens[token].taken.swap(true, Ordering::Relaxed)
    }

    /// It was not issued; another may try.
    pub fn leave(&self, token: usize) {
        self.tokens[token].taken.store(false, Ordering::Relaxed);
    }

    /// It was issued.
    pub fn put(&self, token: usize, issued: Token) {
        let is_new = self.tokens[token].token.set(issued).is_ok();
        assert!(is_new, "only who takes a token puts it");
    }
}
