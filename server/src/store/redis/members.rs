//! Members, tickets and codes.

use std::collections::HashSet;
use std::sync::Arc;

use bytes::Bytes;
use engine::{ParticipantId, RoomId};

use super::client::Reply;
use super::codec::{bytes_of, json, text, text_of};
use super::keys;
use super::node::Node;
use super::script::JOIN;
use crate::store::{Member, StoreError, Ticket};

impl Node {
    pub(super) async fn add_member(
        self: &Arc<Self>,
        room_id: &RoomId,
        member: &Member,
        max: usize,
        is_present: &(dyn for<'a> Fn(&'a ParticipantId) -> bool + Send + Sync),
    ) -> Result<bool, StoreError> {
        // Absent members are looked for only once somebody has to make way.
        let mut absent = Vec::new();
        loop {
            let id = text(&member.participant_id);
            let now_us = text(self.clock.now_us());
            let mut args = vec![text(room_id), id, json(member), text(max), now_us];
            args.extend(absent.iter().cloned());
            let reply = self.run("add member", &JOIN, room_id, args).await?;
            match reply.status.as_str() {
                "ok" => return Ok(true),
                "full" if absent.is_empty() => {
                    absent = self.list_absent(room_id, is_present).await?;
                    if absent.is_empty() {
                        return Ok(false);
                    }
                }
                "full" => return Ok(false),
                _ if reply.is_lost() => {
                    if self.recover(room_id).await?.is_none() {
                        return Ok(false);
                    }
                }
                status => {
                    return Err(StoreError::new(
                        "add member",
                        format!("unexpected answer {status}"),
                    ));
                }
            }
        }
    }

    /// Lists the members that `is_present` denies, the oldest first.
    async fn list_absent(
        &self,
        room_id: &RoomId,
        is_present: &(dyn for<'a> Fn(&'a ParticipantId) -> bool + Send + Sync),
    ) -> Result<Vec<Bytes>, StoreError> {
        let args = vec![keys::joined(room_id).into(), text(0), text(-1)];
        let reply = self.masters.call("ZRANGE", args).await.map_err(self.failed("list absent"))?;
        let Reply::List(ids) = reply else { return Ok(Vec::new()) };
        let mut ids: Vec<Bytes> = ids.iter().filter_map(bytes_of).collect();
        // If it was lost when some of them joined, they come last.
        let all = self.masters.call("HKEYS", vec![keys::members(room_id).into()]).await;
        if let Reply::List(all) = all.map_err(self.failed("list absent"))? {
            let known: HashSet<Bytes> = ids.iter().cloned().collect();
            ids.extend(all.iter().filter_map(bytes_of).filter(|id| !known.contains(id)));
        }
        let is_absent = |id: &Bytes| !is_present(&ParticipantId::new(String::from_utf8_lossy(id)));
        ids.retain(is_absent);
        Ok(ids)
    }

    pub(super) async fn find_member(
        &self,
        room_id: &RoomId,
        participant_id: &ParticipantId,
    ) -> Result<Option<Member>, StoreError> {
        let args = vec![keys::members(room_id).into(), text(participant_id)];
        let reply = match self.masters.call("HGET", args).await {
            Err(error) if error.is_wrong_type() => {
                self.mend(room_id).await?;
                return Ok(None);
            }
            reply => reply.map_err(self.failed("find member"))?,
        };
        let Some(body) = bytes_of(&reply) else { return Ok(None) };
        match serde_json::from_slice(&body) {
            Ok(member) => Ok(Some(member)),
            Err(error) => {
                // Joining again replaces it.
                self.tell_damaged(room_id, "members", &error.to_string());
                Ok(None)
            }
        }
    }

    pub(super) async fn remove_member(
        &self,
        room_id: &RoomId,
        participant_id: &ParticipantId,
    ) -> Result<(), StoreError> {
        let keys = [("HDEL", keys::members(room_id)), ("ZREM", keys::joined(room_id))];
        for (command, key) in keys {
            let args = vec![key.into(), text(participant_id)];
            match self.masters.call(command, args).await {
                Err(error) if error.is_wrong_type() => return self.mend(room_id).await,
                reply => reply.map_err(self.failed("remove member"))?,
            };
        }
        Ok(())
    }

    pub(super) async fn keep_ticket(
        &self,
        secret: &str,
        ticket: &Ticket,
    ) -> Result<(), StoreError> {
        let ms = ticket.expires_at.millis_since(self.clock.now()).max(1);
        let args =
            vec![keys::ticket(&ticket.room_id, secret).into(), json(ticket), "PX".into(), text(ms)];
        self.masters.call("SET", args).await.map(drop).map_err(self.failed("keep ticket"))
    }

    pub(super) async fn redeem_ticket(
        &self,
        room_id: &RoomId,
        secret: &str,
    ) -> Result<Option<Ticket>, StoreError> {
        let key = keys::ticket(room_id, secret);
        let reply = match self.masters.call("GETDEL", vec![key.into()]).await {
            Err(error) if error.is_wrong_type() => Reply::Nil,
            reply => reply.map_err(self.failed("redeem ticket"))?,
        };
        let Some(body) = bytes_of(&reply) else { return Ok(None) };
        match serde_json::from_slice::<Ticket>(&body) {
            Ok(ticket) => Ok(Some(ticket).filter(|ticket| {
                ticket.room_id == *room_id && ticket.expires_at > self.clock.now()
            })),
            Err(error) => {
                // It is gone now, and its holder has to join again.
                tracing::warn!(%error, "a ticket can't be read");
                Ok(None)
            }
        }
    }

    pub(super) async fn find_code(&self, code: &str) -> Result<Option<RoomId>, StoreError> {
        let key = keys::code(code);
        // The master of the code needn't be that of the room, which may be served.
        let is_away = self.masters.is_away(&key);
        if !is_away {
            match self.masters.call("GET", vec![key.into()]).await {
                Ok(Reply::Nil) => {}
                Err(error) if error.is_wrong_type() => {}
                reply => {
                    let reply = reply.map_err(self.failed("find code"))?;
                    return Ok(text_of(&reply).map(RoomId::new));
                }
            }
        }
        // Redis is away or has lost it, or it never existed.
        let found = self.sql.find_code(code).await;
        let found = found.map_err(|error| StoreError::new("find code", error))?;
        if let Some(room_id) = found.as_ref().filter(|_| !is_away) {
            self.keep_code(code, room_id).await;
        }
        Ok(found)
    }

    /// Writes which room a code names, whatever Redis holds there. It is found in SQL, too.
    pub(super) async fn keep_code(&self, code: &str, room_id: &RoomId) {
        let keep = vec![keys::code(code).into(), text(room_id), "PX".into(), text(keys::KEEP_MS)];
        let _ = self.masters.call("SET", keep).await;
    }
}
