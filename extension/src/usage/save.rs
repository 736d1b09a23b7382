//! The file that carries what is not flushed over a clean restart.
//!
//! Little-endian words: a magic number with a version, the time of saving, the number of records, the records, and a
//! checksum over all that.
//! A rate is saved as its distance from the clock, because the monotonic clock starts anew with the machine.
//! *Invariant:* a file that is not exactly what this version writes is refused as a whole.

use pgtoken_rules::Code;

use super::slot::{ClientAddr, Key};

/// "pgtoken" and the version of the format.
const MAGIC: u64 = u64::from_be_bytes(*b"pgtoken\x01");
const HEADER_WORDS: usize = 3;
const RECORD_WORDS: usize = 12;
const WORD: usize = size_of::<u64>();

/// All that was saved.
#[derive(Debug, PartialEq, Eq)]
pub struct Saved {
    /// Microseconds since 2000.
    pub at: i64,
    pub records: Vec<Record>,
}

/// What was saved of one slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    pub key: Key,
    pub uses: u64,
    pub last_used_at: i64,
    pub addr: Option<ClientAddr>,
    pub denied: u64,
    pub last_denied: Option<(i64, Code)>,
    /// Nanoseconds until the rate is fully restored.
    pub rate_ahead: u64,
}

/// The bytes of the file.
pub fn encode(saved: &Saved) -> Vec<u8> {
    let header = [MAGIC, saved.at as u64, saved.records.len() as u64];
    let words = header
        .into_iter()
        .chain(saved.records.iter().flat_map(record_to_words));
    let mut bytes: Vec<u8> = words.flat_map(u64::to_le_bytes).collect();
    let checksum = crc32fast::hash(&bytes);
    bytes.extend(u64::from(checksum).to_le_bytes());
    bytes
}

/// What the bytes of a file say, or why they say nothing.
pub fn decode(bytes: &[u8]) -> Result<Saved, &'static str> {
    let (words, rest) = bytes.as_chunks::<WORD>();
    let [header @ .., checksum] = words else {
        return Err("it is empty");
    };
    if header.len() < HEADER_WORDS || !rest.is_empty() {
        return Err("it is cut off");
    }
    let words: Vec<u64> = header
        .iter()
        .map(|word| u64::from_le_bytes(*word))
        .collect();
    if words[0] != MAGIC {
        return Err("another version wrote it, or another program");
    }
    if u64::from_le_bytes(*checksum) != u64::from(crc32fast::hash(&bytes[..bytes.len() - WORD])) {
        return Err("its checksum does not match");
    }
    let (records, rest) = words[HEADER_WORDS..].as_chunks::<RECORD_WORDS>();
    if !rest.is_empty() || records.len() as u64 != words[2] {
        return Err("its length does not match");
    }
    Ok(Saved {
        at: words[1] as i64,
        records: records.iter().map(record_from_words).collect(),
    })
}

fn record_to_words(record: &Record) -> [u64; RECORD_WORDS] {
    let [owner, high, low] = record.key.to_words();
    let (addr, kind) = record.addr.map_or(([0, 0], 0), ClientAddr::to_words);
    let (denied_at, code) = record.last_denied.unwrap_or((0, Code::Valid));
    [
        owner,
        high,
        low,
        record.uses,
        record.last_used_at as u64,
        addr[0],
        addr[1],
        u64::from(kind),
        record.denied,
        denied_at as u64,
        code as u64,
        record.rate_ahead,
    ]
}

fn record_from_words(words: &[u64; RECORD_WORDS]) -> Record {
    let [
        owner,
        high,
        low,
        uses,
        last_used_at,
        addr_high,
        addr_low,
        kind,
        denied,
        denied_at,
        code,
        rate_ahead,
    ] = *words;
    let code = Code::ALL.get(code as usize).copied().unwrap_or(Code::Valid);
    Record {
        key: Key::from_words([owner, high, low]),
        uses,
        last_used_at: last_used_at as i64,
        addr: ClientAddr::from_words([addr_high, addr_low], kind as u16),
        denied,
        last_denied: (denied_at != 0).then_some((denied_at as i64, code)),
        rate_ahead,
    }
}
