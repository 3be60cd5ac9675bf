//! Members, and tickets on their way to become connections.

use std::sync::Arc;

use bytes::Bytes;
use engine::{ParticipantId, RoomId};

use super::link::Reply;
use super::read::{bytes_of, json, text};
use super::script::JOIN;
use super::{Node, failed, keys};
use crate::store::{Member, StoreError, Ticket};

impl Node {
    pub(super) async fn add_member(
        self: &Arc<Self>,
        room_id: &RoomId,
        member: &Member,
        max: usize,
        is_present: &(dyn for<'a> Fn(&'a ParticipantId) -> bool + Send + Sync),
    ) -> Result<bool, StoreError> {
        // Nobody is asked to make room before somebody has to.
        let mut absent = Vec::new();
        loop {
            let id = text(&member.participant_id);
            let mut args = vec![text(room_id), id, json(member), text(max)];
            args.extend(absent.iter().cloned());
            let answer = self.run("add member", &JOIN, room_id, args).await?;
            match answer.word.as_str() {
                "ok" => return Ok(true),
                "full" if absent.is_empty() => {
                    absent = self.list_absent(room_id, is_present).await?;
                    if absent.is_empty() {
                        return Ok(false);
                    }
                }
                "full" => return Ok(false),
                _ if answer.is_lost() => {
                    if self.recover(room_id).await?.is_none() {
                        return Ok(false);
                    }
                }
                word => return Err(failed("add member", format!("unexpected answer {word}"))),
            }
        }
    }

    /// Members whom `is_present` denies, the oldest first.
    async fn list_absent(
        &self,
        room_id: &RoomId,
        is_present: &(dyn for<'a> Fn(&'a ParticipantId) -> bool + Send + Sync),
    ) -> Result<Vec<Bytes>, StoreError> {
        let joined = keys::of_room(room_id).swap_remove(4);
        let args = vec![joined.into(), text(0), text(-1)];
        let reply = self.link.call("ZRANGE", args).await.map_err(self.failed("list absent"))?;
        let Reply::List(ids) = reply else { return Ok(Vec::new()) };
        let is_absent = |id: &Bytes| !is_present(&ParticipantId::new(String::from_utf8_lossy(id)));
        Ok(ids.iter().filter_map(bytes_of).filter(is_absent).collect())
    }

    pub(super) async fn find_member(
        &self,
        room_id: &RoomId,
        participant_id: &ParticipantId,
    ) -> Result<Option<Member>, StoreError> {
        let members = keys::of_room(room_id).swap_remove(3);
        let reply = self.link.call("HGET", vec![members.into(), text(participant_id)]).await;
        let reply = reply.map_err(self.failed("find member"))?;
        let member = bytes_of(&reply).map(|body| serde_json::from_slice(&body)).transpose();
        member.map_err(|error| failed("find member", error))
    }

    pub(super) async fn keep_ticket(
        &self,
        secret: &str,
        ticket: &Ticket,
    ) -> Result<(), StoreError> {
        let ms = ticket.expires_at.millis_since(self.clock.now()).max(1);
        let args = vec![keys::ticket(secret).into(), json(ticket), "PX".into(), text(ms)];
        self.link.call("SET", args).await.map(drop).map_err(self.failed("keep ticket"))
    }

    pub(super) async fn redeem_ticket(&self, secret: &str) -> Result<Option<Ticket>, StoreError> {
        let reply = self.link.call("GETDEL", vec![keys::ticket(secret).into()]).await;
        let reply = reply.map_err(self.failed("redeem ticket"))?;
        let ticket = bytes_of(&reply).map(|body| serde_json::from_slice::<Ticket>(&body));
        let ticket = ticket.transpose().map_err(|error| failed("redeem ticket", error))?;
        let now = self.clock.now();
        Ok(ticket.filter(|ticket| ticket.expires_at > now))
    }

    pub(super) async fn find_code(&self, code: &str) -> Result<Option<RoomId>, StoreError> {
        let key = keys::code(code);
        let reply = self.link.call("GET", vec![key.clone().into()]).await;
        let reply = reply.map_err(self.failed("find code"))?;
        if reply != Reply::Nil {
            let room = bytes_of(&reply).and_then(|id| String::from_utf8(id.into()).ok());
            return Ok(room.map(RoomId::new));
        }
        // Lost with Redis, or never there.
        self.sql.find_code(code).await.map_err(|error| failed("find code", error))
    }
}
