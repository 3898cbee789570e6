//! One integration binary: every test that needs more than one crate.

mod case_runner;
mod e2e;
mod engines;
