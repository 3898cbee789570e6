//! Who may do what: every route of each API as every kind of caller, compared with one table an API.
//!
//! A route that is documented and not in its table, or the other way round, fails: nobody adds a route without saying
//! who may call it.

mod communs;
mod coop;
mod droits;
mod fair_share;
mod manage;
mod table;
