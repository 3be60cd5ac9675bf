//! The server's wall clock is wrong, and is put right while a party runs: rooms don't notice, and
//! tokens are judged rightly afterwards.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use contracts::{Ban, BanRequest, GuestToken, Role};
use harness::http::Method;
use harness::{Api, RedisOptions, ServerOptions, ServerProcess};
use serde_json::json;
use server::clock::WallTime;
use tempfile::TempDir;

use crate::party::{Party, new_room, options, sample};
use crate::problem;

/// How far a clock may move while a test does something else, in milliseconds.
const MEANWHILE_MS: u64 = 30 * 60 * 1000;

#[tokio::test]
async fn a_party_goes_on_when_a_clock_that_was_13_hours_behind_is_put_right() {
    let wall = Wall::at("-13h");
    let (mut scene, mut party) = Scene::play(&wall).await;
    scene.put_right(&wall).await;

    // By the right clock, the tokens have ended. Nobody is closed without being told.
    let room = format!("rooms/{}", party.room_id);
    let refused = party.host_api.request(Method::GET, &room, None).await.unwrap();
    problem::check(&refused, "token_expired", "a token issued 13 hours ago");
    let ada = scene.refresh_host().await;
    party.host.wait_for("token_expiring").await.unwrap();
    let token = json!({ "access_token": ada.access_token });
    party.host.ack("auth_refresh", token).await.unwrap();
    party.command("pause", json!({})).await;
    scene.restart_and_play(party, &ada).await;
}

#[tokio::test]
async fn a_party_goes_on_when_a_clock_that_was_two_days_ahead_is_put_right() {
    let wall = Wall::at("+2d");
    let (mut scene, mut party) = Scene::play(&wall).await;
    scene.put_right(&wall).await;

    // Tokens from what is now the future are no good. Nobody is closed without being told.
    let room = format!("rooms/{}", party.room_id);
    let refused = party.host_api.request(Method::GET, &room, None).await.unwrap();
    problem::check(&refused, "token_invalid", "a token issued in two days");
    let ada = scene.refresh_host().await;
    party.host.wait_for("token_expiring").await.unwrap();
    let token = json!({ "access_token": ada.access_token });
    party.host.ack("auth_refresh", token).await.unwrap();
    party.command("pause", json!({})).await;
    scene.restart_and_play(party, &ada).await;
}

#[tokio::test]
async fn people_stay_who_they_are_when_a_clock_is_put_right_and_the_server_restarts_at_once() {
    let wall = Wall::at("-40d");
    let mut server = wall.shown_to(options()).start().await.unwrap();
    let ada = server.api().guest("Ada").await.unwrap();
    wall.set("+0");
    server.restart().await.unwrap();
    let refreshed = server.api().refresh(&ada.refresh_token).await.unwrap();
    assert_eq!(refreshed.user_id, ada.user_id);
    let again = server.api().refresh(&refreshed.refresh_token).await.unwrap();
    assert_eq!(again.user_id, ada.user_id);
}

#[tokio::test]
async fn the_dates_that_people_see_are_right_once_the_clock_is_and_those_given_before_stay() {
    for (offset, off_by_hours) in [("-13h", -13), ("+2d", 48)] {
        let wall = Wall::at(offset);
        let server = wall.shown_to(options()).start().await.unwrap();
        let before = Dates::given_by(&server).await;
        before.are_off_by(off_by_hours);
        wall.set("+0");
        Dates::given_by(&server).await.are_off_by(0);

        let host = server.api().refresh(&before.host.refresh_token).await.unwrap();
        let host = server.api().with_token(&host.access_token);
        assert_eq!(host.bans(&before.room_id).await.unwrap().items, [before.ban], "{offset}");
    }
}

