//! Families while the clock is wrong, and after it is put right.

use super::*;

#[tokio::test]
async fn a_family_survives_a_clock_that_was_ahead_or_behind_and_is_put_right() {
    for wrong in [NOW.plus_millis(2 * DAY_MS), NOW.minus_millis(13 * 60 * MINUTE_MS)] {
        let node = Ground::new().node_with_guest(wrong).await;
        let first = node.families.refresh_at(&node.token, wrong).await.unwrap().token.text();
        node.families.sweep_once(NOW, Instant::now()).await.unwrap();
        let second = node.families.refresh_at(&first, NOW).await.unwrap().token.text();
        // From now on its age is right, and counts once the clock has run for long enough to be believed.
        node.families.clock.start(NOW, long_ago()).await;
        let unused = NOW.plus_millis(IDLE_MS - MINUTE_MS);
        let third = node.families.refresh_at(&second, unused).await.unwrap().token.text();
        let refused =
            node.families.refresh_at(&third, unused.plus_millis(IDLE_MS)).await.unwrap_err();
        assert_eq!(refused.code(), ErrorCode::TokenExpired);
        let later = unused.plus_millis(MINUTE_MS);
        let reused = node.families.refresh_at(&first, later).await.unwrap_err();
        assert_eq!(reused.code(), ErrorCode::TokenInvalid);
    }
}

#[tokio::test]
async fn a_family_keeps_its_age_when_a_clock_is_put_right_that_was_years_off() {
    let began = Instant::now();
    for wrong in [NOW.minus_millis(10_000 * DAY_MS), NOW.plus_millis(10_000 * DAY_MS)] {
        let node = Ground::new().node_with_guest(wrong).await;
        node.families.clock.start(wrong, began).await;
        let hour = Duration::from_secs(3600);
        let right = NOW.plus_millis(60 * MINUTE_MS);
        node.families.clock.follow(right, began + hour).await.unwrap();
        node.families.clock.follow(right, began + hour).await.unwrap();
        let family_id = RefreshToken::parse(&node.token).unwrap().family_id().to_owned();
        let family = node.families.sql.find_refresh_family(&family_id).await.unwrap().unwrap();
        assert_eq!((family.began_at, family.rotated_at), (NOW, NOW));
        node.families.refresh_at(&node.token, right).await.unwrap();
    }
}

#[tokio::test]
async fn of_several_nodes_each_moves_what_it_wrote_itself_when_clocks_are_put_right() {
    let (ground, began) = (Ground::new(), Instant::now());
    let wrong = NOW.minus_millis(2 * 60 * MINUTE_MS);
    // Two on a machine whose clock is two hours behind, one on another machine.
    let (one, other, right) = (ground.node().await, ground.node().await, ground.node().await);
    let mut families = Vec::new();
    for (node, now) in [(&one, wrong), (&other, wrong), (&right, NOW)] {
        node.clock.start(now, began).await;
        let token = node.begin_by("u_ada", now).await.unwrap();
        families.push(token.family_id().to_owned());
    }
    // A long time later, so that what is moved is still before the step.
    let later = began + Duration::from_secs(10 * 3600);
    let now = NOW.plus_millis(10 * 60 * MINUTE_MS);
    for node in [&one, &other, &right, &one, &other] {
        node.clock.follow(now, later).await.unwrap();
    }
    for family_id in families {
        let family = one.sql.find_refresh_family(&family_id).await.unwrap().unwrap();
        assert_eq!((family.began_at, family.rotated_at), (NOW, NOW));
    }
}

#[tokio::test]
async fn a_clock_that_is_two_days_ahead_sweeps_nothing_that_is_still_good() {
    let node = Ground::new().node_with_guest(NOW).await;
    let unused = NOW.plus_millis(IDLE_MS - MINUTE_MS);
    // It has run for long enough to be believed.
    let long_after = Instant::now() + Duration::from_millis(SPARE_MS);
    node.families.sweep_once(unused.plus_millis(SPARE_MS), long_after).await.unwrap();
    node.families.refresh_at(&node.token, unused).await.unwrap();

    let over = unused.plus_millis(IDLE_MS + SPARE_MS + MINUTE_MS);
    node.families.sweep_once(over, long_after).await.unwrap();
    let family_id = RefreshToken::parse(&node.token).unwrap().family_id().to_owned();
    assert_eq!(node.families.sql.find_refresh_family(&family_id).await.unwrap(), None);
}

