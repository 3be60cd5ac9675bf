//! Roles and lifecycle, naively.

use engine::{Command, Facts, HostLoss, Role};

use super::{Heard, Naive};

impl Naive {
    pub(super) fn room_matter(&mut self, command: &Command, facts: &Facts, now: f64) -> Heard {
        match command {
            Command::HostTransfer { to } => {
                if self.host.as_deref() == Some(to.as_str()) {
                    return Ok(false);
                }
                self.crown(Some(to.to_string()));
            }
            Command::SetRole { participant, role } => {
                let whom = participant.as_str();
                if *role == Role::Host || self.host.as_deref() == Some(whom) {
                    return Err("forbidden");
                }
                let before = self.given.clone();
                self.given.retain(|(name, _)| name != whom);
                if *role != Role::Member && *role != Role::Guest {
                    self.given.push((whom.to_owned(), *role));
                }
                self.given.sort();
                return Ok(self.given != before);
            }
            Command::ChangeRoom(patch) => {
                let before = (self.loss, self.grace, self.stops_for_dry, self.looks.clone());
                self.loss = patch.host_loss.unwrap_or(self.loss);
                self.grace = patch.host_grace_ms.map_or(self.grace, |ms| ms as f64);
                self.stops_for_dry = patch.rebuffer_barrier.unwrap_or(self.stops_for_dry);
                let (name, public, chat, slow) = &mut self.looks;
                *name = patch.name.clone().unwrap_or(name.clone());
                *public = patch.is_public.unwrap_or(*public);
                *chat = patch.chat_enabled.unwrap_or(*chat);
                *slow = patch.slow_mode_ms.unwrap_or(*slow);
                return Ok(
                    before != (self.loss, self.grace, self.stops_for_dry, self.looks.clone())
                );
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
            Command::Connected { participant } => return Ok(self.arrives(participant.as_str())),
            Command::Rebase { epoch, .. } if *epoch > self.epoch => self.epoch = *epoch,
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn arrives(&mut self, who: &str) -> bool {
        let is_host = self.host.as_deref() == Some(who);
        if is_host && (self.life == "created" || self.life == "grace") {
            (self.life, self.life_until) = ("live", None);
            true
        } else if self.life == "live"
            && self.host.is_none()
            && self.was_host.as_deref() == Some(who)
        {
            self.crown(Some(who.to_owned()));
            true
        } else {
            false
        }
    }

    fn crown(&mut self, who: Option<String>) {
        if self.host.is_some() && who.is_none() {
            self.was_host = self.host.take();
        }
        self.host = who;
        self.fence += 1;
    }

    fn close(&mut self, now: f64) {
        (self.life, self.life_until) = ("expired", Some(now + 60_000.0));
    }

    pub(super) fn time_is_up(&mut self, facts: &Facts, now: f64) -> bool {
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
                let heir = facts.co_hosts.first().filter(|_| self.loss == HostLoss::Promote);
                self.crown(heir.map(ToString::to_string));
                if self.loss == HostLoss::Pause && self.status != "ended" {
                    self.stand("paused", self.place_at(now), now);
                }
            }
            _ if wait_due && !self.is_over() => self.roll(facts, now),
            _ => return false,
        }
        true
    }
}
