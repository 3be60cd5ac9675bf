//! Runs many rounds of every scenario and adds the outcomes to those of earlier runs.

use std::path::PathBuf;

use super::server_killed;
use super::{Ground, Outcome, emptied, node_killed, redis_always, redis_everysec};
use crate::bench::{align, print_line};
use crate::dice::Dice;
use crate::{Error, Result};

/// The number of rounds that share processes and a history.
const BATCH: u64 = 10;
/// A scenario that takes long runs once for this many rounds of the others.
const SLOW_FACTOR: u64 = 10;
/// The number of members connected when a node is killed.
const PEOPLE: usize = 100;
/// The number of rooms that Redis loses.
const ROOMS: usize = 10_000;

/// A scenario: what is killed or emptied.
#[derive(Clone, Copy, Debug, Eq, PartialEq, clap::ValueEnum)]
pub enum Scenario {
    /// Redis, which syncs each write before it replies, is killed.
    RedisAlways,
    /// Redis, which syncs once a second, is killed and loses what wasn't synced.
    RedisEverysec,
    /// A server with the memory store is killed.
    Memory,
    /// One of two nodes is killed while a hundred members are connected.
    Node,
    /// Redis loses ten thousand rooms.
    Emptied,
}

/// Which scenarios to run, and how often.
#[derive(Clone, Debug)]
pub struct Campaign {
    /// How processes are started.
    pub ground: Ground,
    /// The scenarios; all if empty.
    pub only: Vec<Scenario>,
    /// The rounds of each scenario; a tenth of them where a round takes long.
    pub rounds: u64,
    /// The seed of random choices.
    pub seed: u64,
    /// The directory in which outcomes are added up, one JSON file per scenario.
    pub directory: PathBuf,
}

impl Scenario {
    /// All scenarios.
    pub const ALL: [Self; 5] =
        [Self::RedisAlways, Self::RedisEverysec, Self::Memory, Self::Node, Self::Emptied];

    async fn run(self, ground: &Ground, rounds: u64, dice: &mut Dice) -> Result<Outcome> {
        match self {
            Self::RedisAlways => redis_always(ground, rounds, dice).await,
            Self::RedisEverysec => redis_everysec(ground, rounds, dice).await,
            Self::Memory => server_killed(ground, rounds, dice).await,
            Self::Node => node_killed(ground, rounds, PEOPLE, dice).await,
            Self::Emptied => emptied(ground, rounds, ROOMS, dice).await,
        }
    }

    fn rounds(self, wanted: u64) -> u64 {
        match self {
            Self::RedisAlways | Self::RedisEverysec | Self::Memory => wanted,
            Self::Node | Self::Emptied => wanted.div_ceil(SLOW_FACTOR),
        }
    }
}

impl Campaign {
    /// Runs the scenarios and prints the outcomes; fails if any promise is broken.
    pub async fn run(&self) -> Result<()> {
        let mut all = Vec::new();
        let scenarios = if self.only.is_empty() { &Scenario::ALL[..] } else { &self.only };
        for scenario in scenarios {
            let outcome = self.run_one(*scenario).await?;
            print_line(format_args!("{outcome}\n"));
            let (sum, path) = outcome.accumulate(&self.directory)?;
            print_line(format_args!("added to {}\n", path.display()));
            all.push(sum);
        }
        print_line(table(&all));
        if all.iter().all(is_held) {
            return Ok(());
        }
        Err(Error::new("not every promise holds"))
    }

    async fn run_one(&self, scenario: Scenario) -> Result<Outcome> {
        let mut dice = Dice::new(self.seed);
        let mut left = scenario.rounds(self.rounds);
        let mut sum: Option<Outcome> = None;
        while left > 0 {
            let rounds = left.min(BATCH);
            left -= rounds;
            let outcome = scenario.run(&self.ground, rounds, &mut dice).await?;
            match &mut sum {
                Some(sum) => sum.add(outcome),
                None => sum = Some(outcome),
            }
        }
        sum.ok_or_else(|| Error::new("no rounds"))
    }
}

fn is_held(outcome: &Outcome) -> bool {
    outcome.problems().is_empty() && outcome.is_in_time()
}

/// The sum of all runs as a table, with a row for each scenario.
fn table(outcomes: &[Outcome]) -> String {
    let head = ["scenario", "rounds", "acked", "lost", "silent", "p50 ms", "p99 ms", "max ms"];
    let mut rows = vec![head.map(String::from).to_vec()];
    rows[0].extend(["must ms", "held"].map(String::from));
    rows.extend(outcomes.iter().map(|outcome| {
        let ms =
            |percent| outcome.served_within_ms(percent).map_or("-".to_owned(), |ms| ms.to_string());
        let must = outcome.must_ms.iter().map(|(percent, ms)| match percent {
            100 => format!("max {ms}"),
            _ => format!("p{percent} {ms}"),
        });
        vec![
            outcome.scenario.clone(),
            outcome.rounds.to_string(),
            outcome.acked.to_string(),
            outcome.lost.to_string(),
            outcome.silent.to_string(),
            ms(50),
            ms(99),
            ms(100),
            must.collect::<Vec<_>>().join(", "),
            if is_held(outcome) { "yes" } else { "NO" }.to_owned(),
        ]
    }));
    align(&rows)
}
