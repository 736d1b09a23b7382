//! The text form of a token and its digest.
#![forbid(unsafe_code)]
