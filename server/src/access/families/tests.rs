//! How refresh tokens replace each other, and what ends their family.

mod clock;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tempfile::TempDir;

use super::*;

const MINUTE_MS: u64 = 60_000;
const NOW: WallTime = WallTime::from_millis(1_700_000_000_000);

/// A database file, and as many nodes on it as a test wants.
struct Ground {
    dir: TempDir,
}

impl Ground {
    fn new() -> Self {
        Self { dir: TempDir::new().unwrap() }
    }

    async fn sql(&self) -> Arc<Sql> {
        Arc::new(Sql::open_file(&self.dir.path().join("playhead.db")).await.unwrap())
    }

    async fn node(&self) -> Families {
        Families::open(self.sql().await).await
    }
}

#[tokio::test]
async fn a_token_is_replaced_and_its_successor_identifies_the_same_user() {
    let node = Ground::new().node_with_guest(NOW).await;
    let later = NOW.plus_millis(MINUTE_MS);
    let first = node.families.refresh_at(&node.token, later).await.unwrap();
    assert_eq!((first.user_id.as_str(), first.display_name.as_str()), ("u_ada", "Ada"));
    assert_ne!(first.token.text(), node.token);
    let again = later.plus_millis(MINUTE_MS);
    let second = node.families.refresh_at(&first.token.text(), again).await.unwrap();
    assert_eq!(second.user_id, "u_ada");
    assert_ne!(second.token, first.token);
}

#[tokio::test]
async fn two_nodes_that_refresh_one_token_at_once_give_one_successor() {
    let ground = Ground::new();
    let (one, other) = (ground.node().await, ground.node().await);
    let mut token = one.begin_by("u_ada", NOW).await.unwrap().text();
    for round in 1..=20 {
        let now = NOW.plus_millis(round * MINUTE_MS);
        let (first, second) =
            tokio::join!(one.refresh_at(&token, now), other.refresh_at(&token, now));
        let (first, second) = (first.unwrap(), second.unwrap());
        assert_eq!(first.token, second.token);
        token = first.token.text();
    }
}

#[tokio::test]
async fn a_lost_answer_is_given_again_however_late_as_long_as_nobody_has_used_it() {
    let node = Ground::new().node_with_guest(NOW).await;
    let first = node.families.refresh_at(&node.token, NOW).await.unwrap();
    for late_ms in [0, 30_001, 60 * MINUTE_MS, 6 * DAY_MS] {
        let late = node.families.refresh_at(&node.token, NOW.plus_millis(late_ms)).await.unwrap();
        assert_eq!(late.token, first.token, "after {late_ms} ms");
    }
    let used = NOW.plus_millis(6 * DAY_MS);
    node.families.refresh_at(&first.token.text(), used).await.unwrap();
}

#[tokio::test]
async fn a_late_tab_has_half_a_minute_once_the_successor_is_used_and_after_that_ends_the_family() {
    let node = Ground::new().node_with_guest(NOW).await;
    let first = node.families.refresh_at(&node.token, NOW).await.unwrap();
    let used = NOW.plus_millis(60 * MINUTE_MS);
    let second = node.families.refresh_at(&first.token.text(), used).await.unwrap();
    for late_ms in [0, 30_000] {
        let late = node.families.refresh_at(&node.token, used.plus_millis(late_ms)).await.unwrap();
        assert_eq!(late.token, second.token);
    }
    let too_late = used.plus_millis(30_001);
    let refused = node.families.refresh_at(&node.token, too_late).await.unwrap_err();
    assert_eq!(refused.code(), ErrorCode::TokenInvalid);
    let refused = node.families.refresh_at(&second.token.text(), too_late).await.unwrap_err();
    assert_eq!(refused.code(), ErrorCode::TokenInvalid, "the thief's token is void too");
}

#[tokio::test]
async fn the_oldest_of_many_spent_tokens_still_ends_the_family() {
    let node = Ground::new().node_with_guest(NOW).await;
    let mut token = node.token.clone();
    for minutes in 1..=40 {
        let now = NOW.plus_millis(minutes * MINUTE_MS);
        token = node.families.refresh_at(&token, now).await.unwrap().token.text();
    }
    let now = NOW.plus_millis(60 * MINUTE_MS);
    node.families.refresh_at(&node.token, now).await.unwrap_err();
    node.families.refresh_at(&token, now).await.unwrap_err();
}

