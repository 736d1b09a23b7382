//! Where rows were lately found: hints in shared memory, never trusted.
//!
//! A hint may be stale, overwritten by another process at any moment, or even torn in two: whoever follows it looks at
//! what lies there, with the same snapshot and the same care as an index scan, and goes by the index if it is not the
//! row. So there is no lock here and nothing to invalidate.
//! *Invariant:* no hint can change an answer; it can only save the way through the index.

use std::cell::Cell;
use std::ffi::CStr;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::pg::Key;

/// Hints that share a cache line; a key may be in any of its line's.
const WAYS: usize = 4;

/// Every so many times a hint is withheld: the way by the index tells the buffer cache that the page is in use,
/// which a pin by hint does not.
const WITHHELD: u32 = 64;

/// Where a row's chain of versions starts, and the buffer that held the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Number of the shared buffer, from 1.
    pub buffer: u32,
    /// Block of the table.
    pub block: u32,
    /// Line pointer on the page, from 1.
    pub offset: u16,
}

/// What a hint is filed under: a hash of table and key.
#[derive(Clone, Copy, Debug)]
pub struct Tag(u64);

impl Tag {
    /// The tag of the keys of one row.
    pub fn new(database: u32, index: &CStr, keys: &[Key<'_>]) -> Tag {
        let mut hasher = DefaultHasher::new();
        database.hash(&mut hasher);
        index.hash(&mut hasher);
        keys.hash(&mut hasher);
        Tag(hasher.finish())
    }
}

/// One hint: 48 bits of tag and the offset, then block and buffer; all zero is none.
#[repr(C)]
#[derive(Default)]
struct Hint([AtomicU64; 2]);

/// The hints of one cache line.
#[repr(C, align(64))]
#[derive(Default)]
pub struct Line([Hint; WAYS]);

/// All hints, as seen by one process.
#[derive(Clone, Copy)]
pub struct Places(&'static [Line]);

impl Places {
    /// How many lines serve so many tokens; a power of 2.
    pub fn lines(tokens: usize) -> usize {
        tokens.div_ceil(WAYS).next_power_of_two()
    }

    /// The number of `lines` is a power of 2.
    pub fn new(lines: &'static [Line]) -> Places {
        Places(lines)
    }

    /// Where the row was last found, as far as is known.
    pub fn find(self, tag: Tag) -> Option<Place> {
        if is_withheld() {
            return None;
        }
        self.line(tag).0.iter().find_map(|hint| hint.place(tag))
    }

    /// Notes where the row was found.
    pub fn note(self, tag: Tag, place: Place) {
        let line = &self.line(tag).0;
        let known = line.iter().find(|hint| hint.is_of(tag));
        // Any may go; the count of calls is as good as chance.
        let hint = known.unwrap_or(&line[turn() as usize % WAYS]);
        hint.0[0].store(tag.upper() | u64::from(place.offset), Ordering::Relaxed);
        hint.0[1].store(
            u64::from(place.block) << 32 | u64::from(place.buffer),
            Ordering::Relaxed,
        );
    }

    fn line(self, tag: Tag) -> &'static Line {
        &self.0[tag.0 as usize & (self.0.len() - 1)]
    }
}

impl Tag {
    /// The bits that a hint keeps; the lower ones choose the line.
    fn upper(self) -> u64 {
        self.0 & !0xffff
    }
}

impl Hint {
    fn is_of(&self, tag: Tag) -> bool {
        self.0[0].load(Ordering::Relaxed) & !0xffff == tag.upper()
    }

    fn place(&self, tag: Tag) -> Option<Place> {
        let first = self.0[0].load(Ordering::Relaxed);
        let second = self.0[1].load(Ordering::Relaxed);
        let place = Place {
            buffer: second as u32,
            block: (second >> 32) as u32,
            offset: first as u16,
        };
        (first & !0xffff == tag.upper() && place.buffer != 0).then_some(place)
    }
}

thread_local! {
    static TURN: Cell<u32> = const { Cell::new(0) };
}

fn turn() -> u32 {
    TURN.get()
}

fn is_withheld() -> bool {
    TURN.set(TURN.get().wrapping_add(1));
    TURN.get().is_multiple_of(WITHHELD)
}
