//! Forming a `pgtoken.verdict` from the token's row without copying what it passes on.

use std::borrow::Cow;

use pgrx::callconv::{BoxRet, FcInfo};
use pgrx::datum::Datum;
use pgrx::{IntoDatum, impl_sql_translatable, pg_sys};
use pgtoken_rules::Code;

use super::lookup::Found;
use super::skew;
use super::token_row::{self, TokenRow};

/// An answer to a verification: the columns of `pgtoken.verdict`.
#[derive(Debug)]
pub struct Verdict {
    values: [pg_sys::Datum; ROOM],
    isnull: [bool; ROOM],
    /// Keeps the page pinned that passed-on values point into.
    _token: Option<Found>,
}

impl_sql_translatable!(Verdict, "pgtoken.verdict");

/// Columns beyond our own are those of a newer version of the SQL, and null. An older one has the leading columns.
const ROOM: usize = 24;

/// The columns of `pgtoken.verdict`, in its order; upgrades only ever add columns at the end.
#[derive(Clone, Copy, Debug)]
#[repr(usize)]
enum Column {
    Valid,
    Code,
    Status,
    TokenId,
    UserId,
    WorkspaceId,
    Scope,
    Permissions,
    Target,
    Zone,
    AutoPublish,
    ExpiresAt,
    Metadata,
    RetryAfter,
}

/// What a valid verdict tells beside the token's own columns.
#[derive(Debug)]
pub struct Effect<'a> {
    /// The scope in effect.
    pub scope: Option<&'a str>,
    /// The permissions in effect; `None` is all that the token has.
    pub permissions: Option<Vec<String>>,
    /// The target asked.
    pub target: Option<&'a str>,
    /// The zone asked, or the only one granted.
    pub zone: Option<Cow<'a, str>>,
}

impl Verdict {
    fn of(code: Code) -> Verdict {
        let mut verdict = Verdict {
            values: [pg_sys::Datum::null(); ROOM],
            isnull: [true; ROOM],
            _token: None,
        };
        verdict.set(Column::Valid, code == Code::Valid);
        verdict.set(Column::Code, code.as_str());
        verdict.set(Column::Status, code.status() as i16);
        verdict
    }

    /// A denial that names no token.
    pub fn denied(code: Code) -> Verdict {
        Verdict::of(code)
    }

    /// A denial of a genuine token.
    pub fn denied_token(code: Code, token_id: pgrx::Uuid, retry_after: Option<i32>) -> Verdict {
        let mut verdict = Verdict::of(code);
        verdict.set(Column::TokenId, token_id);
        verdict.set(Column::RetryAfter, retry_after);
        verdict
    }

    /// A valid verdict, from the token's row.
    pub fn valid(token: Found, effect: Effect<'_>) -> Verdict {
        let mut verdict = Verdict::of(Code::Valid);
        let row = TokenRow::new(token.tuple());
        verdict.put(Column::TokenId, row.datum(token_row::Column::Id));
        verdict.put(Column::UserId, row.datum(token_row::Column::UserId));
        verdict.put(
            Column::WorkspaceId,
            row.datum(token_row::Column::WorkspaceId),
        );
        verdict.set(Column::Scope, effect.scope);
        match effect.permissions {
            None => verdict.put(
                Column::Permissions,
                row.datum(token_row::Column::Permissions),
            ),
            Some(counting) => verdict.set(Column::Permissions, counting),
        }
        verdict.set(Column::Target, effect.target);
        verdict.set(Column::Zone, effect.zone.as_deref());
        verdict.put(
            Column::AutoPublish,
            row.datum(token_row::Column::AutoPublish),
        );
        verdict.put(Column::ExpiresAt, row.datum(token_row::Column::ExpiresAt));
        verdict.put(Column::Metadata, row.datum(token_row::Column::Metadata));
        verdict._token = Some(token);
        verdict
    }

    fn set(&mut self, column: Column, value: impl IntoDatum) {
        self.put(column, value.into_datum());
    }

    fn put(&mut self, column: Column, datum: Option<pg_sys::Datum>) {
        self.isnull[column as usize] = datum.is_none();
        if let Some(datum) = datum {
            self.values[column as usize] = datum;
        }
    }
}

// SAFETY: heap_form_tuple copies every value into a new tuple of the declared row type.
unsafe impl BoxRet for Verdict {
    unsafe fn box_into<'fcx>(mut self, fcinfo: &mut FcInfo<'fcx>) -> Datum<'fcx> {
        // SAFETY: the values are of the types of pgtoken.verdict's columns, in its order, as many as the descriptor
        // asks for, and alive until self drops; the descriptor belongs to the type cache, which outlives the call.
        unsafe {
            let descriptor = result_descriptor(fcinfo.as_mut_ptr());
            let tuple = pg_sys::heap_form_tuple(
                descriptor,
                self.values.as_mut_ptr(),
                self.isnull.as_mut_ptr(),
            );
            fcinfo.return_raw_datum(pg_sys::HeapTupleHeaderGetDatum((*tuple).t_data))
        }
    }
}

/// The row type that the running function is declared to return.
unsafe fn result_descriptor(fcinfo: pg_sys::FunctionCallInfo) -> pg_sys::TupleDesc {
    // SAFETY: fcinfo is that of a running function; the type cache raises an ERROR for a type that is no row.
    unsafe {
        let function = (*fcinfo).flinfo;
        let mut row_type = pg_sys::get_fn_expr_rettype(function);
        if row_type == pg_sys::InvalidOid {
            row_type = pg_sys::get_func_rettype((*function).fn_oid);
        }
        let entry = pg_sys::lookup_type_cache(row_type, pg_sys::TYPECACHE_TUPDESC as i32);
        let descriptor = (*entry).tupDesc;
        if descriptor.is_null() {
            pgrx::error!("pgtoken: the function does not return pgtoken.verdict");
        }
        check_room((*descriptor).natts as usize);
        descriptor
    }
}

fn check_room(columns: usize) {
    if columns > ROOM {
        skew::library_is_too_old("a verdict has more columns than it knows of");
    }
}

/// The result of a function that returns `n` and the columns of a verdict, in a tuplestore.
#[derive(Debug)]
pub struct VerdictSet(*mut pg_sys::ReturnSetInfo);

impl VerdictSet {
    /// Starts the result of the running function; raises an ERROR where a set cannot be returned.
    pub fn begin(fcinfo: pg_sys::FunctionCallInfo) -> VerdictSet {
        // SAFETY: pgrx gives the fcinfo of the running function; InitMaterializedSRF checks its resultinfo.
        unsafe {
            pg_sys::InitMaterializedSRF(fcinfo, 0);
            let set = (*fcinfo).resultinfo.cast::<pg_sys::ReturnSetInfo>();
            check_room(((*(*set).setDesc).natts as usize).saturating_sub(1));
            VerdictSet(set)
        }
    }

    /// Adds the answer to question `n`.
    pub fn put(&mut self, n: i32, verdict: &Verdict) {
        let mut values = [pg_sys::Datum::from(n); ROOM + 1];
        let mut isnull = [false; ROOM + 1];
        values[1..].copy_from_slice(&verdict.values);
        isnull[1..].copy_from_slice(&verdict.isnull);
        // SAFETY: the tuplestore copies as many values as the descriptor has, which fit it and are alive while `verdict` is.
        unsafe {
            pg_sys::tuplestore_putvalues(
                (*self.0).setResult,
                (*self.0).setDesc,
                values.as_mut_ptr(),
                isnull.as_mut_ptr(),
            );
        }
    }
}
