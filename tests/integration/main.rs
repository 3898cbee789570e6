//! One integration binary: every test that needs more than one crate.

mod access;
mod case_runner;
mod coop;
mod coop_access;
mod cost;
mod crash;
mod dataspace_client;
mod droits;
mod droits_access;
mod e2e;
mod engines;
mod erasure;
mod feed;
mod matrix;
mod money;
mod openapi;
mod operations;
mod operator;
mod permissions;
mod readme;
mod recovery;
mod rotation;
mod sources;
mod strangers;
mod table;
mod version;
