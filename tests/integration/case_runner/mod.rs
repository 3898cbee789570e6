//! The acceptance cases' own tools: what decides whether a case passes is tested like the rest.

mod files;
mod matching;
mod names;
mod receivers;
mod runner;
