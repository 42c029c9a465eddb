//! Ages, durations and sizes in few characters.

use std::time::Duration;

/// How long ago something was, in one unit: `41s`, `7m`, `2h`, `3d`, `5mo`, `2y`.
pub fn age(ago: Duration) -> String {
    const MINUTE: u64 = 60;
    const HOUR: u64 = 60 * MINUTE;
    const DAY: u64 = 24 * HOUR;
    /// Mean lengths in the Gregorian calendar.
    const MONTH: u64 = 2_629_746;
    const YEAR: u64 = 365 * DAY;
    let seconds = ago.as_secs();
    match seconds {
        0..MINUTE => format!("{seconds}s"),
        MINUTE..HOUR => format!("{}m", seconds / MINUTE),
        HOUR..DAY => format!("{}h", seconds / HOUR),
        DAY..MONTH => format!("{}d", seconds / DAY),
        MONTH..YEAR => format!("{}mo", seconds / MONTH),
        _ => format!("{}y", seconds / YEAR),
    }
}

/// How long something took: `12 ms`, `0.21 s`, `00:14`, `1:02:03`.
pub fn elapsed(took: Duration) -> String {
    let millis = took.as_millis();
    match millis {
        0..100 => format!("{millis} ms"),
        // Hundredths, cut off and not rounded, so that 9.999 s is not 10.00 s.
        100..10_000 => format!("{}.{:02} s", millis / 1000, millis % 1000 / 10),
        _ => clock(took),
    }
}

/// A running clock: `00:03`, `12:34`, `1:02:03`.
pub fn clock(took: Duration) -> String {
    let seconds = took.as_secs();
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours == 0 {
        format!("{minutes:02}:{seconds:02}")
    } else {
        format!("{hours}:{minutes:02}:{seconds:02}")
    }
}

/// How many of something: `950`, `12 k`, `3.4 M`.
pub fn count(number: u64) -> String {
    const UNITS: [&str; 5] = ["", " k", " M", " G", " T"];
    let mut unit = 0;
    let mut value = number as f64;
    while value >= 999.5 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    if unit > 0 && value < 9.95 {
        format!("{value:.1}{}", UNITS[unit])
    } else {
        format!("{value:.0}{}", UNITS[unit])
    }
}

/// A size in bytes: `512 B`, `2.1 GB`, `14 GB`. Units are powers of 1024 with PostgreSQL's names
/// (`pg_size_pretty()`).
pub fn bytes(size: u64) -> String {
    const UNITS: [&str; 6] = ["B", "kB", "MB", "GB", "TB", "PB"];
    let mut unit = 0;
    let mut value = size as f64;
    while value >= 999.5 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    // Below ten, one decimal, but not for plain bytes.
    if unit > 0 && value < 9.95 {
        format!("{value:.1} {}", UNITS[unit])
    } else {
        format!("{value:.0} {}", UNITS[unit])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages() {
        for (seconds, expected) in [
            (0, "0s"),
            (41, "41s"),
            (60, "1m"),
            (3599, "59m"),
            (7300, "2h"),
            (86_400, "1d"),
            (86_400 * 30, "30d"),
            (86_400 * 31, "1mo"),
            (86_400 * 160, "5mo"),
            (86_400 * 364, "11mo"),
            (86_400 * 365, "1y"),
            (86_400 * 800, "2y"),
        ] {
            assert_eq!(age(Duration::from_secs(seconds)), expected);
        }
    }

    #[test]
    fn durations() {
        for (millis, expected) in [
            (0, "0 ms"),
            (12, "12 ms"),
            (210, "0.21 s"),
            (9_999, "9.99 s"),
            (14_000, "00:14"),
            (3_599_999, "59:59"),
            (3_723_000, "1:02:03"),
        ] {
            assert_eq!(elapsed(Duration::from_millis(millis)), expected);
        }
        assert_eq!(clock(Duration::from_millis(210)), "00:00");
    }

    #[test]
    fn sizes() {
        for (size, expected) in [
            (0, "0 B"),
            (512, "512 B"),
            (1000, "1.0 kB"),
            (1024, "1.0 kB"),
            (15_032_385_536, "14 GB"),
            (2_254_857_830, "2.1 GB"),
            (10_738_000_000, "10 GB"),
            (1_048_100_000, "1.0 GB"),
            (u64::MAX, "16384 PB"),
        ] {
            assert_eq!(bytes(size), expected);
        }
    }

    #[test]
    fn counts_are_short() {
        for (number, text) in [
            (0, "0"),
            (950, "950"),
            (1_000, "1.0 k"),
            (12_345, "12 k"),
            (999_600, "1.0 M"),
            (3_400_000, "3.4 M"),
            (u64::MAX, "18446744 T"),
        ] {
            assert_eq!(count(number), text);
        }
    }
}
