//! Argument types that pass through Rust without being taken apart.

use std::ffi::CStr;
use std::net::IpAddr;

use pgrx::callconv::{Arg, ArgAbi, BoxRet, FcInfo};
use pgrx::datum::Datum;
use pgrx::nullable::Nullable;
use pgrx::{FromDatum, IntoDatum, impl_sql_translatable, pg_sys};

use crate::usage::ClientAddr;

/// A `cidr[]`, kept as PostgreSQL gave it.
#[derive(Clone, Copy, Debug)]
pub struct Cidrs(pg_sys::Datum);

impl_sql_translatable!(Cidrs, "cidr[]");

impl FromDatum for Cidrs {
    unsafe fn from_polymorphic_datum(
        datum: pg_sys::Datum,
        is_null: bool,
        _type: pg_sys::Oid,
    ) -> Option<Cidrs> {
        (!is_null).then_some(Cidrs(datum))
    }
}

impl IntoDatum for Cidrs {
    fn into_datum(self) -> Option<pg_sys::Datum> {
        Some(self.0)
    }

    fn type_oid() -> pg_sys::Oid {
        pg_sys::CIDRARRAYOID
    }
}

/// PGSQL_AF_INET: AF_INET of the system, 2 everywhere.
const IPV4: u8 = 2;

/// An `inet` or `cidr`, kept as PostgreSQL gave it.
#[derive(Clone, Copy, Debug)]
pub struct Client(pg_sys::Datum);

impl_sql_translatable!(Client, "inet");

impl Client {
    /// The address for use tracking.
    pub fn parts(self) -> ClientAddr {
        // SAFETY: an inet is a varlena of one octet of family, one of bits, and 4 or 16 of address (utils/inet.h).
        let octets = unsafe {
            let inet = pg_sys::pg_detoast_datum_packed(self.0.cast_mut_ptr());
            let length = pgrx::varlena::varsize_any_exhdr(inet);
            std::slice::from_raw_parts(pgrx::varlena::vardata_any(inet).cast::<u8>(), length)
        };
        let addr = match *octets {
            [IPV4, _, a, b, c, d, ..] => IpAddr::from([a, b, c, d]),
            [_, _, ref rest @ ..] => {
                IpAddr::from(<[u8; 16]>::try_from(&rest[..16]).expect("16 octets are 16 octets"))
            }
            _ => unreachable!("an inet has at least 2 octets"),
        };
        ClientAddr {
            addr,
            bits: octets[1],
        }
    }

    /// Whether the address lies in a network, which a `cidr` is.
    pub(super) fn is_within(self, network: Client) -> bool {
        // SAFETY: network_supeq takes two values of the inet family, which these are.
        unsafe {
            pgrx::direct_function_call(pg_sys::network_supeq, &[Some(network.0), Some(self.0)])
                .unwrap_or(false)
        }
    }
}

impl FromDatum for Client {
    unsafe fn from_polymorphic_datum(
        datum: pg_sys::Datum,
        is_null: bool,
        _type: pg_sys::Oid,
    ) -> Option<Client> {
        (!is_null).then_some(Client(datum))
    }
}

/// A `jsonb` as its text, so that no number in it loses a digit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Jsonb(pub String);

impl_sql_translatable!(Jsonb, "jsonb");

impl FromDatum for Jsonb {
    unsafe fn from_polymorphic_datum(
        datum: pg_sys::Datum,
        is_null: bool,
        _type: pg_sys::Oid,
    ) -> Option<Jsonb> {
        if is_null {
            return None;
        }
        // SAFETY: the caller gives a jsonb; jsonb_out returns NUL-terminated text in the database's encoding, UTF-8.
        unsafe {
            let text: &CStr = pgrx::direct_function_call(pg_sys::jsonb_out, &[Some(datum)])?;
            Some(Jsonb(text.to_string_lossy().into_owned()))
        }
    }
}

impl IntoDatum for Jsonb {
    fn into_datum(self) -> Option<pg_sys::Datum> {
        let text = std::ffi::CString::new(self.0).expect("JSON has no NUL");
        // SAFETY: jsonb_in reads the NUL-terminated text and raises an ERROR for anything that is not JSON.
        unsafe {
            pgrx::direct_function_call_as_datum(
                pg_sys::jsonb_in,
                &[Some(pg_sys::Datum::from(text.as_ptr()))],
            )
        }
    }

    fn type_oid() -> pg_sys::Oid {
        pg_sys::JSONBOID
    }
}

// SAFETY: each type is read through its FromDatum, for an argument that SQL declares as that type.
unsafe impl<'fcx> ArgAbi<'fcx> for Client {
    unsafe fn unbox_arg_unchecked(arg: Arg<'_, 'fcx>) -> Self {
        // SAFETY: pgrx unboxes a non-null argument of the declared type.
        unsafe { arg.unbox_arg_using_from_datum() }.expect("pgrx unboxes Option for null arguments")
    }

    unsafe fn unbox_nullable_arg(arg: Arg<'_, 'fcx>) -> Nullable<Self> {
        // SAFETY: as above; null becomes None.
        unsafe { arg.unbox_arg_using_from_datum() }.into()
    }
}

// SAFETY: as for Client.
unsafe impl<'fcx> ArgAbi<'fcx> for Cidrs {
    unsafe fn unbox_arg_unchecked(arg: Arg<'_, 'fcx>) -> Self {
        // SAFETY: pgrx unboxes a non-null argument of the declared type.
        unsafe { arg.unbox_arg_using_from_datum() }.expect("pgrx unboxes Option for null arguments")
    }

    unsafe fn unbox_nullable_arg(arg: Arg<'_, 'fcx>) -> Nullable<Self> {
        // SAFETY: as above; null becomes None.
        unsafe { arg.unbox_arg_using_from_datum() }.into()
    }
}

// SAFETY: as for Client.
unsafe impl<'fcx> ArgAbi<'fcx> for Jsonb {
    unsafe fn unbox_arg_unchecked(arg: Arg<'_, 'fcx>) -> Self {
        // SAFETY: pgrx unboxes a non-null argument of the declared type.
        unsafe { arg.unbox_arg_using_from_datum() }.expect("pgrx unboxes Option for null arguments")
    }

    unsafe fn unbox_nullable_arg(arg: Arg<'_, 'fcx>) -> Nullable<Self> {
        // SAFETY: as above; null becomes None.
        unsafe { arg.unbox_arg_using_from_datum() }.into()
    }
}

// SAFETY: into_datum allocates the jsonb in the current memory context, which is the function's own.
unsafe impl BoxRet for Jsonb {
    unsafe fn box_into<'fcx>(self, fcinfo: &mut FcInfo<'fcx>) -> Datum<'fcx> {
        match self.into_datum() {
            // SAFETY: the datum is a jsonb, as the SQL declaration says.
            Some(datum) => unsafe { fcinfo.return_raw_datum(datum) },
            None => fcinfo.return_null(),
        }
    }
}
