//! Shared memory: the table of use tracking with the lock that guards its chains, and the hints of where rows were found.
#![allow(unsafe_code)]

use std::ffi::{CStr, c_int};
use std::ptr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicPtr, Ordering};

use pgrx::pg_sys::submodules::ffi::pg_guard_ffi_boundary;
use pgrx::prelude::*;

use crate::places::{Line, Places};
use crate::settings;
use crate::usage::{self, Header, Slot, Table};

const NAME: &CStr = c"pgtoken usage";
/// `AddinShmemInitLock`, which is a macro in C: number 21 of the built-in locks since PostgreSQL 9.6.
const ADDIN_SHMEM_INIT_LOCK: usize = 21;

type Hook = Option<unsafe extern "C-unwind" fn()>;

static PREVIOUS_REQUEST: OnceLock<Hook> = OnceLock::new();
static PREVIOUS_STARTUP: OnceLock<Hook> = OnceLock::new();

/// Set in the postmaster at start, inherited by fork, and set anew when the postmaster starts over after a crash.
static SHARED: AtomicPtr<Shared> = AtomicPtr::new(ptr::null_mut());

struct Shared {
    table: Table,
    places: Places,
    lock: *mut pg_sys::LWLock,
}

/// Asks the server for the shared memory. Only while shared_preload_libraries are being loaded.
pub fn init() {
    // SAFETY: `_PG_init` runs in the postmaster's only thread, and the hooks are replaced once.
    unsafe {
        PREVIOUS_REQUEST.get_or_init(|| pg_sys::shmem_request_hook);
        PREVIOUS_STARTUP.get_or_init(|| pg_sys::shmem_startup_hook);
        pg_sys::shmem_request_hook = Some(request);
        pg_sys::shmem_startup_hook = Some(startup);
    }
}

/// The table, if the library was preloaded.
pub fn table() -> Option<Table> {
    shared().map(|shared| shared.table)
}

/// Where rows were lately found, if the library was preloaded.
pub fn places() -> Option<Places> {
    shared().map(|shared| shared.places)
}

/// The oid of the database that this process is connected to.
pub fn my_database() -> u32 {
    // SAFETY: a plain variable of this process, written before any function of the extension can run.
    unsafe { pg_sys::MyDatabaseId }.to_u32()
}

/// The table's lock, held by this process.
pub struct Guard {
    lock: *mut pg_sys::LWLock,
}

/// Waits for the table's lock.
pub fn lock() -> Guard {
    let lock = shared()
        .expect("the lock is only asked for by those who have the table")
        .lock;
    // SAFETY: `lock` points to the lock of our tranche, which lives as long as the server's shared memory.
    unsafe { pg_sys::LWLockAcquire(lock, pg_sys::LWLockMode::LW_EXCLUSIVE) };
    Guard { lock }
}

impl Drop for Guard {
    fn drop(&mut self) {
        // While unwinding, the abort of the transaction releases all such locks.
        if !std::thread::panicking() {
            // SAFETY: `Guard` exists only where this process holds the lock.
            unsafe { pg_sys::LWLockRelease(self.lock) };
        }
    }
}

fn shared() -> Option<&'static Shared> {
    // SAFETY: the pointer is null or that of a leaked box.
    unsafe { SHARED.load(Ordering::Relaxed).as_ref() }
}

/// How much shared memory the library takes.
pub fn bytes() -> usize {
    table().map_or(0, |table| size(table.slots()))
}

fn size(slots: usize) -> usize {
    size_of::<Header>() + Places::lines(slots) * size_of::<Line>() + slots * size_of::<Slot>()
}

#[pg_guard]
unsafe extern "C-unwind" fn request() {
    if let Some(Some(previous)) = PREVIOUS_REQUEST.get() {
        // SAFETY: the hook of a library loaded earlier, called where the server calls it.
        unsafe { pg_guard_ffi_boundary(|| previous()) };
    }
    // SAFETY: the server calls this hook at the only time when both may be called.
    unsafe {
        pg_sys::RequestAddinShmemSpace(size(settings::usage_slots()));
        pg_sys::RequestNamedLWLockTranche(NAME.as_ptr(), 1);
    }
}

#[pg_guard]
unsafe extern "C-unwind" fn startup() {
    if let Some(Some(previous)) = PREVIOUS_STARTUP.get() {
        // SAFETY: the hook of a library loaded earlier, called where the server calls it.
        unsafe { pg_guard_ffi_boundary(|| previous()) };
    }
    let slots = settings::usage_slots();
    let mut found = false;
    // SAFETY: the server calls this hook once shared memory exists, with the size requested above.
    // The area is aligned to cache lines, and zero is a valid header, no hint, and a vacant slot.
    // Nobody else has the area before the init lock is released.
    let (table, places, lock) = unsafe {
        let init_lock = &raw mut (*pg_sys::MainLWLockArray.add(ADDIN_SHMEM_INIT_LOCK)).lock;
        pg_sys::LWLockAcquire(init_lock, pg_sys::LWLockMode::LW_EXCLUSIVE);
        let area = pg_sys::ShmemInitStruct(NAME.as_ptr(), size(slots), &mut found).cast::<Header>();
        if !found {
            ptr::write_bytes(area.cast::<u8>(), 0, size(slots));
        }
        pg_sys::LWLockRelease(init_lock);
        let lines = area.add(1).cast::<Line>();
        let line_count = Places::lines(slots);
        let table = Table::new(
            &*area,
            std::slice::from_raw_parts(lines.add(line_count).cast::<Slot>(), slots),
        );
        (
            table,
            Places::new(std::slice::from_raw_parts(lines, line_count)),
            &raw mut (*pg_sys::GetNamedLWLockTranche(NAME.as_ptr())).lock,
        )
    };
    SHARED.store(
        Box::leak(Box::new(Shared {
            table,
            places,
            lock,
        })),
        Ordering::Relaxed,
    );
    if found {
        return;
    }
    usage::load();
    // SAFETY: a plain variable of this process; the callback lives as long as the library, which is never unloaded.
    unsafe {
        if !pg_sys::IsUnderPostmaster {
            pg_sys::on_shmem_exit(Some(save_at_exit), pg_sys::Datum::null());
        }
    }
}

/// Runs in the postmaster after all others have ended. A crash has another code, and nothing to be trusted in memory.
#[pg_guard]
unsafe extern "C-unwind" fn save_at_exit(code: c_int, _arg: pg_sys::Datum) {
    if code == 0 {
        usage::save();
    }
}

/// Whether the server is a standby that has not been promoted.
pub fn in_recovery() -> bool {
    // SAFETY: reads the state of recovery from shared memory, which every backend is attached to.
    unsafe { pg_sys::RecoveryInProgress() }
}
