//! The round trip that a start is planned for: that of the good majority, so that no participant alone can
//! put off everybody's start by answering pings late.

/// How long a round trip may take, in milliseconds, until it counts as late.
const LATE_MS: u64 = 1000;

/// Returns the round trip in milliseconds that nine in ten players stay within. Each entry is a round trip
/// with the number of players that it stands for. Late ones are left out unless more than half are.
pub(super) fn of_majority(mut trips: Vec<(u64, usize)>) -> u64 {
    let players = |trips: &[(u64, usize)]| trips.iter().map(|(_, players)| players).sum::<usize>();
    trips.retain(|(_, players)| *players > 0);
    trips.sort_unstable();
    let in_time = trips.partition_point(|(ms, _)| *ms <= LATE_MS);
    if 2 * players(&trips[..in_time]) >= players(&trips) {
        trips.truncate(in_time);
    }
    let most = (players(&trips) * 9).div_ceil(10);
    let mut within = 0;
    for (ms, players) in trips {
        within += players;
        if within >= most {
            return ms;
        }
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_is_planned_for_the_slowest_of_a_few_and_for_nine_in_ten_of_many() {
        for (trips, ms) in [
            (vec![], 0),
            (vec![(400, 1)], 400),
            (vec![(20, 1), (400, 1)], 400),
            (vec![(900, 1), (20, 1), (30, 1)], 900),
            (vec![(20, 9), (900, 1)], 20),
            (vec![(900, 2), (20, 9)], 900),
            (vec![(900, 0), (20, 1)], 20),
        ] {
            assert_eq!(of_majority(trips.clone()), ms, "{trips:?}");
        }
    }

    #[test]
    fn a_participant_who_answers_late_is_left_out_unless_most_do() {
        for (trips, ms) in [
            (vec![(1001, 1), (20, 1)], 20),
            (vec![(u64::MAX, 1), (20, 1), (400, 1)], 400),
            (vec![(2000, 2), (20, 1)], 2000),
            (vec![(3000, 1)], 3000),
        ] {
            assert_eq!(of_majority(trips.clone()), ms, "{trips:?}");
        }
    }
}
