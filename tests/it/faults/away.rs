//! F10: SQL is away, or somebody else writes to it and doesn't stop.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use harness::api::Method;
use harness::history::{Fact, Place};
use harness::{DEADLINE, PostgresServer};
use serde_json::json;
use server::sql::Sql;
use tokio::time::{Instant, sleep};

use super::scene::{Duo, Scene, insist};
use crate::problem;

const LOOK: Duration = Duration::from_millis(100);

#[tokio::test]
async fn f10_live_rooms_go_on_while_postgresql_stands_still_and_its_backlog_drains() {
    let scene = Scene::new().await;
    let postgres = PostgresServer::start_unsynced().await.unwrap();
    let mut duo = on_postgres(&scene, &postgres).await;
    postgres.pause().unwrap();
    goes_on_without_sql(&mut duo).await;
    postgres.resume().unwrap();
    drains(&postgres.url(), duo, Some(&postgres)).await;
}

#[tokio::test]
async fn f10_live_rooms_go_on_while_postgresql_is_gone_and_its_backlog_drains() {
    let scene = Scene::new().await;
    let mut postgres = PostgresServer::start_unsynced().await.unwrap();
    let mut duo = on_postgres(&scene, &postgres).await;
    postgres.stop().await.unwrap();
    goes_on_without_sql(&mut duo).await;
    postgres.restart().await.unwrap();
    drains(&postgres.url(), duo, Some(&postgres)).await;
}

#[tokio::test]
async fn f10_live_rooms_go_on_while_another_process_locks_the_sqlite_database() {
    let scene = Scene::new().await;
    let nodes = [scene.node().await, scene.node().await];
    let mut duo = Duo::meet(&nodes).await;
    let mut locked = Locked::take(&scene.database());
    goes_on_without_sql(&mut duo).await;
    locked.release();
    drains(&format!("sqlite://{}", scene.database().display()), duo, None).await;
}

async fn on_postgres(scene: &Scene, postgres: &PostgresServer) -> OnPostgres {
    let options = scene.options(&scene.redis.url()).env("PLAYHEAD_DATABASE_URL", postgres.url());
    let nodes = [options.clone().start().await.unwrap(), options.start().await.unwrap()];
    OnPostgres { duo: Duo::meet(&nodes).await, nodes }
}
