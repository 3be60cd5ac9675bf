//! Playback, naively.

use engine::{Command, Facts, Media};

use super::{Film, Heard, Naive, Wait};

impl Naive {
    /// Where the playhead is at `t`.
    pub(super) fn place_at(&self, t: f64) -> f64 {
        let moved = if self.status == "playing" && t > self.since {
            (t - self.since) * self.speed
        } else {
            0.0
        };
        let place = self.place + moved;
        self.length().map_or(place, |length| place.min(length))
    }

    fn length(&self) -> Option<f64> {
        self.film.as_ref().and_then(|film| film.length)
    }

    /// Stands as `status` at `place`.
    pub(super) fn stand(&mut self, status: &'static str, place: f64, now: f64) {
        (self.status, self.place, self.since, self.wait) = (status, place.floor(), now, None);
    }

    pub(super) fn roll(&mut self, facts: &Facts, now: f64) {
        let trip = facts.rtt_ms_max as f64;
        let lead = (trip / 2.0 + 150.0).floor().clamp(150.0, 1500.0);
        let lead = if facts.ready_capable.is_empty() { 0.0 } else { lead };
        (self.status, self.since, self.wait, self.fresh) = ("playing", now + lead, None, false);
    }

    fn hold(&mut self, place: f64, ms: f64, now: f64) {
        self.stand("waiting", place, now);
        self.wait = Some(Wait { since: self.version + 1, until: now + ms });
    }

    /// From now on described from now, so that speed may change.
    fn redraw(&mut self, now: f64) {
        self.place = self.place_at(now).floor();
        self.since = self.since.max(now);
    }

    pub(super) fn playback_matter(&mut self, command: &Command, facts: &Facts, now: f64) -> Heard {
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
                let end = self.length().unwrap_or(self.place_at(now));
                self.stand("ended", end, now);
                return Ok(true);
            }
            Command::StartReady { since_version } => {
                let named = self.wait.as_ref().is_some_and(|wait| wait.since == *since_version);
                if named && !self.is_over() {
                    self.roll(facts, now);
                }
                return Ok(named && !self.is_over());
            }
            Command::Rebuffer => {
                let stops = self.stops_for_dry && ready && self.status == "playing";
                if stops && !self.is_over() {
                    self.hold(self.place_at(now), 10_000.0, now);
                }
                return Ok(stops && !self.is_over());
            }
            _ => {}
        }
        if self.film.is_none() {
            return Err("no_media");
        }
        match command {
            Command::Play => self.play(facts, now),
            Command::Pause => {
                let moves = self.status == "playing" || self.status == "waiting";
                if moves {
                    self.stand("paused", self.place_at(now), now);
                }
                Ok(moves)
            }
            Command::Seek { to_ms } => self.seek(*to_ms, facts, now),
            Command::SetRate { rate } => {
                let speed = f64::from(rate.as_milli()) / 1000.0;
                let changes = (speed - self.speed).abs() > 1e-6;
                if changes {
                    self.redraw(now);
                    self.speed = speed;
                }
                Ok(changes)
            }
            choice => self.choose(choice, now),
        }
    }

    fn load(&mut self, media: &Media, now: f64) {
        let source = &media.source;
        let default = source.audio_tracks.iter().find(|track| track.default);
        let sound = default.or(source.audio_tracks.first());
        self.sound = sound.map(|track| track.id.clone());
        self.film = Some(Film {
            id: media.media_id.to_string(),
            length: source.duration.map(|length| length.as_millis() as f64),
            qualities: source.renditions.iter().map(|one| one.id.clone()).collect(),
            texts: source.text_tracks.iter().map(|one| one.id.clone()).collect(),
            sounds: source.audio_tracks.iter().map(|one| one.id.clone()).collect(),
        });
        self.stand("paused", 0.0, now);
        (self.speed, self.quality, self.text, self.fresh) = (1.0, None, None, true);
    }

    fn play(&mut self, facts: &Facts, now: f64) -> Heard {
        match self.status {
            "playing" => return Ok(false),
            "ended" => return Err("media_ended"),
            "paused" if self.fresh && !facts.ready_capable.is_empty() => {
                self.hold(self.place, 3000.0, now);
            }
            _ => self.roll(facts, now),
        }
        Ok(true)
    }

    fn seek(&mut self, to_ms: i64, facts: &Facts, now: f64) -> Heard {
        let last = self.length().unwrap_or(9_007_199_254_740_991.0);
        if to_ms < 0 || to_ms as f64 > last {
            return Err("position_out_of_range");
        }
        let to = to_ms as f64;
        if self.status == "playing" || self.status == "waiting" {
            if facts.ready_capable.is_empty() {
                self.place = to;
                self.roll(facts, now);
            } else {
                let first = self.status == "waiting" && self.fresh;
                self.hold(to, if first { 3000.0 } else { 1500.0 }, now);
            }
        } else if self.status == "paused" && (self.place - to).abs() < 0.5 {
            return Ok(false);
        } else {
            self.stand("paused", to, now);
            self.fresh = true;
        }
        Ok(true)
    }

    fn choose(&mut self, choice: &Command, now: f64) -> Heard {
        let film = self.film.as_ref().expect("checked by the caller");
        let (held, wanted, known, code) = match choice {
            Command::ChangeQuality { rendition } => {
                (&mut self.quality, rendition.clone(), &film.qualities, "quality_unavailable")
            }
            Command::ChangeSubtitle { track } => {
                (&mut self.text, track.clone(), &film.texts, "track_unavailable")
            }
            Command::ChangeAudio { track } => {
                (&mut self.sound, Some(track.clone()), &film.sounds, "track_unavailable")
            }
            other => panic!("not a choice: {other:?}"),
        };
        if wanted.as_ref().is_some_and(|wanted| !known.contains(wanted)) {
            return Err(code);
        }
        if *held == wanted {
            return Ok(false);
        }
        *held = wanted;
        self.redraw(now);
        Ok(true)
    }
}
