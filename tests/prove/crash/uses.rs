//! Uses of one token, and how many of them a crash may forget.
use pgtoken_tests::{Database, Facade, Http, VERIFIER_SECRET, issue};
use serde_json::json;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use uuid::Uuid;

/// `pgtoken.flush_interval`, as shipped.
const INTERVAL: Duration = Duration::from_secs(1);

/// What the flush itself may take, on a busy machine: a process starts, writes and commits.
const FLUSH: Duration = Duration::from_secs(1);

/// What a use may be old at the crash and forgotten.
pub const FORGOTTEN: Duration = INTERVAL.saturating_add(FLUSH);

/// When the uses of a token were answered.
pub struct Uses {
    token: Uuid,
    answered: Vec<Instant>,
}

impl Uses {
    /// Uses a new token without a pause until the server is killed.
    pub fn count(db: &Database<'_>, facade: &Facade, killed: &AtomicBool) -> Uses {
        let token = issue(
            &mut db.client(),
            "'counted', 'counted', workspace_id => 'w'",
        );
        let mut http = Http::connect(&facade.url("")).expect("the facade listens");
        let bearer = format!("Authorization: Bearer {VERIFIER_SECRET}");
        let headers = [bearer.as_str(), "Content-Type: application/json"];
        let body = json!({ "token": token.text }).to_string();
        let mut answered = Vec::new();
        while !killed.load(Ordering::Relaxed) {
            let answer = http.ask("POST", "/v1/verify", &headers, &body);
            let answer = answer.expect("the facade answers");
            if answer.status == 200 {
                answered.push(Instant::now());
            }
        }
        Uses {
            token: token.id,
            answered,
        }
    }

    /// How many uses were answered.
    pub fn answered(&self) -> usize {
        self.answered.len()
    }

    /// How many uses are not in the tables after a kill at this time, and how old the oldest of them was then.
    pub fn lost(&self, db: &Database<'_>, killed: Instant) -> Result<(usize, Duration), String> {
        let sql = "select use_count from pgtoken.tokens where id = $1";
        let kept = db.value::<i64>(sql, &[&self.token]) as usize;
        let all = self.answered.len();
        // The one that was under way may be there without having been answered; and twice, since the facade asks
        // again where an answer is lost.
        if kept > all + 2 {
            return Err(format!("{kept} uses were counted, and {all} answered"));
        }
        let oldest = self.answered.get(kept);
        let age = oldest.map_or(Duration::ZERO, |at| killed.saturating_duration_since(*at));
        if age > FORGOTTEN {
            return Err(format!(
                "{kept} of {all} uses were kept; the oldest lost was {age:?} old"
            ));
        }
        Ok((all.saturating_sub(kept), age))
    }
}
