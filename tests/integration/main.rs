//! One integration binary: every test that needs more than one crate.

mod access;
mod case_runner;
mod cost;
mod crash;
mod droits;
mod droits_access;
mod e2e;
mod engines;
mod erasure;
mod feed;
mod openapi;
mod rotation;
mod strangers;
