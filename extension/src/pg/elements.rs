//! Arrays of `text`, `bytea`, `inet` and `cidr`, read without copying their elements.

use pgrx::callconv::{Arg, ArgAbi};
use pgrx::nullable::Nullable;
use pgrx::{FromDatum, impl_sql_translatable, pg_sys};

use super::value::Client;
use super::varlena::plain_octets;

/// The elements of an array, whatever its dimensions, in storage order.
#[derive(Clone, Debug)]
pub struct Elements<T>(pub Vec<Option<T>>);

impl_sql_translatable!(Elements<&str>, "text[]");
impl_sql_translatable!(Elements<&[u8]>, "bytea[]");
impl_sql_translatable!(Elements<Client>, "inet[]");

/// Octets of an array without elements, which has no dimensions either: the fields of `ArrayType` after its length.
const EMPTY: usize = size_of::<pg_sys::ArrayType>() - size_of::<i32>();

impl<T: FromDatum> FromDatum for Elements<T> {
    /// Reads an array whose elements are varlena aligned as integers, which those of the types above are.
    unsafe fn from_polymorphic_datum(
        datum: pg_sys::Datum,
        is_null: bool,
        _type: pg_sys::Oid,
    ) -> Option<Elements<T>> {
        if is_null {
            return None;
        }
        let mut elements = std::ptr::null_mut();
        let mut isnull = std::ptr::null_mut();
        let mut count = 0;
        // SAFETY: the caller gives an array of one of those types; the out-pointers get arrays of `count` entries,
        // which point into the array, detoasted in the function's memory.
        unsafe {
            if plain_octets(datum).is_some_and(|octets| octets.len() == EMPTY) {
                return Some(Elements(Vec::new()));
            }
            let array = pg_sys::pg_detoast_datum(datum.cast_mut_ptr()).cast::<pg_sys::ArrayType>();
            pg_sys::deconstruct_array(
                array,
                (*array).elemtype,
                -1,
                false,
                pg_sys::TYPALIGN_INT as std::ffi::c_char,
                &mut elements,
                &mut isnull,
                &mut count,
            );
            let read = |i| T::from_datum(*elements.add(i), *isnull.add(i));
            Some(Elements((0..count as usize).map(read).collect()))
        }
    }
}

// SAFETY: read through FromDatum, for an argument that SQL declares as such an array.
unsafe impl<'fcx, T: FromDatum> ArgAbi<'fcx> for Elements<T> {
    unsafe fn unbox_arg_unchecked(arg: Arg<'_, 'fcx>) -> Self {
        // SAFETY: pgrx unboxes a non-null argument of the declared type.
        unsafe { arg.unbox_arg_using_from_datum() }.expect("pgrx unboxes Option for null arguments")
    }

    unsafe fn unbox_nullable_arg(arg: Arg<'_, 'fcx>) -> Nullable<Self> {
        // SAFETY: as above; null becomes None.
        unsafe { arg.unbox_arg_using_from_datum() }.into()
    }
}
