//! Live films of the naive room whose playlist is read again.

use engine::{Facts, LiveEdge, Media};

use super::{Live, Naive};

impl Live {
    pub(super) fn of(edge: &LiveEdge) -> Self {
        Self {
            edge: edge.position.as_millis() as f64,
            at: edge.at.as_millis() as f64,
            window: edge.window_ms as f64,
            behind: edge.hold_back_ms as f64,
        }
    }

    fn edge_at(&self, t: f64) -> f64 {
        self.edge + (t - self.at).max(0.0)
    }

    fn first_at(&self, t: f64) -> f64 {
        (self.edge_at(t) - self.window).max(0.0)
    }
}

impl Naive {
    /// Whether the edge is elsewhere than it was taken to be.
    pub(super) fn edge_read(&mut self, id: &str, edge: &LiveEdge, now: f64) -> bool {
        let (is, position) = (Live::of(edge), self.position_at(now).floor());
        if self.is_over() {
            return false;
        }
        let Some(film) = self.film.as_mut().filter(|film| film.id == id) else { return false };
        let Some(was) = film.live.as_ref() else { return false };
        let most = 2_000.0_f64.max((was.behind.max(is.behind) / 2.0).floor());
        let is_near = (was.edge_at(now) - is.edge_at(now)).abs() <= most
            && (was.first_at(now) - is.first_at(now)).abs() <= most;
        if is_near && (was.behind - is.behind).abs() < 0.5 {
            return false;
        }
        let since = self.since.max(now);
        let behind = (was.edge_at(since) - position).max(0.0);
        let as_far = (is.edge_at(since) - behind).max(0.0);
        film.live = Some(is);
        if self.status == "playing" {
            let is_outside = (self.within_window(position, since) - position).abs() > 0.5;
            if is_outside {
                (self.position, self.since) = (self.within_window(as_far, since), since);
            } else if (self.rate - 1.0).abs() > 1e-6 {
                (self.position, self.since) = (position, since);
            }
        }
        true
    }

    /// Whether a live film has become another one, with a length.
    pub(super) fn finish(
        &mut self,
        id: &str,
        media: &Media,
        ends: Option<f64>,
        facts: &Facts,
        now: f64,
    ) -> bool {
        let live = self.film.as_ref().filter(|film| film.id == id);
        let Some(live) = live.and_then(|film| film.live.as_ref()) else { return false };
        let length = media.source.duration.expect("a film has one").as_millis() as f64;
        let left = (ends.unwrap_or(live.edge_at(now)) - self.position_at(now).floor()).max(0.0);
        if self.is_over() {
            return false;
        }
        let (status, at_edge, rate) = (self.status, self.at_edge, self.rate);
        let (quality, text, audio) = (self.quality.take(), self.text.take(), self.audio.take());
        self.load(media, now);
        let film = self.film.as_ref().expect("it was loaded");
        self.quality = quality.filter(|id| film.qualities.contains(id));
        self.text = text.filter(|id| film.texts.contains(id));
        self.audio = audio.filter(|id| film.audios.contains(id)).or(self.audio.take());
        self.rate = rate;
        self.position = if at_edge { 0.0 } else { (length - left).max(0.0) };
        let plays = status == "playing" || status == "waiting";
        if status == "ended" || (plays && left <= 0.0) {
            self.stand("ended", length, now);
        } else if plays && facts.ready_capable.is_empty() {
            self.start(facts, now);
        } else if plays {
            self.wait_at(self.position, 3000.0, now);
        }
        true
    }
}
