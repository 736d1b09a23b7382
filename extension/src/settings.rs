//! The settings, each with its default, its effect and who may set it.
//!
//! *Invariant:* a value that a setting holds has passed its rule, so reading one never fails.

use std::ffi::CString;
use std::time::Duration;

use pgrx::{GucContext, GucFlags, GucRegistry, GucSetting, PostgresGucEnum};
use pgtoken_format::Prefix;
use pgtoken_rules::parse_duration;

use crate::pg::guc::{self, TextRule};

/// What `token_usage` and `verdict_usage` count by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PostgresGucEnum)]
pub enum UsageBucket {
    #[name = c"hour"]
    Hour,
    #[name = c"day"]
    Day,
    #[name = c"off"]
    Off,
}

static PREFIX: GucSetting<Option<CString>> = GucSetting::<Option<CString>>::new(Some(c"pgt"));
static ACTOR: GucSetting<Option<CString>> = GucSetting::<Option<CString>>::new(Some(c""));
static MAX_TTL: GucSetting<Option<CString>> = GucSetting::<Option<CString>>::new(Some(c""));
static DEFAULT_TTL: GucSetting<Option<CString>> = GucSetting::<Option<CString>>::new(Some(c""));
static MAX_TOKENS_PER_USER: GucSetting<i32> = GucSetting::<i32>::new(0);
static FLUSH_INTERVAL: GucSetting<i32> = GucSetting::<i32>::new(1000);
static USAGE_BUCKET: GucSetting<UsageBucket> = GucSetting::<UsageBucket>::new(UsageBucket::Hour);
static USAGE_RETENTION: GucSetting<Option<CString>> =
    GucSetting::<Option<CString>>::new(Some(c"90 days"));
static USAGE_SLOTS: GucSetting<i32> = GucSetting::<i32>::new(65_536);

/// Defines every setting. `_PG_init` calls it first.
pub fn define() {
    guc::define_text(
        c"pgtoken.prefix",
        c"Prefix of new tokens.",
        c"Lower-case letters and digits in groups joined by single underscores, at most 24 characters.",
        &PREFIX,
        GucContext::Userset,
        TextRule::Prefix,
    );
    guc::define_text(
        c"pgtoken.actor",
        c"Who is acting, for the audit.",
        c"Used where a function is called without actor. Empty means as_user, else the calling role.",
        &ACTOR,
        GucContext::Userset,
        TextRule::Any,
    );
    guc::define_text(
        c"pgtoken.max_ttl",
        c"Longest life of a token.",
        c"A duration such as 90 days. Binds issuing, updating and rotating; a missing expiry becomes this. \
          Empty means no bound.",
        &MAX_TTL,
        GucContext::Suset,
        TextRule::Duration,
    );
    guc::define_text(
        c"pgtoken.default_ttl",
        c"Life of a token that is issued without expiry.",
        c"A duration such as 90 days. Empty means that such a token does not expire.",
        &DEFAULT_TTL,
        GucContext::Suset,
        TextRule::Duration,
    );
    GucRegistry::define_int_guc(
        c"pgtoken.max_tokens_per_user",
        c"How many live tokens a user can have.",
        c"Zero means no bound.",
        &MAX_TOKENS_PER_USER,
        0,
        i32::MAX,
        GucContext::Suset,
        GucFlags::default(),
    );
    GucRegistry::define_int_guc(
        c"pgtoken.flush_interval",
        c"Time between two flushes of use to the tables.",
        c"A crash of the server loses at most the use of one interval.",
        &FLUSH_INTERVAL,
        10,
        3_600_000,
        GucContext::Sighup,
        GucFlags::UNIT_MS,
    );
    GucRegistry::define_enum_guc(
        c"pgtoken.usage_bucket",
        c"What usage is counted by: hour, day or off.",
        c"Off keeps last use and use counts, and no history.",
        &USAGE_BUCKET,
        GucContext::Sighup,
        GucFlags::default(),
    );
    guc::define_text(
        c"pgtoken.usage_retention",
        c"How long usage by hour or day is kept.",
        c"A duration such as 90 days. Empty means for ever.",
        &USAGE_RETENTION,
        GucContext::Sighup,
        TextRule::Duration,
    );
    // Without preloading there is no table to size, and a setting for server start may no longer be defined.
    // It stays known, so that the line in postgresql.conf draws no warning while the other line is missing.
    let context = if guc::is_preloading() {
        GucContext::Postmaster
    } else {
        GucContext::Sighup
    };
    GucRegistry::define_int_guc(
        c"pgtoken.usage_slots",
        c"How many tokens can be in use between two flushes.",
        c"The size of the table in shared memory, 96 bytes each. Tokens with a rate limit keep their slot until the \
          rate is fully restored.",
        &USAGE_SLOTS,
        16,
        16_777_216,
        context,
        GucFlags::default(),
    );
    guc::reserve_prefix();
}

/// Prefix of new tokens.
pub fn prefix() -> String {
    text(&PREFIX)
}

/// Who is acting, if somebody said so.
pub fn actor() -> Option<String> {
    Some(text(&ACTOR)).filter(|actor| !actor.is_empty())
}

/// Longest life of a token, if bounded.
pub fn max_ttl() -> Option<Duration> {
    duration(&MAX_TTL)
}

/// Life of a token that is issued without expiry, if bounded.
pub fn default_ttl() -> Option<Duration> {
    duration(&DEFAULT_TTL)
}

/// What to add to the configuration when the library is not preloaded.
pub fn preload_hint() -> String {
    let present = guc::show(c"shared_preload_libraries");
    let separator = if present.is_empty() { "" } else { "," };
    format!(
        "add this line to postgresql.conf and restart the server: shared_preload_libraries = '{present}{separator}pgtoken'"
    )
}

/// How many live tokens a user can have, if bounded.
pub fn max_tokens_per_user() -> Option<u32> {
    u32::try_from(MAX_TOKENS_PER_USER.get())
        .ok()
        .filter(|&most| most > 0)
}

/// Time between two flushes.
pub fn flush_interval() -> Duration {
    Duration::from_millis(FLUSH_INTERVAL.get().unsigned_abs().into())
}

/// What usage is counted by.
pub fn usage_bucket() -> UsageBucket {
    USAGE_BUCKET.get()
}

/// How long usage is kept, if not for ever.
pub fn usage_retention() -> Option<Duration> {
    duration(&USAGE_RETENTION)
}

/// Number of slots of the table.
pub fn usage_slots() -> usize {
    USAGE_SLOTS.get().unsigned_abs() as usize
}

/// The rule of `pgtoken.prefix`.
pub fn check_prefix(text: &str) -> Result<(), String> {
    Prefix::parse(text)
        .map(|_| ())
        .map_err(|error| format!("The prefix {error}."))
}

/// The rule of settings that hold a duration; empty stands for none.
pub fn check_duration(text: &str) -> Result<(), String> {
    if text.trim().is_empty() {
        return Ok(());
    }
    parse_duration(text)
        .map(|_| ())
        .map_err(|error| format!("{}.", sentence(&error.to_string())))
}

/// DETAIL starts with a capital letter.
fn sentence(text: &str) -> String {
    let (first, rest) = text.split_at(text.chars().next().map_or(0, char::len_utf8));
    first.to_uppercase() + rest
}

fn duration(setting: &GucSetting<Option<CString>>) -> Option<Duration> {
    parse_duration(&text(setting)).ok()
}

fn text(setting: &GucSetting<Option<CString>>) -> String {
    setting
        .get()
        .map_or_else(String::new, |value| value.to_string_lossy().into_owned())
}