/// What a server dates, and for whom.
struct Dates {
    host: GuestToken,
    room_id: String,
    ban: Ban,
    /// When each was given, by its own date.
    given_ms: [(&'static str, u64); 4],
}

impl Dates {
    /// Lets a host take another name, join a room and ban somebody.
    async fn given_by(server: &ServerProcess) -> Self {
        let host = server.api().guest("Ada").await.unwrap();
        let api = server.api().with_token(&host.access_token);
        let renamed = api.rename("Grace").await.unwrap();
        let room_id = api.create_room("Friday").await.unwrap().room_id;
        let ticket = api.join(&room_id).await.unwrap().ws;
        let guest = server.api().as_guest("Ben").await.unwrap();
        let participant_id = guest.join(&room_id).await.unwrap().participant_id;
        let asked = BanRequest { participant_id, reason: None, until_ms: None };
        let ban = api.ban(&room_id, &asked).await.unwrap();
        let given_ms = [
            ("a token", host.expires_at_ms - host.expires_in_ms),
            ("a token with another name", renamed.expires_at_ms - renamed.expires_in_ms),
            ("a ticket", ticket.expires_at_ms - ticket.expires_in_ms),
            ("a ban", ban.banned_at_ms),
        ];
        Self { host, room_id, ban, given_ms }
    }

    fn are_off_by(&self, hours: i64) {
        let expected_ms = WallTime::now().as_millis().saturating_add_signed(hours * 3_600_000);
        for (what, given_ms) in self.given_ms {
            let apart_ms = given_ms.abs_diff(expected_ms);
            assert!(apart_ms < MEANWHILE_MS, "{what}: {apart_ms} ms from {hours} h");
        }
    }
}

/// A server, and the host of its party.
struct Scene {
    server: Option<Arc<ServerProcess>>,
    api: Api,
    ada: GuestToken,
    room_ms: u64,
}

impl Scene {
    /// A party plays while the wall clock is wrong.
    async fn play(wall: &Wall) -> (Self, Party) {
        let server = Arc::new(wall.shown_to(options()).start().await.unwrap());
        let api = server.api();
        let ada = api.guest("Ada").await.unwrap();
        let (host, guest) = (api.with_token(&ada.access_token), api.as_guest("Ben").await.unwrap());
        let mut party = Party::of(server.clone(), host, guest, &new_room(), &[]).await;
        let link = sample(&server);
        party.command("set_media", json!({ "link": link })).await;
        party.command("play", json!({})).await;
        let room_ms = api.time().await.unwrap().now_ms;
        (Self { server: Some(server), api, ada, room_ms }, party)
    }

    /// Puts the wall clock right. The room clock must not notice.
    async fn put_right(&mut self, wall: &Wall) {
        wall.set("+0");
        let room_ms = self.api.time().await.unwrap().now_ms;
        let moved_ms = room_ms.checked_sub(self.room_ms).expect("it never goes back");
        assert!(moved_ms < MEANWHILE_MS, "the room clock moved by {moved_ms} ms");
        self.room_ms = room_ms;
    }

    async fn refresh_host(&self) -> GuestToken {
        let refreshed = self.api.refresh(&self.ada.refresh_token).await.unwrap();
        assert_eq!(refreshed.user_id, self.ada.user_id);
        refreshed
    }

    /// Restarts the server under the right clock: the party is as it was, and goes on.
    async fn restart_and_play(&mut self, party: Party, ada: &GuestToken) {
        let api = self.api.with_token(&ada.access_token);
        let room_id = party.room_id.clone();
        let before = api.state(&room_id).await.unwrap();
        drop(party);
        let server = self.server.take().expect("it is restarted once");
        let mut server = Arc::into_inner(server).expect("nobody else holds it");
        server.restart().await.unwrap();
        let room_ms = self.api.time().await.unwrap().now_ms;
        assert!(room_ms >= self.room_ms, "{room_ms} is before {}", self.room_ms);
        let mut host = api.connect(&room_id).await.unwrap();
        let welcome = host.hello(&[]).await.unwrap();
        assert_eq!((welcome.role, &welcome.room.playback), (Role::Host, &before.room.playback));
        host.ack("play", json!({})).await.unwrap();
        let again = self.api.refresh(&ada.refresh_token).await.unwrap();
        assert_eq!(again.user_id, ada.user_id);
    }
}

/// A wall clock that a test sets, by the library of Debian's `faketime`.
pub struct Wall {
    library: PathBuf,
    directory: TempDir,
}

impl Wall {
    /// Makes a clock that is so far off, as `-13h` or `+2d`.
    pub fn at(offset: &str) -> Self {
        let folders = std::fs::read_dir("/usr/lib").expect("libraries").flatten();
        let library = folders
            .map(|folder| folder.path().join("faketime/libfaketime.so.1"))
            .find(|library| library.is_file())
            .expect("tests/install.sh installs faketime");
        let wall = Self { library, directory: tempfile::tempdir().unwrap() };
        wall.set(offset);
        wall
    }

    /// Lets a server see this clock alone.
    pub fn shown_to(&self, server: ServerOptions) -> ServerOptions {
        self.environment().iter().fold(server, |server, (name, value)| server.env(*name, value))
    }

    /// Lets a Redis see this clock alone.
    pub fn shown_to_redis(&self, redis: RedisOptions) -> RedisOptions {
        self.environment().iter().fold(redis, |redis, (name, value)| redis.env(name, value))
    }

    fn environment(&self) -> [(&str, String); 4] {
        let path = |path: &Path| path.to_str().expect("a plain path").to_owned();
        [
            // Other allocators, as Redis has one, ask for the time before the library is ready to tell it.
            ("LD_PRELOAD", format!("{} libc.so.6", path(&self.library))),
            ("FAKETIME_TIMESTAMP_FILE", path(&self.file())),
            ("FAKETIME_NO_CACHE", "1".to_owned()),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
        ]
    }

    fn file(&self) -> PathBuf {
        self.directory.path().join("offset")
    }

    /// Sets the clock, relative to the right time. Renamed into place, so that nobody reads half of it.
    pub fn set(&self, offset: &str) {
        let next = self.directory.path().join("next");
        std::fs::write(&next, offset).unwrap();
        std::fs::rename(&next, self.file()).unwrap();
    }
}
