//! Reads from a list of segments where its edge is, if it turns out to be live.

use chrono::DateTime;
use engine::{LiveEdge, Position, Timeline, TimelineKind, Timestamp};

/// How far behind the edge players stay unless the playlist says so, in target durations.
const HOLD_BACK_TARGETS: f64 = 3.0;

/// The largest date or duration, in milliseconds: the last that a date of four digits can name.
const MILLISECONDS_MAX: u64 = 253_402_300_799_999;

/// The tags read so far that concern the edge.
#[derive(Debug, Default)]
pub(super) struct LiveReader {
    /// The date of the segment that comes next, in milliseconds since the Unix epoch.
    coming_ms: Option<f64>,
    /// The date at which the last segment ends, if any segment had a date.
    edge_ms: Option<f64>,
    seconds: f64,
    longest_seconds: f64,
    target_seconds: Option<f64>,
    hold_back_seconds: Option<f64>,
    keeps_all: bool,
}

impl LiveReader {
    /// Reads a tag, without its `#`.
    pub(super) fn read_tag(&mut self, name: &str, value: &str) {
        match name {
            "EXT-X-PROGRAM-DATE-TIME" => self.coming_ms = date_ms(value),
            "EXT-X-TARGETDURATION" => self.target_seconds = positive(value),
            "EXT-X-PLAYLIST-TYPE" => self.keeps_all = value.trim().eq_ignore_ascii_case("EVENT"),
            "EXT-X-SERVER-CONTROL" => {
                let mut attributes = value.split(',').map(str::trim);
                let found = attributes.find_map(|one| one.strip_prefix("HOLD-BACK="));
                self.hold_back_seconds = found.and_then(positive);
            }
            _ => {}
        }
    }

    /// Reads a segment of this duration.
    pub(super) fn read_segment(&mut self, seconds: f64) {
        let starts_ms = self.coming_ms.take().or(self.edge_ms);
        self.edge_ms = starts_ms.map(|start_ms| start_ms + seconds * 1000.0);
        self.seconds += seconds;
        self.longest_seconds = self.longest_seconds.max(seconds);
    }

    /// The date at which the last segment ends, if any segment had a date.
    pub(super) fn dated_end(&self) -> Option<Position> {
        self.edge_ms.map(|edge_ms| Position::from_millis(milliseconds(edge_ms)))
    }

    /// The edge and what its position counts: dates where the segments have them, else the time from
    /// the first segment that is listed now, of which its timestamps may tell more. Who knows the room
    /// clock adds the instant.
    pub(super) fn finish(&self) -> (LiveEdge, Timeline) {
        let window_ms = milliseconds(self.seconds * 1000.0);
        let (kind, edge_ms) = match self.edge_ms {
            Some(edge_ms) => (TimelineKind::ProgramDateTime, milliseconds(edge_ms)),
            None => (TimelineKind::Playlist, window_ms),
        };
        let target_seconds = self.target_seconds.unwrap_or(self.longest_seconds);
        let hold_back = self.hold_back_seconds.unwrap_or(HOLD_BACK_TARGETS * target_seconds);
        // Of a window that isn't longer, every moment would be leaving as it is chosen. What is left is counted in
        // whole target durations: the lengths of segments differ from one reading to the next.
        let most = ((self.seconds / target_seconds).round() - 1.0).max(1.0) * target_seconds;
        let hold_back = if self.keeps_all { hold_back } else { hold_back.min(most) };
        let edge = LiveEdge {
            position: Position::from_millis(edge_ms),
            at: Timestamp::default(),
            window_ms,
            hold_back_ms: milliseconds(hold_back * 1000.0),
            keeps_all: self.keeps_all,
        };
        (edge, Timeline::of(kind, Vec::new()))
    }
}

/// A date as milliseconds since the Unix epoch. One without a time zone means another instant to each
/// viewer, so it counts as none.
fn date_ms(value: &str) -> Option<f64> {
    let value = value.trim();
    let date = DateTime::parse_from_rfc3339(value)
        .or_else(|_| DateTime::parse_from_str(value, "%Y-%m-%dT%H:%M:%S%.f%#z"));
    let ms = date.ok()?.timestamp_millis();
    (ms > 0).then_some(ms as f64)
}

fn positive(value: &str) -> Option<f64> {
    let seconds = value.trim().parse().ok();
    seconds.filter(|seconds: &f64| seconds.is_finite() && *seconds > 0.0)
}

