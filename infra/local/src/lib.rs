//! The local stack: embedded engines, event sources, schedules and every function in one process.

pub mod caller;
pub mod cli;
pub mod demo;
pub mod demonstration;
pub mod neighbours;
pub mod receivers;
pub mod runtime;
pub mod services;
pub mod stack;
