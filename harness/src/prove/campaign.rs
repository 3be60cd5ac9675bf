//! Many rounds of every scenario, in pieces, added to what earlier runs have shown.

use std::path::PathBuf;

use super::server_killed;
use super::{Ground, Outcome, emptied, node_killed, redis_always, redis_everysec};
use crate::bench::{align, say};
use crate::dice::Dice;
use crate::{Error, Result};

/// So many rounds share their processes and one history.
const PIECE: u64 = 10;
/// What takes long is done once for so many rounds of the others.
const SELDOM: u64 = 10;
/// Who is connected when a node is killed.
const PEOPLE: usize = 100;
/// How many rooms Redis loses.
const ROOMS: usize = 10_000;

/// What is broken.
#[derive(Clone, Copy, Debug, Eq, PartialEq, clap::ValueEnum)]
pub enum Scenario {
    /// Redis is killed, which syncs each write before it answers.
    RedisAlways,
    /// Redis is killed, which syncs each second, and loses what wasn't.
    RedisEverysec,
    /// A server on the memory store is killed.
    Memory,
    /// One of two nodes is killed under a hundred people.
    Node,
    /// Redis loses ten thousand rooms.
    Emptied,
}

/// What to prove.
#[derive(Clone, Debug)]
pub struct Campaign {
    /// On what.
    pub ground: Ground,
    /// What is broken; everything if empty.
    pub only: Vec<Scenario>,
    /// How often; a tenth as often where a round takes long.
    pub rounds: u64,
    /// What is chosen by.
    pub seed: u64,
    /// Where the outcomes are added up, one JSON file per scenario.
    pub directory: PathBuf,
}

impl Scenario {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::RedisAlways, Self::RedisEverysec, Self::Memory, Self::Node, Self::Emptied];

    async fn piece(self, ground: &Ground, rounds: u64, dice: &mut Dice) -> Result<Outcome> {
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
            Self::Node | Self::Emptied => wanted.div_ceil(SELDOM),
        }
    }
}

impl Campaign {
    /// Runs it and prints what it showed; an error if anything doesn't hold.
    pub async fn run(&self) -> Result<()> {
        let mut all = Vec::new();
        let scenarios = if self.only.is_empty() { &Scenario::ALL[..] } else { &self.only };
        for scenario in scenarios {
            let outcome = self.run_one(*scenario).await?;
            say(format_args!("{outcome}\n"));
            let (sum, path) = outcome.accumulate(&self.directory)?;
            say(format_args!("added to {}\n", path.display()));
            all.push(sum);
        }
        say(table(&all));
        if all.iter().all(is_held) {
            return Ok(());
        }
        Err(Error::new("not everything holds"))
    }

    async fn run_one(&self, scenario: Scenario) -> Result<Outcome> {
        let mut dice = Dice::new(self.seed);
        let mut left = scenario.rounds(self.rounds);
        let mut sum: Option<Outcome> = None;
        while left > 0 {
            let rounds = left.min(PIECE);
            left -= rounds;
            let piece = scenario.piece(&self.ground, rounds, &mut dice).await?;
            match &mut sum {
                Some(sum) => sum.add(piece),
                None => sum = Some(piece),
            }
        }
        sum.ok_or_else(|| Error::new("no rounds"))
    }
}

fn is_held(outcome: &Outcome) -> bool {
    outcome.problems().is_empty() && outcome.is_in_time()
}

/// Everything so far, a line for each scenario.
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
