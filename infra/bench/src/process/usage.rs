//! What a process has used, as Linux tells it in `/proc`. Zero where there is no `/proc`.

use std::fs;

use serde::Serialize;

/// Clock ticks per second in `/proc/<id>/stat`: 100 on every architecture Linux runs on today.
const TICKS: f64 = 100.0;

/// Processor time and memory.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Usage {
    /// User and system time, in seconds.
    pub(crate) cpu_seconds: f64,
    /// Resident memory now, in MiB.
    pub(crate) resident_mib: f64,
    /// Resident memory at its highest, in MiB.
    pub(crate) peak_mib: f64,
}

impl Usage {
    /// Of the process `id`, or of `self`.
    pub(crate) fn of(id: &str) -> Self {
        let read = |file: &str| fs::read_to_string(format!("/proc/{id}/{file}")).unwrap_or_default();
        Self::parse(&read("stat"), &read("status"))
    }

    fn parse(stat: &str, status: &str) -> Self {
        // The program's name, in parentheses, may hold spaces: fields are counted after it.
        let after_name = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
        let ticks: f64 =
            after_name.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<f64>().ok()).sum();
        let mib = |name: &str| {
            status
                .lines()
                .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
                .and_then(|value| value.trim().strip_suffix(" kB")?.parse::<f64>().ok())
                .map_or(0.0, |kib| kib / 1024.0)
        };
        Self { cpu_seconds: ticks / TICKS, resident_mib: mib("VmRSS"), peak_mib: mib("VmHWM") }
    }
}

/// Processor time the whole machine has spent working, in seconds: what others took meanwhile shows as a difference.
pub(crate) fn machine_cpu_seconds() -> f64 {
    busy_seconds(&fs::read_to_string("/proc/stat").unwrap_or_default())
}

fn busy_seconds(stat: &str) -> f64 {
    // user nice system idle iowait irq softirq steal: all but the two in which nobody works.
    let fields = stat.lines().next().unwrap_or_default().split_whitespace().skip(1).take(8).enumerate();
    let busy = fields.filter(|(place, _)| ![3, 4].contains(place));
    busy.filter_map(|(_, ticks)| ticks.parse::<f64>().ok()).sum::<f64>() / TICKS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_s_text_is_read() {
        let stat = "42 (my (odd) prog) S 1 42 42 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 4 0 100 1 2";
        let status = "Name:\tprog\nVmHWM:\t  204800 kB\nVmRSS:\t  102400 kB\n";
        let expected = Usage { cpu_seconds: 3.0, resident_mib: 100.0, peak_mib: 200.0 };
        assert_eq!(Usage::parse(stat, status), expected);
        assert_eq!(Usage::parse("", ""), Usage::default());
        assert_eq!(busy_seconds("cpu  100 10 50 9000 800 5 5 30 7 0\ncpu0 1 1 1"), 2.0);
    }
}
