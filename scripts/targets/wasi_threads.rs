//! Stands in for threads in the C library of WASI, which Debian 12 ships in a version without these names.
//!
//! The standard library refers to them; starting a thread answers ENOTSUP, as later versions do.
#![no_std]
use core::ffi::{c_int, c_void};

const ENOTSUP: c_int = 58;
type Pointer = *mut c_void;

#[unsafe(no_mangle)]
pub extern "C" fn pthread_attr_init(_: Pointer) -> c_int {
    0
}
#[unsafe(no_mangle)]
pub extern "C" fn pthread_attr_setstacksize(_: Pointer, _: usize) -> c_int {
    0
}
#[unsafe(no_mangle)]
pub extern "C" fn pthread_attr_destroy(_: Pointer) -> c_int {
    0
}
#[unsafe(no_mangle)]
pub extern "C" fn pthread_create(_: Pointer, _: Pointer, _: Pointer, _: Pointer) -> c_int {
    ENOTSUP
}
#[unsafe(no_mangle)]
pub extern "C" fn pthread_join(_: Pointer, _: Pointer) -> c_int {
    ENOTSUP
}
#[unsafe(no_mangle)]
pub extern "C" fn pthread_detach(_: Pointer) -> c_int {
    ENOTSUP
}
