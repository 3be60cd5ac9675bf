//! Playback over two sockets: each command of the host reaches everyone in one frame.

use contracts::{Playback, Status};
use serde_json::json;

use crate::origin::Origin;
use crate::party::{Party, playback, sample, versioned};

#[tokio::test]
async fn each_command_reaches_everyone_in_one_frame_with_the_whole_playback() {
    let mut party = Party::watching().await;
    let media = party.state().await.room.media.expect("the sample is chosen");
    let (quality, subtitle) = (&media.source.renditions[1].id, &media.source.text_tracks[0].id);
    let steps = [
        ("play", json!({})),
        ("seek", json!({ "position_ms": 5000 })),
        ("set_rate", json!({ "rate": 1.25 })),
        ("change_quality", json!({ "rendition": quality })),
        ("change_subtitle", json!({ "track": subtitle })),
        ("pause", json!({})),
        ("seek", json!({ "position_ms": 7000 })),
        ("change_quality", json!({ "rendition": "auto" })),
        ("change_subtitle", json!({ "track": null })),
        ("ended", json!({ "media_id": media.media_id })),
    ];
    let mut played = Vec::new();
    for (type_, data) in steps {
        let frame = party.command(type_, data).await;
        assert_eq!(frame["type"], "playback_changed", "{type_}");
        assert_eq!(frame["data"]["cause"], type_);
        assert_eq!(frame["data"]["by"], party.host_id, "{type_}");
        let now = playback(&frame);
        assert_eq!(now.media_id.as_ref(), Some(&media.media_id), "{type_}");
        assert_eq!(party.state().await.room.playback, now, "{type_}: the state is the frame's");
        played.push(now);
    }
    let [play, seek, rate, quality_set, subtitle_set, pause, moved, auto, off, ended] =
        <[Playback; 10]>::try_from(played).expect("ten steps");
    assert_eq!((play.status, play.position_ms), (Status::Playing, 0));
    assert_eq!((seek.status, seek.position_ms), (Status::Playing, 5000));
    assert_eq!(rate.rate, 1.25);
    assert_eq!((quality_set.rendition.as_str(), quality_set.rate), (quality.as_str(), 1.25));
    assert_eq!(subtitle_set.text_track.as_ref(), Some(subtitle));
    assert_eq!(subtitle_set.rendition, *quality);
    assert!(pause.status == Status::Paused && pause.position_ms >= 5000, "{pause:?}");
    assert_eq!((moved.status, moved.position_ms), (Status::Paused, 7000));
    assert_eq!((auto.rendition.as_str(), off.text_track), ("auto", None));
    assert_eq!((ended.status, Some(ended.position_ms)), (Status::Ended, media.source.duration_ms));
}

#[tokio::test]
async fn what_the_hosts_player_measured_reaches_everyone_and_leaves_playback_as_it_is() {
    let mut party = Party::watching().await;
    let media = party.state().await.room.media.expect("the sample is chosen");
    assert_eq!(media.source.duration_origin.as_deref(), Some("playlist"));
    let before = playback(&party.command("play", json!({})).await);
    let measured_ms = media.source.duration_ms.expect("it has an end") + 400;
    let facts = json!({ "media_id": media.media_id, "duration_ms": measured_ms });
    let error = party.guest.reject("measured", facts.clone()).await.unwrap();
    assert_eq!(error.code, "not_host");
    let frame = party.command("measured", facts.clone()).await;
    assert_eq!(frame["type"], "media_changed");
    assert_eq!(
        (&frame["data"]["cause"], &frame["data"]["by"]),
        (&json!("measured"), &json!(party.host_id))
    );
    assert_eq!(frame["data"]["media"]["media_id"], media.media_id);
    assert_eq!(frame["data"]["media"]["duration_ms"], measured_ms);
    assert_eq!(frame["data"]["media"]["duration_origin"], "measured");
    assert_eq!(playback(&frame), before);

    let again = json!({ "media_id": media.media_id, "duration_ms": measured_ms + 400 });
    let acked = party.host.ack("measured", again).await.unwrap();
    assert_eq!(acked.version, party.version);
    party.nothing_happened().await;
}

