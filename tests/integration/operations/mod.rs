//! What operators do and what befalls them: keys, rotations, procedures, crashes.

mod crash;
mod operator;
mod procedures;
mod restoring;
mod rotation;
