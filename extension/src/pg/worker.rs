//! Background workers: the launcher, registered at start, and the short-lived ones that it starts.
#![allow(unsafe_code)]

use std::time::Duration;

use pgrx::bgworkers::{
    BackgroundWorker, BackgroundWorkerBuilder, BgWorkerStartTime, SignalWakeFlags,
};
use pgrx::pg_sys::BgwHandleStatus;
use pgrx::prelude::*;

use crate::usage::{Errand, flush, launcher};

/// The launcher comes back this long after it was ended.
const RESTART: Duration = Duration::from_secs(5);

/// Registers the launcher. It starts once the server accepts writes: never on a standby before its promotion.
pub fn register_launcher() {
    BackgroundWorkerBuilder::new("pgtoken usage launcher")
        .set_type("pgtoken usage launcher")
        .set_library("pgtoken")
        .set_function("pgtoken_launcher_main")
        .enable_spi_access()
        .set_start_time(BgWorkerStartTime::RecoveryFinished)
        .set_restart_time(Some(RESTART))
        .load();
}

/// A worker that this process has started.
pub struct Worker {
    handle: *mut pg_sys::BackgroundWorkerHandle,
}

impl Worker {
    /// Starts a flush worker; none if the server has no room for one.
    pub fn start(errand: Errand) -> Option<Worker> {
        let builder = BackgroundWorkerBuilder::new("pgtoken usage flush")
            .set_type("pgtoken usage flush")
            .set_library("pgtoken")
            .set_function("pgtoken_flush_main")
            .enable_spi_access()
            .set_restart_time(None)
            .set_argument(Some(pg_sys::Datum::from(errand.to_word())))
            .set_notify_pid(my_pid());
        let mut worker = pg_sys::BackgroundWorker::from(&builder);
        let mut handle = std::ptr::null_mut();
        // SAFETY: both are this frame's; the handle is allocated in the launcher's long-lived memory context.
        let started = unsafe { pg_sys::RegisterDynamicBackgroundWorker(&mut worker, &mut handle) };
        started.then(|| Worker { handle })
    }

    /// Whether the worker has ended, or could not be started.
    pub fn has_ended(&self) -> bool {
        let mut pid = 0;
        // SAFETY: `handle` comes from a successful registration and is freed only by `drop`.
        let status = unsafe { pg_sys::GetBackgroundWorkerPid(self.handle, &mut pid) };
        status == BgwHandleStatus::BGWH_STOPPED || status == BgwHandleStatus::BGWH_POSTMASTER_DIED
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // While unwinding, the process is about to end.
        if !std::thread::panicking() {
            // SAFETY: allocated by the registration, and not used after this.
            unsafe { pg_sys::pfree(self.handle.cast()) };
        }
    }
}

/// What a database is at the moment, as seen without being connected to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DatabaseState {
    Open,
    /// It accepts no connections.
    Closed,
    Gone,
}

/// Looks a database up. Inside a transaction.
pub fn database_state(database: u32) -> DatabaseState {
    let oid = pg_sys::Datum::from(pg_sys::Oid::from(database));
    // SAFETY: called in a transaction; the tuple is released after the last look at it.
    unsafe {
        let tuple = pg_sys::SearchSysCache1(pg_sys::SysCacheIdentifier::DATABASEOID as i32, oid);
        if tuple.is_null() {
            return DatabaseState::Gone;
        }
        let row = pg_sys::GETSTRUCT(tuple).cast::<pg_sys::FormData_pg_database>();
        let open = (*row).datallowconn;
        pg_sys::ReleaseSysCache(tuple);
        if open {
            DatabaseState::Open
        } else {
            DatabaseState::Closed
        }
    }
}

/// Waits until no other flush and no DROP EXTENSION is at work in this database, to the end of the transaction.
/// False where the extension does not exist.
pub fn lock_extension() -> bool {
    // SAFETY: called in a transaction of a process that is connected to a database, with a C string.
    unsafe {
        let oid = pg_sys::get_extension_oid(c"pgtoken".as_ptr(), true);
        if oid == pg_sys::InvalidOid {
            return false;
        }
        let mode = pg_sys::ShareUpdateExclusiveLock as pg_sys::LOCKMODE;
        pg_sys::LockDatabaseObject(pg_sys::ExtensionRelationId, oid, 0, mode);
        pg_sys::get_extension_oid(c"pgtoken".as_ptr(), true) == oid
    }
}

/// Ends this process in a way that lets it be started again.
pub fn end_to_be_restarted() -> ! {
    // SAFETY: called outside any transaction, with no resource held.
    unsafe { pg_sys::proc_exit(1) }
}

fn my_pid() -> i32 {
    // SAFETY: a plain variable of this process.
    unsafe { pg_sys::MyProcPid }
}

/// Entry point of the launcher.
#[pg_guard]
#[unsafe(no_mangle)]
pub extern "C-unwind" fn pgtoken_launcher_main(_arg: pg_sys::Datum) {
    BackgroundWorker::attach_signal_handlers(SignalWakeFlags::SIGHUP | SignalWakeFlags::SIGTERM);
    // No database: only what all databases share can be read, and none is kept from being dropped.
    BackgroundWorker::connect_worker_to_spi(None, None);
    launcher::run();
}

/// Entry point of a flush worker.
#[pg_guard]
#[unsafe(no_mangle)]
pub extern "C-unwind" fn pgtoken_flush_main(errand: pg_sys::Datum) {
    let errand = Errand::from_word(errand.value() as u64);
    // SAFETY: signals are still blocked; `die` is the server's own handler for processes with transactions.
    // The worker waits for the database while it is being dropped or copied, and must be able to end there.
    unsafe {
        #[cfg(not(feature = "pg18"))]
        pg_sys::pqsignal(pg_sys::SIGTERM as i32, Some(die));
        #[cfg(feature = "pg18")]
        pg_sys::pqsignal_be(pg_sys::SIGTERM as i32, Some(die));
        pg_sys::BackgroundWorkerUnblockSignals();
    }
    BackgroundWorker::connect_worker_to_spi_by_oid(Some(errand.database.into()), None);
    flush::run(errand);
}

unsafe extern "C-unwind" fn die(signal: i32) {
    // SAFETY: called by the operating system with the signal's number, as the server's own handlers are.
    unsafe { pg_sys::die(signal) };
}
