//! Moments and spans of time, in whole seconds.

use std::fmt;
use std::ops::{Add, Sub};
use std::str::FromStr;
use std::time::SystemTime;

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};

/// A moment as JWTs write it (RFC 7519, section 2): whole seconds since 1970-01-01T00:00:00Z, up to the year 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NumericDate(i64);

/// A span of time in whole seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Seconds(i64);

/// The clock, passed in so that tests can set it.
pub trait Clock {
    /// The moment it is.
    fn now(&self) -> NumericDate;
}

/// The system's clock.
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> NumericDate {
        NumericDate(DateTime::<Utc>::from(SystemTime::now()).timestamp().clamp(0, NumericDate::MAX.0))
    }
}

/// A clock that stands still.
pub struct FixedClock(pub NumericDate);

impl Clock for FixedClock {
    fn now(&self) -> NumericDate {
        self.0
    }
}

impl NumericDate {
    pub(crate) const MIN: Self = Self(0);
    /// 9999-12-31T23:59:59Z
    pub(crate) const MAX: Self = Self(253_402_300_799);

    /// A moment between 1970 and the end of the year 9999.
    #[must_use]
    pub fn new(seconds: i64) -> Option<Self> {
        (0..=Self::MAX.0).contains(&seconds).then_some(Self(seconds))
    }

    /// Seconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub fn seconds(self) -> i64 {
        self.0
    }

    /// The time from an earlier moment to this one; negative where that is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Seconds {
        Seconds(self.0 - earlier.0)
    }

    /// For people, who read it at `now`: `2026-11-28 09:37 UTC (in 5 days)`. All text for people shows dates so; JSON and
    /// config files have RFC 3339, which `Display` writes.
    #[must_use]
    pub(crate) fn for_people(self, now: Self) -> impl fmt::Display {
        ForPeople { date: self, now }
    }

    /// For people where nobody says what time it is: `2026-11-28 09:37 UTC`.
    #[must_use]
    pub(crate) fn to_the_minute(self) -> impl fmt::Display {
        self.utc().format("%Y-%m-%d %H:%M UTC")
    }

    /// The day, as `2026-11-23`.
    #[must_use]
    pub(crate) fn day(self) -> String {
        self.utc().format("%Y-%m-%d").to_string()
    }

    fn utc(self) -> DateTime<Utc> {
        DateTime::from_timestamp(self.0, 0).unwrap_or_default()
    }
}

impl fmt::Display for NumericDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.utc().to_rfc3339_opts(SecondsFormat::Secs, true))
    }
}

struct ForPeople {
    date: NumericDate,
    now: NumericDate,
}

impl fmt::Display for ForPeople {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let away = self.date.since(self.now);
        let span = match (away.0.abs() + MINUTE / 2) / MINUTE {
            0 => String::new(),
            minutes @ 1..120 => format!("{minutes} min"),
            minutes @ 120..2880 => format!("{} h", (minutes + 30) / 60),
            minutes => format!("{} days", (minutes + 720) / 1440),
        };
        write!(f, "{} ", self.date.to_the_minute())?;
        match away.0 {
            _ if span.is_empty() => f.write_str("(now)"),
            0.. => write!(f, "(in {span})"),
            _ => write!(f, "({span} ago)"),
        }
    }
}

/// Later by that much, at most the end of the year 9999.
impl Add<Seconds> for NumericDate {
    type Output = Self;
    fn add(self, span: Seconds) -> Self {
        Self(self.0.saturating_add(span.0).clamp(0, Self::MAX.0))
    }
}

/// Why a text is no moment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidDate {
    /// Neither of the two forms.
    #[error("expected a date such as 2026-12-01 (its first second, UTC) or 2026-12-01T09:30:00Z")]
    Form,
    /// Before 1970 or after 9999.
    #[error("the date must lie between 1970 and the end of 9999")]
    Range,
}

impl FromStr for NumericDate {
    type Err = InvalidDate;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.bytes().take_while(u8::is_ascii_digit).count() > 4 && text.contains('-') {
            return Err(InvalidDate::Range);
        }
        let seconds = if let Ok(moment) = DateTime::parse_from_rfc3339(text) {
            moment.timestamp()
        } else {
            let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").map_err(|_| InvalidDate::Form)?;
            day.and_hms_opt(0, 0, 0).ok_or(InvalidDate::Form)?.and_utc().timestamp()
        };
        Self::new(seconds).ok_or(InvalidDate::Range)
    }
}

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
const UNITS: [(i64, &str); 4] = [(DAY, "d"), (HOUR, "h"), (MINUTE, "min"), (1, "s")];

impl Seconds {
    /// A span of that many seconds.
    #[must_use]
    pub const fn new(seconds: i64) -> Self {
        Self(seconds)
    }

    /// A span of that many hours.
    #[must_use]
    pub const fn hours(hours: i64) -> Self {
        Self(hours * HOUR)
    }

    /// How many seconds.
    #[must_use]
    pub fn get(self) -> i64 {
        self.0
    }

    /// The same span, never negative.
    #[must_use]
    pub(crate) fn abs(self) -> Self {
        Self(self.0.saturating_abs())
    }

    /// As durations are read: `36h`, `90m`, `45s`.
    #[must_use]
    pub fn compact(self) -> String {
        let whole = UNITS.into_iter().find(|(unit, _)| self.0 % unit == 0).unwrap_or((1, "s"));
        let name = if whole.0 == MINUTE { "m" } else { whole.1 };
        format!("{}{name}", self.0 / whole.0)
    }

