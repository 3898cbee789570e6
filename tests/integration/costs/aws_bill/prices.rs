//! Prices of AWS, and what each is paid for.

use super::measure::Usage;

/// One line of a bill.
pub struct Line {
    pub name: &'static str,
    /// How much of it.
    pub amount: fn(&Usage) -> f64,
    /// US dollars for one.
    pub price: f64,
}

/// List prices of us-east-1 in 2026, on demand, without the free tiers. Lambda on arm64.
pub const LINES: [Line; 8] = [
    Line { name: "DynamoDB write units", amount: |usage| usage.write, price: 0.625e-6 },
    Line { name: "DynamoDB read units", amount: |usage| usage.read, price: 0.125e-6 },
    Line { name: "SQS requests", amount: |usage| usage.sqs, price: 0.40e-6 },
    Line { name: "API requests", amount: |usage| usage.api, price: 1.00e-6 },
    Line { name: "Lambda invocations", amount: |usage| usage.invocations, price: 0.20e-6 },
    Line { name: "Lambda GB-s", amount: |usage| usage.gb_seconds, price: 0.000_013_333_4 },
    Line { name: "logs and metrics, kB", amount: |usage| usage.log_bytes / 1e3, price: 0.50e-6 },
    Line { name: "secrets, metrics, alarms: months", amount: |usage| usage.fixed, price: 1.0 },
];

/// What is paid by the month whatever happens.
pub mod monthly {
    /// Six secrets.
    pub const SECRETS: f64 = 6.0 * 0.40;
    /// The two metrics of the sweeper, written every minute; the others cost 0.30 each in months in which they occur.
    pub const METRICS: f64 = 2.0 * 0.30;
    /// One tenth of a dollar for each metric an alarm watches.
    pub const ALARM_METRIC: f64 = 0.10;
}
