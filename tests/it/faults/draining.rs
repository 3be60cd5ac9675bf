//! F9: a node is asked to end under load.

use std::collections::BTreeSet;
use std::time::Duration;

use harness::AppendFsync;
use harness::dice::Dice;
use harness::prove::{Crowd, Order, Outcome, Size};
use tokio::time::{Instant, sleep, timeout};

use super::scene::ground;

/// When the process must be gone.
const GONE: Duration = Duration::from_secs(25);

#[tokio::test]
async fn f9_a_node_that_is_asked_to_end_spreads_its_people_and_loses_nothing() {
    let mut site = ground().on_redis(AppendFsync::Always, 2).await.unwrap();
    let size = Size { rooms: 3, commanders: 2, viewers: 6 };
    let mut dice = Dice::new(9);
    let mut crowd = Crowd::gather(&site, size, &mut dice).await.unwrap();
    crowd.order(Order::Command);
    sleep(Duration::from_millis(400)).await;
    let there = |member: &&harness::prove::Member| member.progress().node == Some(0);
    let moving = crowd.members.iter().filter(there).count();
    let began = Instant::now();
    site.nodes[0].ask_to_end().unwrap();
    let ended = timeout(GONE, site.nodes[0].wait_exit()).await;
    assert_eq!(ended.expect("it is gone in time").unwrap(), Some(0));
    let gone_after = began.elapsed();
    assert!(gone_after < GONE, "gone after {gone_after:?}");

    let home = |progress: &harness::prove::Progress| progress.node == Some(1);
    for member in &crowd.members {
        member.wait_for("a home elsewhere", home).await.unwrap();
    }
    let told: Vec<u64> =
        crowd.members.iter().flat_map(|member| member.progress().told_to_wait_ms).collect();
    assert_eq!(told.len(), moving, "each is told when to come back: {told:?}");
    let different = told.iter().collect::<BTreeSet<_>>().len();
    assert!(different > moving / 2, "they don't come all at once: {told:?}");
    let resumed = crowd.members.iter().filter(|member| member.progress().resumed > 0).count();
    assert_eq!(resumed, moving, "each goes on with its session");

    crowd.settle_without(Some(0)).await.unwrap();
    site.nodes[0].restart().await.unwrap();
    let outcome = crowd.finish(Outcome::new("drain", true, &[]), 1).await.unwrap();
    assert_eq!(outcome.problems(), Vec::<String>::new(), "{outcome}");
    assert!(outcome.acked > 0);
}
