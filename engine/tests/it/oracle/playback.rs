//! Playback of the naive room.

use engine::{Command, DurationOrigin, Facts, Media};

use super::{Changed, Film, Live, Naive, Wait};

impl Naive {
    /// The position of the playhead at `t`.
    pub(super) fn position_at(&self, t: f64) -> f64 {
        let moved = if self.status == "playing" && t > self.since {
            (t - self.since) * self.rate
        } else {
            0.0
        };
        let position = self.position + moved;
        let position = self.duration().map_or(position, |duration| position.min(duration));
        if self.status == "playing" { self.within_window(position, t) } else { position }
    }

    /// The first and the last position that a live film offers at `t`.
    fn window(&self, t: f64) -> Option<(f64, f64)> {
        let Live { edge, at, window, behind } = self.film.as_ref()?.live.as_ref()?;
        let edge = edge + (t - at).max(0.0);
        Some(((edge - window).max(0.0), (edge - behind.min(*window)).max(0.0)))
    }

    pub(super) fn within_window(&self, position: f64, t: f64) -> f64 {
        self.window(t).map_or(position, |(first, last)| position.max(first).min(last))
    }

    /// When a rate other than normal has taken a live film to the end of its window.
    pub(super) fn window_end(&self) -> Option<f64> {
        let (first, last) = self.window(self.since)?;
        let thousandths = (self.rate * 1000.0).round() - 1000.0;
        let gap = if thousandths > 0.0 { last - self.position } else { self.position - first };
        let moves = self.status == "playing" && thousandths != 0.0;
        moves.then(|| self.since + (gap.max(0.0) * 1000.0 / thousandths.abs()).ceil())
    }

    fn duration(&self) -> Option<f64> {
        self.film.as_ref().filter(|film| !film.guessed).and_then(|film| film.duration)
    }

    /// The end, as far as it is known at `now`.
    fn end_at(&self, now: f64) -> Option<f64> {
        let stated = self.film.as_ref().and_then(|film| film.duration);
        stated.map(|stated| stated.max(self.position_at(now).floor()))
    }

    fn measure(&mut self, id: &str, measured: Option<f64>, now: f64) -> bool {
        let reached = match self.status {
            "ended" => 0.0,
            _ => self.position.max(self.position_at(now).floor()),
        };
        let film = self.film.as_mut().filter(|film| film.guessed && film.id == id);
        let Some((film, measured)) = film.zip(measured) else { return false };
        let Some(stated) = film.duration else { return false };
        let near = (measured - stated).abs() <= 30_000.0_f64.max((stated / 3.0).floor());
        if near && measured >= reached && measured > 0.0 {
            (film.duration, film.guessed) = (Some(measured), false);
        }
        let is_news = !film.guessed;
        if is_news && self.status == "ended" {
            self.position = self.position.min(measured);
        }
        is_news
    }

    /// Stands still as `status` at `position`.
    pub(super) fn stand(&mut self, status: &'static str, position: f64, now: f64) {
        (self.status, self.position, self.since, self.wait) = (status, position.floor(), now, None);
    }

    pub(super) fn start(&mut self, facts: &Facts, now: f64) {
        let since = now + lead(facts);
        (self.status, self.since, self.wait, self.unprimed) = ("playing", since, None, false);
        self.position = self.within_window(self.position, since);
        self.at_edge = false;
    }

    /// Where the playhead stops: players that can't jump must not have passed it yet.
    pub(super) fn stop_at(&self, facts: &Facts, now: f64) -> f64 {
        let jumps = self.film.as_ref().is_none_or(|film| film.jumps);
        self.position_at(if jumps { now } else { now + lead(facts) })
    }

    pub(super) fn wait_at(&mut self, position: f64, ms: f64, now: f64) {
        self.stand("waiting", position, now);
        self.wait = Some(Wait { since: self.version + 1, until: now + ms });
        self.at_edge = false;
    }

    /// Anchors the playhead at `now`, so that the rate may change.
    pub(super) fn reanchor(&mut self, now: f64) {
        self.position = self.position_at(now).floor();
        self.since = self.since.max(now);
    }

    pub(super) fn change_playback(
        &mut self,
        command: &Command,
        facts: &Facts,
        now: f64,
    ) -> Changed {
        let ready = !facts.ready_capable.is_empty();
        match command {
            Command::SetMedia { media } => {
                self.load(media, now);
                return Ok(true);
            }
            Command::Ended { media_id } => {
                let this = self.film.as_ref().is_some_and(|film| film.id == media_id.as_str());
                if !this || self.status == "ended" {
                    return Ok(false);
                }
                let end = self.end_at(now).unwrap_or(self.position_at(now));
                self.stand("ended", end, now);
                return Ok(true);
            }
            Command::Measured(report) => {
                let measured = report.duration.map(|duration| duration.as_millis() as f64);
                return Ok(self.measure(report.media_id.as_str(), measured, now));
            }
            Command::StartReady { since_version } => {
                let waits = self.wait.as_ref().is_some_and(|wait| wait.since == *since_version);
                if waits && !self.is_over() {
                    self.start(facts, now);
                }
                return Ok(waits && !self.is_over());
            }
            Command::Rebuffer => {
                let stops = self.waits_for_rebuffering && ready && self.status == "playing";
                if stops && !self.is_over() {
                    self.wait_at(self.stop_at(facts, now), 10_000.0, now);
                }
                return Ok(stops && !self.is_over());
            }
            Command::Refreshed { media_id, delivery } => {
                let is_over = self.is_over();
                let film = self.film.as_mut().filter(|film| film.id == media_id.as_str());
                let Some(film) = film.filter(|_| !is_over) else { return Ok(false) };
                let before = std::mem::replace(&mut film.address, delivery[0].url.clone());
                return Ok(before != film.address);
            }
            Command::EdgeRead { media_id, edge } => {
                return Ok(self.edge_read(media_id.as_str(), edge, now));
            }
            Command::Finished { media_id, media, ends } => {
                let ends = ends.map(|ends| ends.as_millis() as f64);
                return Ok(self.finish(media_id.as_str(), media, ends, facts, now));
            }
            _ => {}
        }
        if self.film.is_none() {
            return Err("NoMedia");
        }
        match command {
            Command::Play => self.play(facts, now),
            Command::Pause => {
                let moves = self.status == "playing" || self.status == "waiting";
                if moves {
                    self.unprimed |= self.status == "waiting";
                    self.stand("paused", self.stop_at(facts, now), now);
                }
                Ok(moves)
            }
            Command::Seek { to_ms } => self.seek(*to_ms, facts, now),
            Command::SetRate { rate } => {
                let rate = f64::from(rate.as_milli()) / 1000.0;
                let changes = (rate - self.rate).abs() > 1e-6;
                if changes {
                    self.reanchor(now);
                    self.rate = rate;
                }
                Ok(changes)
            }
            selection => self.select(selection, now),
        }
    }

