//! S3 and S10: commands take effect once or not at all.

use std::collections::HashMap;

use contracts::Outcome;

use super::Verdict;
use super::loss::Rebuilds;
use crate::history::{Fact, History, Place};

/// Everything known about one command.
#[derive(Default)]
struct Command {
    invokes: usize,
    acks: Vec<(usize, Place)>,
    rejects: Vec<(usize, Outcome)>,
    commits: Vec<(usize, Place)>,
}

/// S3: a command is committed once, unless its commit was announced as lost; all acks in one epoch
/// name the same place. (A client repeats an id only while it doesn't know the outcome.)
pub fn exactly_once(history: &History) -> Verdict {
    let mut verdict = Verdict::new("S3", "exactly-once effect");
    let rebuilds = Rebuilds::of(history);
    for ((room, _, id), command) in commands(history) {
        let effects = distinct(&command.commits);
        let answers = distinct(&command.acks);
        verdict.facts += effects.len() + command.acks.len();
        for pair in effects.windows(2) {
            let [(first, earlier), (second, later)] = [pair[0], pair[1]];
            if !rebuilds.is_announced(room, earlier, later.epoch) {
                let what = format!("{id} had an effect at {earlier} and at {later}");
                verdict.broken(&[first, second], what);
            }
        }
        for pair in answers.windows(2) {
            let [(first, earlier), (second, later)] = [pair[0], pair[1]];
            if !rebuilds.is_announced(room, earlier, later.epoch) {
                let what = format!("{id} was acknowledged at {earlier} and at {later}");
                verdict.broken(&[first, second], what);
            }
        }
        // An ack must name the effect in its epoch.
        for (line, place) in answers {
            let other = effects.iter().find(|(_, effect)| effect.epoch == place.epoch);
            if let Some((effect_line, effect)) = other.filter(|(_, effect)| *effect != place) {
                let what = format!("{id} is at {effect} and was acknowledged at {place}");
                verdict.broken(&[*effect_line, line], what);
            }
        }
    }
    verdict
}

/// S10: a command gets at most one answer each time it is sent, and if every answer is a rejection
/// with the outcome `not_applied`, no log holds it.
pub fn rejected_change_nothing(history: &History) -> Verdict {
    let mut verdict = Verdict::new("S10", "rejected commands do nothing");
    for ((_, _, id), command) in commands(history) {
        let answers = command.acks.len() + command.rejects.len();
        verdict.facts += command.rejects.len();
        let last = command.acks.iter().map(|(line, _)| *line);
        let last = last.chain(command.rejects.iter().map(|(line, _)| *line)).max();
        if answers > command.invokes {
            let what = format!("{id} was sent {} times and got {answers} answers", command.invokes);
            verdict.broken(last.as_slice(), what);
        }
        let refused = command.rejects.iter().filter(|(_, outcome)| *outcome == Outcome::NotApplied);
        if let Some((effect, place)) = command.commits.first()
            && answers > 0
            && refused.count() == command.invokes
        {
            let lines: Vec<usize> = last.into_iter().chain([*effect]).collect();
            verdict.broken(&lines, format!("{id} was rejected, but had an effect at {place}"));
        }
    }
    verdict
}

type Commands<'a> = HashMap<(&'a str, &'a str, &'a str), Command>;

fn commands(history: &History) -> Commands<'_> {
    let mut commands = Commands::new();
    for (line, entry) in history.entries.iter().enumerate() {
        let room = entry.room.as_str();
        match &entry.fact {
            Fact::Invoke { client, id, .. } => {
                commands.entry((room, client, id)).or_default().invokes += 1;
            }
            Fact::Ack { client, id, place, .. } => {
                commands.entry((room, client, id)).or_default().acks.push((line, *place));
            }
            Fact::Reject { client, id: Some(id), outcome, .. } => {
                commands.entry((room, client, id)).or_default().rejects.push((line, *outcome));
            }
            Fact::Committed { client, id, place } => {
                commands.entry((room, client, id)).or_default().commits.push((line, *place));
            }
            _ => {}
        }
    }
    commands
}

/// Each place once, in order.
fn distinct(places: &[(usize, Place)]) -> Vec<(usize, Place)> {
    let mut places = places.to_vec();
    places.sort_unstable_by_key(|(line, place)| (*place, *line));
    places.dedup_by_key(|(_, place)| *place);
    places
}
