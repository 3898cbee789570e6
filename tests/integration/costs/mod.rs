//! What a deployment costs: units measured, dollars computed.

mod aws_bill;
mod capacity_units;
