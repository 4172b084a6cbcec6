//! Models in other programs' formats: what goes out comes back the same, and what comes in is trusted in nothing.
//! `tests/exchange/check` lets the other programs compute.

#[path = "../data/allocation.rs"]
mod allocation;
mod answers;
#[cfg(unix)]
mod c;
mod mutation;
mod networks;
mod round_trips;