#[tokio::test]
async fn a_clock_that_is_years_off_ends_and_moves_no_family_until_it_is_put_right() {
    for wrong in [NOW.minus_millis(10_000 * DAY_MS), NOW.plus_millis(10_000 * DAY_MS)] {
        let (ground, began) = (Ground::new(), Instant::now());
        // As an earlier process did, whose clock was right.
        let before = ground.node().await;
        let mut guests = Vec::new();
        for _ in 0..3 {
            guests.push(before.begin_by("u_ada", NOW).await.unwrap());
        }
        let node = ground.node().await;
        node.clock.start(wrong, began).await;
        node.begin_by("u_ben", wrong).await.unwrap();
        node.sweep_once(wrong, began).await.unwrap();
        // That most of them are from that time by and by makes it no better.
        for _ in 0..9 {
            node.begin_by("u_ben", wrong).await.unwrap();
        }
        node.sweep_once(wrong, began).await.unwrap();
        for guest in &guests {
            let family = node.sql.find_refresh_family(guest.family_id()).await.unwrap().unwrap();
            assert_eq!((family.began_at, family.rotated_at), (NOW, NOW));
            node.refresh_at(&guest.text(), NOW).await.unwrap();
        }

        node.clock.follow(NOW, began).await.unwrap();
        let unused = NOW.plus_millis(IDLE_MS + SPARE_MS + MINUTE_MS);
        node.begin_by("u_ben", unused).await.unwrap();
        node.sweep_once(unused, began + Duration::from_millis(SPARE_MS)).await.unwrap();
        for guest in &guests {
            let family = node.sql.find_refresh_family(guest.family_id()).await.unwrap();
            assert_eq!(family, None, "it is put right, and they are over");
        }
    }
}

#[tokio::test]
async fn a_clock_that_was_put_right_before_a_restart_makes_nobody_another_person() {
    for behind_days in [10, 10_000] {
        let (ground, wrong) = (Ground::new(), NOW.minus_millis(behind_days * DAY_MS));
        let before = ground.node().await;
        let mut guests = Vec::new();
        for _ in 0..3 {
            guests.push(before.begin_by("u_ada", wrong).await.unwrap().text());
        }
        // The first look at the clock is still to come.
        let node = ground.node().await;
        node.begin_by("u_ben", NOW).await.unwrap();
        for guest in &mut guests {
            let refreshed = node.refresh_at(guest, NOW).await.unwrap();
            assert_eq!(refreshed.user_id, "u_ada");
            *guest = refreshed.token.text();
        }
        // They have their whole age from now on, also once the clock is believed.
        node.clock.start(NOW, long_ago()).await;
        let later = NOW.plus_millis(IDLE_MS - MINUTE_MS);
        node.refresh_at(&guests[0], later).await.unwrap();
        let unused = NOW.plus_millis(IDLE_MS);
        let refused = node.refresh_at(&guests[1], unused).await.unwrap_err();
        assert_eq!(refused.code(), ErrorCode::TokenExpired);
    }
}

#[tokio::test]
async fn a_doubted_clock_saves_no_token_that_is_spent_or_was_never_issued() {
    let (ground, wrong) = (Ground::new(), NOW.minus_millis(60 * DAY_MS));
    let guest = ground.node().await.begin_by("u_ada", wrong).await.unwrap();
    let node = ground.node().await;
    let first = node.refresh_at(&guest.text(), NOW).await.unwrap().token.text();
    node.refresh_at(&first, NOW.plus_millis(MINUTE_MS)).await.unwrap();
    let late = NOW.plus_millis(2 * MINUTE_MS);
    for spent in [guest.text(), first, RefreshToken::generate(&[7; 32]).text()] {
        let refused = node.refresh_at(&spent, late).await.unwrap_err();
        assert_eq!(refused.code(), ErrorCode::TokenInvalid);
    }
}

/// When a clock began to run that is believed by now.
fn long_ago() -> Instant {
    Instant::now().checked_sub(Duration::from_millis(SPARE_MS)).expect("a time")
}
