//! Applying commits: the only way in which a room changes.

use crate::event::{Commit, Event};
use crate::id::ParticipantId;
use crate::op::CommittedOp;
use crate::place::Rebased;
use crate::room::Room;

impl Room {
    /// Applies a commit. Never fails and decides nothing: the policy is in `decide`.
    pub fn apply(&mut self, commit: &Commit) {
        self.epoch = commit.epoch;
        self.version = commit.version;
        self.at = commit.at;
        if let Some(op) = &commit.op {
            self.ops.remember(CommittedOp {
                op: op.clone(),
                epoch: commit.epoch,
                version: commit.version,
            });
        }
        match commit.event.clone() {
            Event::PlaybackChanged { playback, .. } => self.playback = playback,
            Event::MediaChanged { media, playback, .. } => {
                self.media = Some((*media).into());
                self.playback = playback;
            }
            Event::HostChanged { host_id, fence, .. } => self.move_host(host_id, fence),
            Event::RoleChanged { participant_id, role, .. } => {
                if role.is_granted() {
                    self.roles.insert(participant_id, role);
                } else {
                    self.roles.remove(&participant_id);
                }
            }
            Event::RoomChanged { profile } => self.profile = profile,
            Event::LifecycleChanged { lifecycle, host_id, fence, playback, .. } => {
                self.lifecycle = lifecycle;
                self.playback = playback;
                self.move_host(host_id, fence);
            }
            Event::Rebased { previous_epoch, previous_version, lost, lifecycle } => {
                self.lifecycle = lifecycle.unwrap_or(self.lifecycle);
                let (lossy_epoch, lossy_at) = if lost {
                    (commit.epoch, commit.at)
                } else {
                    let before = self.rebased.map(|before| (before.lossy_epoch, before.lossy_at));
                    before.unwrap_or_default()
                };
                self.rebased =
                    Some(Rebased { previous_epoch, previous_version, lost, lossy_epoch, lossy_at });
            }
        }
    }

    fn move_host(&mut self, host_id: Option<ParticipantId>, fence: u64) {
        match (&self.host_id, &host_id) {
            (Some(_), None) => self.former_host_id = self.host_id.take(),
            (_, Some(_)) => self.former_host_id = None,
            (None, None) => {}
        }
        self.host_id = host_id;
        self.fence = fence;
    }
}
