//! Roles and lifecycle of the naive room.

use engine::{Command, Facts, HostLoss, PlaybackControl, Role};

use super::{Changed, Naive};

impl Naive {
    pub(super) fn change_room(
        &mut self,
        by: &str,
        command: &Command,
        facts: &Facts,
        now: f64,
    ) -> Changed {
        match command {
            Command::HostTransfer { to } => {
                if self.host.as_deref() == Some(to.as_str()) {
                    return Ok(false);
                }
                self.move_host(Some(to.to_string()));
            }
            Command::SetRole { participant, role } => {
                let participant = participant.as_str();
                if *role == Role::Host || self.host.as_deref() == Some(participant) {
                    return Err("Forbidden");
                }
                let before = self.granted.clone();
                self.granted.retain(|(name, _)| name != participant);
                if *role != Role::Member && *role != Role::Guest {
                    self.granted.push((participant.to_owned(), *role));
                }
                self.granted.sort();
                return Ok(self.granted != before);
            }
            Command::Remove { participant, base } => {
                let rank = |role| {
                    [Role::Host, Role::CoHost, Role::Moderator].iter().position(|r| *r == role)
                };
                let Some(sender) = rank(self.role(by, *base)) else { return Err("Forbidden") };
                let name = participant.as_str();
                let owns_it = self.host.is_none()
                    && (self.creator == name || self.former_host.as_deref() == Some(name));
                if owns_it {
                    return Err("Forbidden");
                }
                let held = rank(self.role(name, *base));
                if held.is_some_and(|held| held <= sender) {
                    return Err("Forbidden");
                }
                self.granted.retain(|(name, _)| held.is_none() || name != participant.as_str());
                return Ok(held.is_some());
            }
            Command::ChangeRoom(patch) => {
                let settings = |it: &Self| {
                    let party = (it.loss, it.grace, it.waits_for_rebuffering, it.everyone);
                    (party, it.entry, it.capacity)
                };
                let before = (settings(self), self.profile.clone());
                let control = patch.playback_control;
                self.everyone =
                    control.map_or(self.everyone, |who| who == PlaybackControl::Everyone);
                self.entry = patch.entry.unwrap_or(self.entry);
                self.capacity = patch.capacity.unwrap_or(self.capacity);
                self.loss = patch.host_loss.unwrap_or(self.loss);
                self.grace = patch.host_grace_ms.map_or(self.grace, |ms| ms as f64);
                self.waits_for_rebuffering =
                    patch.rebuffer_barrier.unwrap_or(self.waits_for_rebuffering);
                let (name, public, language, tags, chat, slow) = &mut self.profile;
                *name = patch.name.clone().unwrap_or(name.clone());
                *public = patch.is_public.unwrap_or(*public);
                *language = patch.language.clone().unwrap_or(language.clone());
                *tags = patch.tags.clone().unwrap_or(tags.clone());
                *chat = patch.chat_enabled.unwrap_or(*chat);
                *slow = patch.slow_mode_ms.unwrap_or(*slow);
                return Ok(before != (settings(self), self.profile.clone()));
            }
            Command::Delete => self.close(now),
            Command::Idle
                if facts.connections == 0 && (self.life == "live" || self.life == "grace") =>
            {
                self.close(now);
            }
            Command::HostLost if self.life == "live" && self.host.is_some() => {
                (self.life, self.life_until) = ("grace", Some(now + self.grace));
            }
            Command::Connected { participant } => return Ok(self.arrive(participant.as_str())),
            Command::Rebase { epoch, outage_ms, .. } if *epoch > self.epoch => {
                self.epoch = *epoch;
                if self.life == "created" || self.life == "grace" {
                    self.life_until = self.life_until.map(|until| until + *outage_ms as f64);
                }
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn arrive(&mut self, who: &str) -> bool {
        let is_host = self.host.as_deref() == Some(who);
        if is_host && (self.life == "created" || self.life == "grace") {
            (self.life, self.life_until) = ("live", None);
            true
        } else if self.life == "live"
            && self.host.is_none()
            && self.former_host.as_deref() == Some(who)
        {
            self.move_host(Some(who.to_owned()));
            true
        } else {
            false
        }
    }

    fn move_host(&mut self, to: Option<String>) {
        if self.host.is_some() && to.is_none() {
            self.former_host = self.host.take();
        }
        self.host = to;
        self.fence += 1;
    }

    fn close(&mut self, now: f64) {
        (self.life, self.life_until) = ("expired", Some(now + 60_000.0));
    }

    pub(super) fn reach_deadline(&mut self, facts: &Facts, now: f64) -> bool {
        let due = self.life_until.is_some_and(|until| until <= now);
        let wait_due = self.wait.as_ref().is_some_and(|wait| wait.until <= now);
        match self.life {
            "created" if due => self.close(now),
            "expired" if due => (self.life, self.life_until) = ("deleted", None),
            "grace" if due && self.loss == HostLoss::Expire => {
                self.fence += 1;
                self.close(now);
            }
            "grace" if due => {
                (self.life, self.life_until) = ("live", None);
                let new_host = facts.co_hosts.first().filter(|_| self.loss == HostLoss::Promote);
                self.move_host(new_host.map(ToString::to_string));
                if self.loss == HostLoss::Pause && self.status != "ended" {
                    self.unprimed |= self.status == "waiting";
                    self.stand("paused", self.stop_at(facts, now), now);
                }
            }
            _ if wait_due && !self.is_over() => self.start(facts, now),
            _ if !self.is_over() && self.window_end().is_some_and(|end| end <= now) => {
                self.reanchor(now);
                self.rate = 1.0;
            }
            _ => return false,
        }
        true
    }
}
