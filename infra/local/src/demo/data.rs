//! Demonstration data, one file a domain: the people, what the stand-ins know of them, and what is stored.

pub mod coop;
pub mod droits;

use crate::stand_ins::StandIns;

/// Has the stand-ins know the demonstration people.
pub fn teach(stand_ins: &StandIns) {
    stand_ins.portail_df.replace(droits::directory());
    coop::teach(&stand_ins.dataspace);
}
