//! The vocabulary, kept by each backend until it changes.

use std::cell::RefCell;
use std::rc::Rc;

use pgtoken_rules::Vocabulary;

use crate::pg;

thread_local! {
    static KEPT: RefCell<Option<Rc<Vocabulary>>> = const { RefCell::new(None) };
}

/// The scopes and permissions as last committed, and as this transaction changed them.
pub fn vocabulary() -> Rc<Vocabulary> {
    if !pg::vocabulary_is_stale()
        && let Some(kept) = KEPT.with_borrow(Clone::clone)
    {
        return kept;
    }
    // Should loading fail, nothing old is left behind.
    KEPT.set(None);
    let loaded = Rc::new(pg::load_vocabulary());
    KEPT.set(Some(loaded.clone()));
    loaded
}

/// The trigger function of the vocabulary's tables.
#[pgrx::pg_extern(sql = false)]
fn forget_vocabulary() {
    pg::forget_at_commit();
}
