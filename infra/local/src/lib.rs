//! The local stack: embedded engines, event sources, schedules and every function in one process.

pub mod caller;
pub mod cli;
pub mod demo;
pub mod runtime;
pub mod stack;
pub mod stand_ins;