#[tokio::test]
async fn new_media_reaches_everyone_paused_at_its_start() {
    let mut party = Party::watching().await;
    let first = party.state().await.room.media.expect("the sample is chosen");
    party.command("play", json!({})).await;
    party.command("set_rate", json!({ "rate": 2 })).await;
    let link = format!("{}sample/clip.mp4", party.server.page());
    let frame = party.command("set_media", json!({ "link": link })).await;
    assert_eq!(frame["type"], "media_changed");
    assert_eq!(
        (&frame["data"]["cause"], &frame["data"]["by"]),
        (&json!("set_media"), &json!(party.host_id))
    );
    let now = playback(&frame);
    assert_eq!((now.status, now.position_ms, now.rate), (Status::Paused, 0, 1.0));
    assert_eq!((now.rendition.as_str(), now.text_track.as_deref()), ("auto", None));
    assert_eq!(now.media_id.as_deref(), frame["data"]["media"]["media_id"].as_str());
    let state = party.state().await.room;
    assert_eq!(json!(state.media), frame["data"]["media"]);

    let source = json!({ "provider": first.source.provider, "stream_id": first.source.stream_id });
    let frame = party.command("set_media", json!({ "source": source })).await;
    assert_eq!(frame["data"]["media"]["renditions"], json!(first.source.renditions));
    assert_ne!(frame["data"]["media"]["media_id"], first.media_id, "each choice has its own id");
}

#[tokio::test]
async fn an_audio_track_is_chosen_for_everyone() {
    let origin = Origin::start().await;
    let mut party = Party::idle().await;
    let frame = party.command("set_media", json!({ "link": origin.link("film.m3u8") })).await;
    let tracks = &frame["data"]["media"]["audio_tracks"];
    assert_eq!(playback(&frame).audio_track.as_deref(), tracks[0]["id"].as_str());
    let frame = party.command("change_audio", json!({ "track": tracks[1]["id"] })).await;
    assert_eq!(frame["data"]["cause"], "change_audio");
    assert_eq!(playback(&frame).audio_track.as_deref(), tracks[1]["id"].as_str());
}

#[tokio::test]
async fn a_command_that_changes_nothing_is_acknowledged_but_not_broadcast() {
    let mut party = Party::watching().await;
    for (type_, data) in [
        ("pause", json!({})),
        ("seek", json!({ "position_ms": 0 })),
        ("set_rate", json!({ "rate": 1 })),
        ("change_quality", json!({ "rendition": "auto" })),
        ("change_subtitle", json!({ "track": null })),
        ("ended", json!({ "media_id": "m_other" })),
        ("measured", json!({ "media_id": "m_other", "duration_ms": 1 })),
        ("host_transfer", json!({ "participant_id": party.host_id })),
        ("ready", json!({ "version": 1 })),
        ("buffering", json!({ "on": true })),
        ("media_failed", json!({ "media_id": "m_other" })),
        ("sync_report", json!({ "drift_ms": 1.5, "uncertainty_ms": 1 })),
    ] {
        let acked = party.host.ack(type_, data).await.unwrap();
        assert_eq!((acked.version, acked.duplicate), (party.version, false), "{type_}");
        party.nothing_happened().await;
    }
}

#[tokio::test]
async fn a_guests_command_changes_nothing_and_only_the_guest_is_answered() {
    let mut party = Party::watching().await;
    let media = party.state().await.room.media.expect("the sample is chosen");
    for (type_, data, code) in [
        ("play", json!({}), "not_host"),
        ("pause", json!({}), "not_host"),
        ("seek", json!({ "position_ms": 5000 }), "not_host"),
        ("seek", json!({ "position_ms": -1 }), "not_host"),
        ("set_rate", json!({ "rate": 2 }), "not_host"),
        ("change_quality", json!({ "rendition": media.source.renditions[0].id }), "not_host"),
        ("change_subtitle", json!({ "track": media.source.text_tracks[0].id }), "not_host"),
        ("change_audio", json!({ "track": "x" }), "not_host"),
        ("set_media", json!({ "link": sample(&party.server) }), "not_host"),
        ("ended", json!({ "media_id": media.media_id }), "not_host"),
        ("host_transfer", json!({ "participant_id": party.guest_id }), "forbidden"),
    ] {
        let error = party.guest.reject(type_, data).await.unwrap();
        assert_eq!(error.code, code, "{type_}");
        party.nothing_happened().await;
    }
    let rejects = party.host.take_unread().into_iter().filter(|frame| frame["type"] == "reject");
    assert_eq!(rejects.count(), 0, "the host receives nothing of it");
}

#[tokio::test]
async fn a_command_for_another_version_is_a_conflict() {
    let mut party = Party::watching().await;
    for step in [-1, 1, 1_000_000] {
        let stale = party.version.saturating_add_signed(step);
        let error = party.host.reject("play", json!({ "expected_version": stale })).await.unwrap();
        assert_eq!(error.code, "version_conflict", "{stale}");
        assert_eq!(json!(error.meta)["version"], party.version);
        party.nothing_happened().await;
    }
    let expected = json!({ "expected_version": party.version });
    let frame = party.command("play", expected).await;
    assert_eq!(frame["data"]["cause"], "play");
}