#[tokio::test]
async fn a_token_that_was_never_issued_changes_nothing_even_if_it_names_a_family() {
    let node = Ground::new().node_with_guest(NOW).await;
    let family_id = RefreshToken::parse(&node.token).unwrap().family_id().to_owned();
    let secret = node.token.split_once('.').unwrap().1;
    let mut bytes = URL_SAFE_NO_PAD.decode(secret).unwrap();
    bytes[0] ^= 1;
    let of_family = |bytes: &[u8]| format!("rt_{family_id}.{}", URL_SAFE_NO_PAD.encode(bytes));
    let other = RefreshToken::generate(&[7; 32]).text();
    for invented in [
        "",
        "rt_",
        "x",
        &other,
        &of_family(&[9; 32]),
        &of_family(&[9; 48]),
        &of_family(&bytes),
        &of_family(&bytes[..32]),
        &format!("rt_{family_id}.{}", other.split_once('.').unwrap().1),
    ] {
        let refused = node.families.refresh_at(invented, NOW).await.unwrap_err();
        assert_eq!(refused.code(), ErrorCode::TokenInvalid, "{invented}");
    }
    node.families.refresh_at(&node.token, NOW).await.unwrap();
}

#[tokio::test]
async fn a_token_from_before_there_were_proofs_is_replaced_by_one_with_a_proof() {
    let node = Ground::new().node_with_guest(NOW).await;
    let mut other = other_program(&node.ground).await;
    let forget = sqlx::query("UPDATE refresh_families SET proof_key = NULL");
    forget.execute(&mut other).await.unwrap();
    let token = RefreshToken::parse(&node.token).unwrap();
    let bytes = URL_SAFE_NO_PAD.decode(node.token.split_once('.').unwrap().1).unwrap();
    let before = format!("rt_{}.{}", token.family_id(), URL_SAFE_NO_PAD.encode(&bytes[..32]));

    let first = node.families.refresh_at(&before, NOW).await.unwrap();
    assert!(first.token.has_proof());
    let late = node.families.refresh_at(&before, NOW.plus_millis(DAY_MS)).await.unwrap();
    assert_eq!(late.token, first.token);
    let used = NOW.plus_millis(DAY_MS);
    let second = node.families.refresh_at(&first.token.text(), used).await.unwrap();
    let later = used.plus_millis(MINUTE_MS);
    // Nothing shows that it was issued here, so it ends nothing.
    node.families.refresh_at(&before, later).await.unwrap_err();
    node.families.refresh_at(&second.token.text(), later).await.unwrap();
}

#[tokio::test]
async fn a_token_newer_than_the_database_goes_on_and_the_one_that_the_database_knew_is_spent() {
    let node = Ground::new().node_with_guest(NOW).await;
    let other = node.ground.node().await;
    let first = node.families.refresh_at(&node.token, NOW).await.unwrap().token;
    let before = node.row().await;
    let later = |minutes| NOW.plus_millis(minutes * MINUTE_MS);
    let second = node.families.refresh_at(&first.text(), later(1)).await.unwrap().token;
    let third = node.families.refresh_at(&second.text(), later(2)).await.unwrap().token;
    node.restore(&before).await;

    let text = third.text();
    let (one, two) =
        tokio::join!(node.families.refresh_at(&text, later(3)), other.refresh_at(&text, later(3)));
    let (fourth, again) = (one.unwrap().token, two.unwrap().token);
    assert_eq!(fourth, again, "the answer may have got lost");
    let fifth = node.families.refresh_at(&fourth.text(), later(4)).await.unwrap().token;
    let row = node.row().await;
    assert_eq!((fifth.number(), row.token_number), (Some(5), 5), "it has caught up");

    // The one that the database knew as the newest is as spent as any other.
    node.families.refresh_at(&first.text(), later(5)).await.unwrap_err();
    node.families.refresh_at(&fifth.text(), later(5)).await.unwrap_err();
}

#[tokio::test]
async fn of_two_tokens_on_both_sides_of_a_loss_the_one_that_comes_goes_on() {
    let node = Ground::new().node_with_guest(NOW).await;
    let before = node.row().await;
    let lost = node.families.refresh_at(&node.token, NOW).await.unwrap().token;
    node.restore(&before).await;
    // Another tab has only the token before.
    let kept = node.families.refresh_at(&node.token, NOW).await.unwrap().token;
    assert_ne!(kept, lost);
    assert_eq!(kept.number(), lost.number());
    let later = NOW.plus_millis(DAY_MS);
    let next = node.families.refresh_at(&lost.text(), later).await.unwrap().token;
    node.families.refresh_at(&next.text(), later).await.unwrap();
}