    pub(super) fn load(&mut self, media: &Media, now: f64) {
        let source = &media.source;
        let default = source.audio_tracks.iter().find(|track| track.default);
        let audio = default.or(source.audio_tracks.first());
        self.audio = audio.map(|track| track.id.clone());
        self.film = Some(Film {
            id: media.media_id.to_string(),
            address: source.delivery[0].url.clone(),
            duration: source.duration.map(|duration| duration.as_millis() as f64),
            guessed: source.duration_origin == DurationOrigin::Playlist,
            jumps: source.control.seek,
            qualities: source.renditions.iter().map(|one| one.id.clone()).collect(),
            texts: source.text_tracks.iter().map(|one| one.id.clone()).collect(),
            audios: source.audio_tracks.iter().map(|one| one.id.clone()).collect(),
            live: source.live_edge.as_ref().map(Live::of),
        });
        let window = self.window(now);
        self.at_edge = window.is_some();
        self.stand("paused", window.map_or(0.0, |(_, last)| last), now);
        (self.rate, self.quality, self.text, self.unprimed) = (1.0, None, None, true);
    }

    fn play(&mut self, facts: &Facts, now: f64) -> Changed {
        match self.status {
            "playing" => return Ok(false),
            "ended" => return Err("MediaEnded"),
            _ => {}
        }
        let from = match self.window(now) {
            Some((_, last)) if self.at_edge => last,
            _ => self.within_window(self.position, now),
        };
        let primed = !self.unprimed && (from - self.position).abs() < 0.5;
        self.position = from;
        if self.status == "paused" && !primed && !facts.ready_capable.is_empty() {
            self.wait_at(from, 3000.0, now);
        } else {
            self.start(facts, now);
        }
        Ok(true)
    }

    fn seek(&mut self, to_ms: i64, facts: &Facts, now: f64) -> Changed {
        let last = self.end_at(now).unwrap_or(9_007_199_254_740_991.0);
        let window = self.window(now);
        let (first, last) = window.unwrap_or((0.0, last));
        if (to_ms as f64) < first || to_ms as f64 > last {
            return Err(if window.is_some() { "OutsideWindow" } else { "PositionOutOfRange" });
        }
        let to = to_ms as f64;
        let is_there = self.status == "paused" && (self.position - to).abs() < 0.5 && !self.at_edge;
        if to_ms > 0 && !is_there && self.film.as_ref().is_some_and(|film| !film.jumps) {
            return Err("SeekUnavailable");
        }
        if self.status == "playing" || self.status == "waiting" {
            if facts.ready_capable.is_empty() {
                self.position = to;
                self.start(facts, now);
            } else {
                let first = self.status == "waiting" && self.unprimed;
                self.wait_at(to, if first { 3000.0 } else { 1500.0 }, now);
            }
        } else if is_there {
            return Ok(false);
        } else {
            self.stand("paused", to, now);
            (self.unprimed, self.at_edge) = (true, false);
        }
        Ok(true)
    }

    fn select(&mut self, selection: &Command, now: f64) -> Changed {
        let film = self.film.as_ref().expect("checked by the caller");
        let (held, wanted, known, rejection) = match selection {
            Command::ChangeQuality { rendition } => {
                (&mut self.quality, rendition.clone(), &film.qualities, "QualityUnavailable")
            }
            Command::ChangeSubtitle { track } => {
                (&mut self.text, track.clone(), &film.texts, "TrackUnavailable")
            }
            Command::ChangeAudio { track } => {
                (&mut self.audio, Some(track.clone()), &film.audios, "TrackUnavailable")
            }
            other => panic!("not a selection: {other:?}"),
        };
        if wanted.as_ref().is_some_and(|wanted| !known.contains(wanted)) {
            return Err(rejection);
        }
        if *held == wanted {
            return Ok(false);
        }
        *held = wanted;
        self.reanchor(now);
        Ok(true)
    }
}

/// How long players need to hear of something, in milliseconds.
fn lead(facts: &Facts) -> f64 {
    let lead = (facts.rtt_ms as f64 / 2.0 + 150.0).floor().clamp(150.0, 1500.0);
    if facts.ready_capable.is_empty() { 0.0 } else { lead }
}