    /// In the largest unit alone: `5 d`, `90 d`, `42 s`.
    #[must_use]
    pub fn largest(self) -> String {
        let span = self.0.abs();
        let (unit, name) = UNITS.into_iter().find(|(unit, _)| span >= *unit).unwrap_or((1, "s"));
        format!("{} {name}", span / unit)
    }
}

impl Seconds {
    /// The largest unit alone, in words: `5 days`, `1 hour`.
    #[must_use]
    pub fn rounded(self) -> String {
        let unit = [DAY, HOUR, MINUTE].into_iter().find(|unit| self.0.abs() >= *unit).unwrap_or(1);
        Self(self.0 - self.0 % unit).to_string()
    }
}

/// In full words: `5 days and 6 minutes`.
impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0.abs();
        let mut parts = Vec::new();
        for (unit, name) in [(DAY, "day"), (HOUR, "hour"), (MINUTE, "minute"), (1, "second")] {
            if rest >= unit {
                parts
                    .push(crate::base::text::count(usize::try_from(rest / unit).unwrap_or(usize::MAX), name));
                rest %= unit;
            }
        }
        f.pad(&if parts.is_empty() { "0 seconds".to_owned() } else { crate::base::text::list(&parts) })
    }
}

impl Add for Seconds {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for Seconds {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

/// Why a text is no span of time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidDuration {
    /// Not a number with a unit.
    #[error("expected a duration such as 30m, 36h, 7d or 2w")]
    Form,
    /// Nothing, or less than a second.
    #[error("the duration must be whole seconds, and more than zero")]
    Zero,
    /// Over a thousand years.
    #[error("the duration must be less than a thousand years")]
    Range,
}

impl FromStr for Seconds {
    type Err = InvalidDuration;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // `M` is a month to the reader of durations, and `m` a minute: too close for a schedule of keys.
        // Nor are fractions of a unit for schedules.
        if text.contains(['M', '.']) {
            return Err(InvalidDuration::Form);
        }
        let duration = humantime::parse_duration(text.trim()).map_err(|_| InvalidDuration::Form)?;
        if duration.subsec_nanos() != 0 || duration.as_secs() == 0 {
            return Err(InvalidDuration::Zero);
        }
        let seconds = i64::try_from(duration.as_secs()).map_err(|_| InvalidDuration::Range)?;
        if seconds < 1000 * 366 * DAY { Ok(Self(seconds)) } else { Err(InvalidDuration::Range) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_as_people_write_them() {
        for (text, seconds) in
            [("36h", 36 * HOUR), ("7d", 7 * DAY), ("2w", 14 * DAY), ("1h 30m", 90 * MINUTE)]
        {
            assert_eq!(text.parse(), Ok(Seconds(seconds)), "{text}");
        }
        for text in
            ["", "7", "-1h", "soon", "1.5h", "0s", "0h", "10ms", "1M", "9999999y", "99999999999999999999s"]
        {
            assert!(text.parse::<Seconds>().is_err(), "{text}");
        }
    }

    #[test]
    fn dates_are_rfc_3339_or_a_day() {
        let moment = "2026-11-23T09:31:00Z".parse::<NumericDate>().unwrap();
        assert_eq!(moment.to_string(), "2026-11-23T09:31:00Z");
        assert_eq!("2026-11-23T10:31:00+01:00".parse(), Ok(moment));
        assert_eq!("2026-11-23".parse::<NumericDate>().unwrap().to_string(), "2026-11-23T00:00:00Z");
        for text in
            ["", "tomorrow", "2026-13-01", "2026-02-30", "10000-01-01T00:00:00Z", "1969-12-31", "1796083200"]
        {
            assert!(text.parse::<NumericDate>().is_err(), "{text}");
        }
    }

    #[test]
    fn people_read_how_far_away_a_date_is() {
        let now = "2026-11-23T09:31:42Z".parse::<NumericDate>().unwrap();
        for (seconds, text) in [
            (5 * DAY + 6 * MINUTE, "2026-11-28 09:37 UTC (in 5 days)"),
            (3 * HOUR, "2026-11-23 12:31 UTC (in 3 h)"),
            (90 * MINUTE, "2026-11-23 11:01 UTC (in 90 min)"),
            (20, "2026-11-23 09:32 UTC (now)"),
            (-2 * DAY, "2026-11-21 09:31 UTC (2 days ago)"),
        ] {
            assert_eq!((now + Seconds(seconds)).for_people(now).to_string(), text);
        }
    }

    #[test]
    fn spans_are_told_in_words() {
        assert_eq!(Seconds(5 * DAY + 6 * MINUTE).to_string(), "5 days and 6 minutes");
        assert_eq!(Seconds(2 * HOUR + 6 * MINUTE).largest(), "2 h");
        assert_eq!(Seconds(0).largest(), "0 s");
        assert_eq!(Seconds(36 * HOUR).compact(), "36h");
        assert_eq!(Seconds(10 * DAY).compact(), "10d");
        assert_eq!(Seconds(90 * MINUTE).compact(), "90m");
        assert_eq!(Seconds(0).to_string(), "0 seconds");
        assert_eq!(Seconds(DAY + 1).to_string(), "1 day and 1 second");
    }
}