fn milliseconds(ms: f64) -> u64 {
    (ms.round() as u64).min(MILLISECONDS_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-29T22:00:00Z.
    const DATE_MS: u64 = 1_795_989_600_000;

    #[test]
    fn the_edge_of_a_dated_playlist_is_the_date_at_which_its_last_segment_ends() {
        let (edge, timeline) = read(
            "EXT-X-TARGETDURATION:2\nEXT-X-PROGRAM-DATE-TIME:2026-11-29T22:00:00.000+0000\n2.0\n\
             EXT-X-PROGRAM-DATE-TIME:2026-11-29T22:00:02.000+0000\n2.0\n1.5",
        );
        assert_eq!(timeline.kind, TimelineKind::ProgramDateTime);
        assert_eq!(edge.position.as_millis(), DATE_MS + 5_500);
        assert_eq!((edge.window_ms, edge.hold_back_ms, edge.keeps_all), (5_500, 4_000, false));
    }

    #[test]
    fn a_date_that_jumps_counts_from_there_on() {
        let (edge, _) = read(
            "EXT-X-PROGRAM-DATE-TIME:2026-11-29T21:00:00Z\n2.0\n\
             EXT-X-PROGRAM-DATE-TIME:2026-11-29T22:00:00Z\n2.0",
        );
        assert_eq!((edge.position.as_millis(), edge.window_ms), (DATE_MS + 2_000, 4_000));
    }

    #[test]
    fn dates_are_read_with_any_time_zone_and_fraction() {
        for date in [
            "2026-11-29T22:00:00.250Z",
            "2026-11-29T22:00:00.250+00:00",
            "2026-11-29T23:00:00.250+0100",
            "2026-11-29T17:00:00.250-05:00",
            "2026-11-29T22:00:00.2509Z ",
        ] {
            assert_eq!(date_ms(date), Some(DATE_MS as f64 + 250.0), "{date}");
        }
    }

    #[test]
    fn a_date_that_is_none_or_says_no_time_zone_counts_as_none() {
        for date in ["", "yesterday", "2026-11-29", "2026-11-29T22:00:00", "1960-01-01T00:00:00Z"] {
            assert_eq!(date_ms(date), None, "{date}");
            let (edge, timeline) = read(&format!("EXT-X-PROGRAM-DATE-TIME:{date}\n2.0\n2.0"));
            assert_eq!(timeline.kind, TimelineKind::Playlist, "{date}");
            assert_eq!((edge.position.as_millis(), edge.window_ms), (4_000, 4_000));
        }
    }

    #[test]
    fn players_stay_three_target_durations_behind_unless_the_playlist_says_otherwise() {
        for (tags, hold_back_ms) in [
            ("EXT-X-TARGETDURATION:4\n3.9", 12_000),
            ("3.5\n2.0", 10_500),
            ("EXT-X-TARGETDURATION:4\nEXT-X-SERVER-CONTROL:HOLD-BACK=18.5\n4", 18_500),
            ("EXT-X-TARGETDURATION:4\nEXT-X-SERVER-CONTROL:A=YES, HOLD-BACK=12.0,B=1\n4", 12_000),
            ("EXT-X-TARGETDURATION:4\nEXT-X-SERVER-CONTROL:PART-HOLD-BACK=1\n4", 12_000),
            ("EXT-X-TARGETDURATION:4\nEXT-X-SERVER-CONTROL:HOLD-BACK=nan\n4", 12_000),
        ] {
            let window = "\n2.0".repeat(12);
            assert_eq!(read(&format!("{tags}{window}")).0.hold_back_ms, hold_back_ms, "{tags}");
        }
    }

    #[test]
    fn players_stay_a_target_duration_within_a_short_window() {
        for (segments, hold_back_ms) in [(4, 30_000), (3, 20_000), (2, 10_000), (1, 10_000)] {
            let window = "\n10".repeat(segments);
            let edge = read(&format!("EXT-X-TARGETDURATION:10{window}")).0;
            assert_eq!(edge.hold_back_ms, hold_back_ms, "{segments}");
        }
        for uneven in ["\n8\n9\n9", "\n10\n9\n10", "\n10.01\n10.01\n10.01"] {
            let edge = read(&format!("EXT-X-TARGETDURATION:10{uneven}")).0;
            assert_eq!(edge.hold_back_ms, 20_000, "one distance, however long its segments are");
        }
    }

    #[test]
    fn an_event_keeps_its_beginning_and_players_their_distance_however_short_it_is() {
        let edge = read("EXT-X-PLAYLIST-TYPE:EVENT\n2.0").0;
        assert_eq!((edge.keeps_all, edge.hold_back_ms), (true, 6_000));
    }

    /// Reads lines that are tags, or the duration of a segment.
    fn read(lines: &str) -> (LiveEdge, Timeline) {
        let mut reader = LiveReader::default();
        for line in lines.lines().map(str::trim_start) {
            match line.parse() {
                Ok(seconds) => reader.read_segment(seconds),
                Err(_) => {
                    let (name, value) = line.split_once(':').unwrap();
                    reader.read_tag(name, value);
                }
            }
        }
        reader.finish()
    }
}
