//! One integration binary: every test that needs more than one crate.
//!
//! By domain (`communs`, `webhooks`, `droits`, `coop`), by mechanism (`access`, `engines`, `store`, `operations`,
//! `built_functions`, `costs`), by what is written down (`artefacts`), by a model (`model`), and the tools of the cases (`case_runner`).

mod access;
mod artefacts;
mod built_functions;
mod case_runner;
mod communs;
mod coop;
mod costs;
mod droits;
mod engines;
mod model;
mod operations;
mod store;
mod webhooks;
