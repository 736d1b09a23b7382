//! Settings with a rule of their own, and settings that a worker pins for itself.
#![allow(unsafe_code)]

use std::ffi::{CStr, CString, c_char, c_void};

use pgrx::prelude::*;
use pgrx::{GucContext, GucFlags, GucRegistry, GucSetting};

use crate::settings;

/// Which rule a text setting obeys.
#[derive(Clone, Copy)]
pub enum TextRule {
    Any,
    Prefix,
    Duration,
}

/// Defines a text setting.
pub fn define_text(
    name: &'static CStr,
    short: &'static CStr,
    long: &'static CStr,
    setting: &'static GucSetting<Option<CString>>,
    context: GucContext,
    rule: TextRule,
) {
    let hook: pg_sys::GucStringCheckHook = match rule {
        TextRule::Any => None,
        TextRule::Prefix => Some(check_prefix),
        TextRule::Duration => Some(check_duration),
    };
    // SAFETY: both hooks are guarded against panics.
    unsafe {
        GucRegistry::define_string_guc_with_hooks(
            name,
            short,
            long,
            setting,
            context,
            GucFlags::default(),
            hook,
            None,
            None,
        );
    }
}

/// The value of a setting of the server, as text.
pub fn show(name: &CStr) -> String {
    // SAFETY: `missing_ok` makes an unknown setting a null pointer; another result is NUL-terminated.
    unsafe {
        let value = pg_sys::GetConfigOption(name.as_ptr(), true, false);
        if value.is_null() {
            return String::new();
        }
        CStr::from_ptr(value).to_string_lossy().into_owned()
    }
}

/// Whether shared_preload_libraries are being loaded, the time to ask for shared memory and workers.
pub fn is_preloading() -> bool {
    // SAFETY: a plain variable of this process.
    unsafe { pg_sys::process_shared_preload_libraries_in_progress }
}

/// Whether pg_upgrade has started this server.
pub fn is_binary_upgrade() -> bool {
    // SAFETY: a plain variable of this process.
    unsafe { pg_sys::IsBinaryUpgrade }
}

/// Makes every other `pgtoken.…` setting an error.
pub fn reserve_prefix() {
    // SAFETY: called by `_PG_init` after all settings are defined, with a C string.
    unsafe { pg_sys::MarkGUCPrefixReserved(c"pgtoken".as_ptr()) };
}

/// Sets a setting for the life of this process, over whatever the database or role has.
pub fn pin(name: &CStr, value: &CStr) {
    // SAFETY: two C strings; the server copies them.
    unsafe {
        pg_sys::SetConfigOption(
            name.as_ptr(),
            value.as_ptr(),
            pg_sys::GucContext::PGC_SUSET,
            pg_sys::GucSource::PGC_S_OVERRIDE,
        );
    }
}

/// Reads the configuration files again.
pub fn reload() {
    // SAFETY: called by a background worker outside any transaction.
    unsafe { pg_sys::ProcessConfigFile(pg_sys::GucContext::PGC_SIGHUP) };
}

/// `deadlock_timeout` in milliseconds.
pub fn deadlock_timeout() -> i32 {
    // SAFETY: a plain variable of this process.
    unsafe { pg_sys::DeadlockTimeout }
}

#[pg_guard]
unsafe extern "C-unwind" fn check_prefix(
    value: *mut *mut c_char,
    _extra: *mut *mut c_void,
    _source: pg_sys::GucSource::Type,
) -> bool {
    // SAFETY: the server passes a pointer to the new value.
    let holds = unsafe { check(*value, settings::check_prefix) };
    if !holds {
        // The server's own message repeats the value, which may be a token pasted by mistake.
        let message = c"pgtoken.prefix: invalid value";
        // SAFETY: as in `check`.
        unsafe {
            pg_sys::GUC_check_errmsg_string =
                pg_sys::MemoryContextStrdup(pg_sys::ErrorContext, message.as_ptr());
        }
    }
    holds
}

#[pg_guard]
unsafe extern "C-unwind" fn check_duration(
    value: *mut *mut c_char,
    _extra: *mut *mut c_void,
    _source: pg_sys::GucSource::Type,
) -> bool {
    // SAFETY: the server passes a pointer to the new value.
    unsafe { check(*value, settings::check_duration) }
}

/// Applies a rule; what it has against the value becomes the DETAIL of the server's message.
///
/// # Safety
/// `value` is null or a C string.
unsafe fn check(value: *const c_char, rule: fn(&str) -> Result<(), String>) -> bool {
    if value.is_null() {
        return true;
    }
    // SAFETY: the caller passes a C string, and it outlives this call.
    let text = unsafe { CStr::from_ptr(value) };
    let result = text
        .to_str()
        .map_err(|_| "The value is not valid UTF-8.".to_owned())
        .and_then(rule);
    let Err(detail) = result else { return true };
    let detail = CString::new(detail).expect("no rule writes a null character");
    // SAFETY: the string is copied to the context that the server expects it in; the variable is this process's.
    unsafe {
        pg_sys::GUC_check_errdetail_string =
            pg_sys::MemoryContextStrdup(pg_sys::ErrorContext, detail.as_ptr());
    }
    false
}
