//! The vocabulary as this backend keeps it: read from the tables, dropped when they change.

use std::cell::Cell;
use std::ffi::CStr;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

use pgrx::{FromDatum, pg_sys};
use pgtoken_rules::{Permission, Scope, Vocabulary};

use super::skew;

static STALE: AtomicBool = AtomicBool::new(true);

thread_local! {
    static TABLES: Cell<[pg_sys::Oid; 2]> = const { Cell::new([pg_sys::InvalidOid; 2]) };
}

/// Whether the vocabulary may have changed since it was last loaded; takes in what other backends committed.
pub fn vocabulary_is_stale() -> bool {
    // SAFETY: invalidation messages may be accepted wherever a lock may be taken, which is so inside a function.
    unsafe { pg_sys::AcceptInvalidationMessages() }
    STALE.load(Ordering::Relaxed)
}

/// Reads scopes and permissions as last committed, as PostgreSQL reads its catalogues:
/// an older snapshot would leave an older vocabulary behind for the transactions to come.
pub fn load_vocabulary() -> Vocabulary {
    register_callback();
    // Cleared first: a change that arrives while reading makes the result stale again.
    STALE.store(false, Ordering::Relaxed);
    // SAFETY: the column numbers and types are those of the install SQL.
    unsafe {
        let namespace = pg_sys::get_namespace_oid(c"pgtoken".as_ptr(), false);
        let scope = pg_sys::get_relname_relid(c"scope".as_ptr(), namespace);
        let permission = pg_sys::get_relname_relid(c"permission".as_ptr(), namespace);
        TABLES.set([scope, permission]);
        let scopes = read(scope, |row| Scope {
            name: row.text(c"name").unwrap_or_default(),
            rank: row.get(c"rank"),
            confined: row.get(c"confined").unwrap_or(true),
            member_scope: row.text(c"member_scope"),
        });
        let permissions = read(permission, |row| Permission {
            name: row.text(c"name").unwrap_or_default(),
            member_scope: row.text(c"member_scope"),
        });
        Vocabulary::new(scopes, permissions)
    }
}

/// Tells every backend, when this transaction commits, that its vocabulary is stale.
pub fn forget_at_commit() {
    // SAFETY: both tables exist while their triggers fire.
    unsafe {
        let namespace = pg_sys::get_namespace_oid(c"pgtoken".as_ptr(), false);
        for table in [c"scope", c"permission"] {
            let table = pg_sys::get_relname_relid(table.as_ptr(), namespace);
            pg_sys::CacheInvalidateRelcacheByRelid(table);
        }
    }
}

fn register_callback() {
    static ONCE: Once = Once::new();
    // SAFETY: the callback lives as long as the backend, and does nothing but set a flag.
    ONCE.call_once(|| unsafe {
        pg_sys::CacheRegisterRelcacheCallback(Some(on_invalidation), pg_sys::Datum::null());
    });
}

/// Called for every relation whose cache entry is invalidated; 0 stands for all of them.
unsafe extern "C-unwind" fn on_invalidation(_argument: pg_sys::Datum, relation: pg_sys::Oid) {
    if relation == pg_sys::InvalidOid || TABLES.get().contains(&relation) {
        STALE.store(true, Ordering::Relaxed);
    }
}

/// A row under the catalogue scan.
struct CatalogRow {
    tuple: pg_sys::HeapTuple,
    descriptor: pg_sys::TupleDesc,
    table: pg_sys::Oid,
}

impl CatalogRow {
    fn get<T: FromDatum>(&self, column: &CStr) -> Option<T> {
        let mut isnull = true;
        // SAFETY: tuple and descriptor belong together, and get_attnum gives a column of that table.
        unsafe {
            let number = pg_sys::get_attnum(self.table, column.as_ptr());
            if i32::from(number) == pg_sys::InvalidAttrNumber as i32 {
                skew::sql_is_too_old("the vocabulary lacks a column");
            }
            let datum =
                pg_sys::heap_getattr(self.tuple, i32::from(number), self.descriptor, &mut isnull);
            T::from_datum(datum, isnull)
        }
    }

    fn text(&self, column: &CStr) -> Option<String> {
        self.get(column)
    }
}

/// Reads a whole table with the newest snapshot.
unsafe fn read<T>(table: pg_sys::Oid, mut parse: impl FnMut(&CatalogRow) -> T) -> Vec<T> {
    let lock = pg_sys::AccessShareLock as pg_sys::LOCKMODE;
    let mut rows = Vec::new();
    // SAFETY: table_open raises an ERROR if there is no such table; a scan with a null snapshot takes a new one;
    // each tuple is read before the next is fetched.
    unsafe {
        let relation = pg_sys::table_open(table, lock);
        let scan = pg_sys::systable_beginscan(
            relation,
            pg_sys::InvalidOid,
            false,
            std::ptr::null_mut(),
            0,
            std::ptr::null_mut(),
        );
        loop {
            let tuple = pg_sys::systable_getnext(scan);
            if tuple.is_null() {
                break;
            }
            rows.push(parse(&CatalogRow {
                tuple,
                descriptor: (*relation).rd_att,
                table,
            }));
        }
        pg_sys::systable_endscan(scan);
        pg_sys::relation_close(relation, lock);
    }
    rows
}
