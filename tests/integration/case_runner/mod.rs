//! The acceptance cases' own tools: what decides whether a case passes is tested like the rest.

mod copies;
mod matching;
mod names;
mod receivers;
mod runner;
