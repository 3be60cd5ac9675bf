//! A Redis that many programs share: a user of its own with the rights in docs/operations.md, over TLS.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use harness::port::ReservedPort;
use harness::{DEADLINE, RedisOptions, RedisServer};
use serde_json::json;
use tempfile::TempDir;

use super::site::until;
use crate::party::{Party, new_room, options, over_redis, sample};

const OPERATIONS: &str = include_str!("../../../docs/operations.md");

#[tokio::test]
async fn a_node_needs_no_more_of_redis_than_the_documented_rights_and_trusts_a_private_authority() {
    let tls = Tls::make();
    let port = ReservedPort::take().unwrap();
    let redis = RedisOptions::new()
        .arg("tls-port", &port.port().to_string())
        .arg("tls-cert-file", &tls.path("server.crt"))
        .arg("tls-key-file", &tls.path("server.key"))
        .arg("tls-ca-cert-file", &tls.path("server.crt"))
        .arg("tls-auth-clients", "no");
    let redis = RedisServer::start(redis).await.unwrap();
    let rights = documented_rights();
    redis.command(&rights.split_whitespace().collect::<Vec<_>>()).await.unwrap();

    let directory = TempDir::new().unwrap();
    let database = format!("sqlite://{}", directory.path().join("shared.db").display());
    let url = format!("rediss://playhead:secret@{}", port.address());
    let node = || {
        over_redis(options(), &url)
            .env("PLAYHEAD_DATABASE_URL", database.clone())
            .env("SSL_CERT_FILE", tls.path("server.crt"))
    };
    let (one, other) = (node().start().await.unwrap(), node().start().await.unwrap());
    let host = one.api().as_guest("Ada").await.unwrap();
    let guest = other.api().as_guest("Ben").await.unwrap();
    let link = sample(&one);
    let mut party = Party::of(Arc::new(one), host, guest, &new_room(), &[]).await;
    party.command("set_media", json!({ "link": link })).await;
    party.command("play", json!({})).await;
    attended_again(&redis, &party.room_id).await;
    let denied = redis.command(&["ACL", "LOG"]).await.unwrap();
    assert!(denied.texts().is_empty(), "Redis denied nothing: {denied:?}");
}

/// Waits until a node has recorded once more that people are connected, which it does every few seconds.
async fn attended_again(redis: &RedisServer, room_id: &str) {
    let keys = redis.command(&["KEYS", &format!("*:{room_id}:state")]).await.unwrap().texts();
    let attended = async || redis.command(&["HGET", &keys[0], "attended"]).await.unwrap().text();
    let before = attended().await;
    let is_later = async || (attended().await != before).then_some(());
    until("the room to be attended again", DEADLINE, is_later).await;
}

/// The command in the docs that gives a user the rights.
fn documented_rights() -> &'static str {
    let line = OPERATIONS.lines().find(|line| line.starts_with("ACL SETUSER playhead"));
    line.expect("docs/operations.md gives the rights in one line")
}

/// A certificate for 127.0.0.1 that signs itself, and its key.
struct Tls(TempDir);

impl Tls {
    fn make() -> Self {
        let made = Self(TempDir::new().unwrap());
        let output = Command::new("openssl")
            .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"])
            .args(["-nodes", "-days", "2", "-subj", "/CN=playhead test"])
            .args(["-addext", "subjectAltName=IP:127.0.0.1"])
            .args(["-addext", "basicConstraints=critical,CA:FALSE"])
            .args(["-keyout", &made.path("server.key"), "-out", &made.path("server.crt")])
            .output()
            .expect("openssl is installed");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        made
    }

    fn path(&self, name: &str) -> String {
        Path::new(self.0.path()).join(name).display().to_string()
    }
}
