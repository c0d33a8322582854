//! What the kernel says of a process. Linux only: elsewhere there is no `/proc`.

use std::fs;

use anyhow::{Context, Result};

/// The kernel tells times in hundredths of a second, on every architecture.
const MICROS_IN_TICK: u64 = 10_000;

/// CPU time that a process has used so far, in microseconds.
pub(super) fn cpu_micros(pid: u32) -> Result<u64> {
    let stat = Stat::of(pid)?;
    Ok((stat.own + stat.reaped) * MICROS_IN_TICK)
}

/// The same of a process and its children, those that have ended included.
pub(super) fn cpu_micros_with_children(pid: u32) -> Result<u64> {
    let mut ticks = 0;
    for entry in fs::read_dir("/proc").context("/proc")?.flatten() {
        let Some(other) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        // One that has just ended is counted as reaped.
        let Ok(stat) = Stat::of(other) else { continue };
        if other == pid || stat.parent == pid {
            ticks += stat.own + stat.reaped;
        }
    }
    Ok(ticks * MICROS_IN_TICK)
}

/// Memory of a process that is in use, in megabytes (10^6 bytes).
pub(super) fn resident_megabytes(pid: u32) -> Result<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).context("/proc/<pid>/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes: f64 = line
        .and_then(|line| line.trim().strip_suffix(" kB"))
        .and_then(|number| number.parse().ok())
        .context("/proc/<pid>/status has no VmRSS")?;
    Ok(kibibytes * 1024.0 / 1e6)
}

/// Times in ticks.
struct Stat {
    parent: u32,
    own: u64,
    reaped: u64,
}

impl Stat {
    fn of(pid: u32) -> Result<Self> {
        let text = fs::read_to_string(format!("/proc/{pid}/stat")).context("/proc/<pid>/stat")?;
        Self::parse(&text).context("/proc/<pid>/stat has another form")
    }

    /// The name, which may have any character, stands in parentheses; behind it are state and parent.
    fn parse(text: &str) -> Option<Self> {
        let (_, behind) = text.rsplit_once(')')?;
        let fields: Vec<&str> = behind.split_whitespace().collect();
        let sum = |first: usize| -> Option<u64> {
            Some(fields.get(first)?.parse::<u64>().ok()? + fields.get(first + 1)?.parse::<u64>().ok()?)
        };
        Some(Self { parent: fields.get(1)?.parse().ok()?, own: sum(11)?, reaped: sum(13)? })
    }
}

#[cfg(test)]
mod tests {
    use super::Stat;

    #[test]
    fn reads_times_behind_any_name() {
        let line = "7 (a) b) S 3 7 7 0 -1 4194560 1 2 3 4 50 6 70 8 20 0 9 0 1 2 3";
        let stat = Stat::parse(line).unwrap();
        assert_eq!((stat.parent, stat.own, stat.reaped), (3, 56, 78));
        assert!(Stat::parse("7 (a) S 3").is_none());
    }
}
