//! Rights of the people of Zéro Logement Vacant, decided against Portail DF.
//!
//! Everything here is pure: facts and `now` go in, an outcome and the trail that led to it come out. The nodes of the
//! published decision trees keep their names (C1-C20 creation, L1-L29 sign-in, M1-M10 change of establishment): they
//! are how the people who own the rules speak of them.
//!
//! Source: docs/spec/droits.md, docs/seeds/droits.md, tests/cases/droits/_shapes.md#decisions

pub mod account;
pub mod change;
pub mod creation;
pub mod decision;
pub mod diagram;
pub mod examination;
pub mod password;
pub mod perimeter;
pub mod portail_df;
pub mod retention;
pub mod rights;
pub mod sign_in;
pub mod suspension;
pub mod trail;
mod wording;

#[cfg(test)]
mod tests;