#[tokio::test]
async fn a_spent_token_becomes_no_newer_by_another_number() {
    let node = Ground::new().node_with_guest(NOW).await;
    let used = NOW.plus_millis(MINUTE_MS);
    let first = node.families.refresh_at(&node.token, NOW).await.unwrap().token;
    let second = node.families.refresh_at(&first.text(), used).await.unwrap().token;
    let later = used.plus_millis(MINUTE_MS);
    let (family, secret) = node.token.split_once('.').unwrap();
    let bytes = URL_SAFE_NO_PAD.decode(secret).unwrap();
    let with = |number: &[u8]| [&bytes[..32], number, &bytes[36..]].concat();
    for forged in [with(&[0, 0, 0, 9]), with(&[255; 4]), with(&[])] {
        let forged = format!("{family}.{}", URL_SAFE_NO_PAD.encode(forged));
        let refused = node.families.refresh_at(&forged, later).await.unwrap_err();
        assert_eq!(refused.code(), ErrorCode::TokenInvalid);
    }
    node.families.refresh_at(&second.text(), later).await.expect("nothing has ended");
}

#[tokio::test]
async fn a_family_lasts_seven_days_unused_and_thirty_in_all() {
    let node = Ground::new().node_with_guest(NOW).await;
    let unused = NOW.plus_millis(IDLE_MS);
    let refused = node.families.refresh_at(&node.token, unused).await.unwrap_err();
    assert_eq!(refused.code(), ErrorCode::TokenExpired);

    let mut token = node.token;
    for days in [6, 12, 18, 24, 29] {
        let now = NOW.plus_millis(days * DAY_MS);
        token = node.families.refresh_at(&token, now).await.unwrap().token.text();
    }
    let refused = node.families.refresh_at(&token, NOW.plus_millis(FAMILY_MS)).await.unwrap_err();
    assert_eq!(refused.code(), ErrorCode::TokenExpired);
}

#[tokio::test]
async fn refreshing_without_end_writes_a_bounded_row_and_is_told_when_to_go_on() {
    let node = Ground::new().node_with_guest(NOW).await;
    let mut token = node.token;
    let refused = loop {
        match node.families.refresh_at(&token, NOW).await {
            Ok(refreshed) => token = refreshed.token.text(),
            Err(refused) => break refused,
        }
    };
    assert_eq!(refused.code(), ErrorCode::RateLimited);
    let family_id = RefreshToken::parse(&token).unwrap().family_id().to_owned();
    let row = node.families.sql.find_refresh_family(&family_id).await.unwrap().unwrap();
    assert!(row.predecessors.len() <= 2_000, "{}", row.predecessors.len());
    node.families.refresh_at(&token, NOW.plus_millis(30_001)).await.unwrap();
}

#[tokio::test]
async fn guests_come_while_the_database_is_away_and_are_stored_once_it_is_back() {
    let ground = Ground::new();
    let node = ground.node().await;
    let mut other = other_program(&ground).await;
    sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    let token = node.begin_by("u_ada", NOW).await.unwrap();
    assert_eq!(node.sql.find_refresh_family(token.family_id()).await.unwrap(), None);
    sqlx::query("ROLLBACK").execute(&mut other).await.unwrap();
    let stored = async {
        while node.sql.find_refresh_family(token.family_id()).await.unwrap().is_none() {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(20), stored).await.unwrap();
    node.refresh_at(&token.text(), NOW).await.unwrap();
}

impl Families {
    /// Begins a family of Ada's at a time by this node's clock.
    async fn begin_by(&self, user_id: &str, now: WallTime) -> Result<RefreshToken, Refusal> {
        self.begin_at(user_id, "Ada", now, self.clock.id()).await
    }
}

/// A node on which a guest has arrived, with the guest's first token.
struct WithGuest {
    families: Families,
    token: String,
    ground: Ground,
}

impl Ground {
    async fn node_with_guest(self, now: WallTime) -> WithGuest {
        let families = self.node().await;
        let token = families.begin_by("u_ada", now).await.unwrap().text();
        WithGuest { families, token, ground: self }
    }
}

impl WithGuest {
    /// The family as the database knows it.
    async fn row(&self) -> RefreshFamily {
        let family_id = RefreshToken::parse(&self.token).unwrap().family_id().to_owned();
        self.families.sql.find_refresh_family(&family_id).await.unwrap().expect("it is stored")
    }

    /// Makes the database forget what came after `row`.
    async fn restore(&self, row: &RefreshFamily) {
        let newest = self.row().await.token_hash;
        assert!(self.families.sql.rotate_refresh_family(&newest, row).await.unwrap().is_some());
    }
}

/// Opens the file as a program that isn't ours does.
async fn other_program(ground: &Ground) -> sqlx::SqliteConnection {
    use sqlx::ConnectOptions;
    let options = sqlx::sqlite::SqliteConnectOptions::new();
    options.filename(ground.dir.path().join("playhead.db")).connect().await.unwrap()
}
