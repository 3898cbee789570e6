//! What the embedded engines promise.
//!
//! The contracts (`dynamodb`, `sqs`, `secrets`) are statements about AWS, made with the real SDKs. Each
//! holds for the engines in memory, in a folder and over loopback HTTP; with `CONTRACT_ENDPOINT_URL` set
//! they are held against that endpoint instead, so that an emulator written by others can contradict us.
//! `embedded`, `crash` and `unkind` are about our engines alone: their clock, their faults, what survives a crash.

mod crash;
mod dynamodb;
mod embedded;
mod secrets;
mod sqs;
pub mod subject;
mod unkind;

use subject::{Subject, on_every_subject};