#[tokio::test]
async fn a_repeated_command_gets_its_first_answer_on_any_connection() {
    let mut party = Party::watching().await;
    let first = party.host.ack_with_id("same", "play", json!({})).await.unwrap();
    party.committed().await;
    party.command("pause", json!({})).await;
    let mut second = party.host_api.enter(&party.room_id).await.unwrap();
    for socket in [&mut party.host, &mut second] {
        let again = socket.ack_with_id("same", "play", json!({})).await.unwrap();
        assert_eq!((again.epoch, again.version), (first.epoch, first.version));
        assert!(again.duplicate);
    }
    party.nothing_happened().await;
    for (type_, data) in [("pause", json!({})), ("play", json!({ "expected_version": 1 }))] {
        let other = party.host.command_with_id("same", type_, data).await.unwrap();
        assert_eq!(other["error"]["code"], "id_reused", "{type_}");
        party.nothing_happened().await;
    }
    // Ids are scoped to their participant, and only commits are remembered.
    let of_guest = party.guest.command_with_id("same", "play", json!({})).await.unwrap();
    assert_eq!(of_guest["error"]["code"], "not_host");
    party.nothing_happened().await;
}

#[tokio::test]
async fn a_refused_command_is_decided_anew_under_its_id() {
    let mut party = Party::idle().await;
    let refused = party.host.command_with_id("again", "play", json!({})).await.unwrap();
    assert_eq!(refused["error"]["code"], "no_media");
    let link = sample(&party.server);
    party.command("set_media", json!({ "link": link })).await;
    assert!(!party.host.ack_with_id("again", "play", json!({})).await.unwrap().duplicate);
    assert_eq!(playback(&party.committed().await).status, Status::Playing);
}

#[tokio::test]
async fn media_that_ended_plays_again_only_after_a_seek() {
    let mut party = Party::watching().await;
    let media = party.state().await.room.media.expect("the sample is chosen");
    party.command("play", json!({})).await;
    party.command("ended", json!({ "media_id": media.media_id })).await;
    assert_eq!(party.host.reject("play", json!({})).await.unwrap().code, "media_ended");
    party.nothing_happened().await;
    let frame = party.command("seek", json!({ "position_ms": 1000 })).await;
    assert_eq!((playback(&frame).status, playback(&frame).position_ms), (Status::Paused, 1000));
    party.command("play", json!({})).await;
}

#[tokio::test]
async fn the_host_role_moves_with_a_higher_fence_and_the_old_host_becomes_a_guest() {
    let mut party = Party::watching().await;
    let stranger = json!({ "participant_id": "p_nobody" });
    let error = party.host.reject("host_transfer", stranger).await.unwrap();
    assert_eq!(error.code, "participant_not_found");
    party.nothing_happened().await;

    let to_guest = json!({ "participant_id": party.guest_id });
    let first = party.command("host_transfer", to_guest).await;
    assert_eq!(first["type"], "host_changed");
    assert_eq!(
        (&first["data"]["host_id"], &first["data"]["cause"]),
        (&json!(party.guest_id), &json!("transfer"))
    );
    assert_eq!(party.host.reject("play", json!({})).await.unwrap().code, "not_host");
    party.guest.ack("play", json!({})).await.unwrap();
    assert_eq!(party.committed().await["data"]["by"], party.guest_id);

    let back = json!({ "participant_id": party.host_id });
    party.guest.ack("host_transfer", back).await.unwrap();
    let second = party.committed().await;
    assert!(second["data"]["fence"].as_u64() > first["data"]["fence"].as_u64(), "{second}");
    assert_eq!(party.guest.reject("pause", json!({})).await.unwrap().code, "not_host");
    party.command("pause", json!({})).await;
}

#[tokio::test]
async fn a_late_joiner_gets_the_newest_state_and_disturbs_no_one() {
    let mut party = Party::watching().await;
    party.command("play", json!({})).await;
    party.command("seek", json!({ "position_ms": 4000 })).await;
    let last = party.command("set_rate", json!({ "rate": 0.5 })).await;

    let late_api = party.server.api().as_guest("Cleo").await.unwrap();
    let mut late = late_api.connect(&party.room_id).await.unwrap();
    let welcome = late.welcome(&["ready"], None).await.unwrap();
    assert_eq!(welcome["version"], party.version);
    assert_eq!(welcome["data"]["room"]["playback"], last["data"]["playback"]);
    assert!(welcome["at_ms"].as_u64() >= last["at_ms"].as_u64());
    party.nothing_happened().await;
    let next = versioned(&mut late).await;
    assert_eq!(next["version"], party.version, "nothing comes twice");
}
