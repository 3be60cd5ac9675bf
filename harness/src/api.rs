//! The HTTP API, with one method per operation.

use contracts::{
    Ban, BanPage, BanRequest, CreateRoom, CreatedInvite, GrantPage, GrantRequest, GuestRequest,
    GuestToken, InvitePage, InviteRequest, JoinRequest, Joined, KnockAnswer, MadeGrant, Me, Meta,
    ParticipantPage, PatchMe, PatchParticipant, PatchRoom, PatchedMe, RefreshRequest,
    ResolveRequest, Resolved, Role, Room, RoomPage, RoomState, RoomSummary, Source, Time,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::http::{Http, Method, Response};
use crate::{Error, Result, Upgrade, WsClient};

/// The API as one caller uses it; cheap to clone.
#[derive(Clone, Debug)]
pub struct Api {
    http: Http,
    base: String,
    token: Option<String>,
}

impl Api {
    /// The API below `base`, a URL that ends in a slash, without a token.
    pub fn new(base: &str) -> Self {
        Self { http: Http::new(), base: base.to_owned(), token: None }
    }

    /// The same API, with `access_token`.
    #[must_use]
    pub fn with_token(&self, access_token: &str) -> Self {
        Self { token: Some(access_token.to_owned()), ..self.clone() }
    }

    /// The same caller, at another node.
    #[must_use]
    pub fn at(&self, other: &Self) -> Self {
        Self { token: self.token.clone(), ..other.clone() }
    }

    /// The same API, as a new guest.
    pub async fn as_guest(&self, display_name: &str) -> Result<Self> {
        Ok(self.with_token(&self.guest(display_name).await?.access_token))
    }

    /// `POST /auth/guest`.
    pub async fn guest(&self, display_name: &str) -> Result<GuestToken> {
        let body = GuestRequest { display_name: display_name.to_owned() };
        self.post("auth/guest", &body).await
    }

    /// `POST /auth/refresh`.
    pub async fn refresh(&self, refresh_token: &str) -> Result<GuestToken> {
        self.post("auth/refresh", &RefreshRequest { refresh_token: refresh_token.to_owned() }).await
    }

    /// `GET /me`.
    pub async fn me(&self) -> Result<Me> {
        self.get("me").await
    }

    /// `PATCH /me`.
    pub async fn rename(&self, display_name: &str) -> Result<PatchedMe> {
        self.send(Method::PATCH, "me", &PatchMe { display_name: display_name.to_owned() }).await
    }

    /// `GET /meta`.
    pub async fn meta(&self) -> Result<Meta> {
        self.get("meta").await
    }

    /// `GET /time`.
    pub async fn time(&self) -> Result<Time> {
        self.get("time").await
    }

    /// `POST /rooms` with the default settings.
    pub async fn create_room(&self, name: &str) -> Result<Room> {
        self.create_room_with(&CreateRoom {
            name: name.to_owned(),
            is_public: false,
            language: None,
            tags: Vec::new(),
            host_loss: None,
            host_grace_ms: None,
            host_lease_ms: None,
            rebuffer_barrier: false,
            playback_control: None,
            entry: None,
            password: None,
            capacity: None,
        })
        .await
    }

    /// `POST /rooms`.
    pub async fn create_room_with(&self, room: &CreateRoom) -> Result<Room> {
        self.post("rooms", room).await
    }

    /// `GET /rooms/public`, the first page.
    pub async fn public_rooms(&self) -> Result<RoomPage> {
        self.get("rooms/public").await
    }

    /// `GET /rooms/{room}`.
    pub async fn find_room(&self, room: &str) -> Result<RoomSummary> {
        self.get(&format!("rooms/{room}")).await
    }

    /// `PATCH /rooms/{room}`.
    pub async fn patch_room(&self, room: &str, changes: &PatchRoom) -> Result<Room> {
        self.send(Method::PATCH, &format!("rooms/{room}"), changes).await
    }

    /// `DELETE /rooms/{room}`.
    pub async fn delete_room(&self, room: &str) -> Result<()> {
        let response = self.request(Method::DELETE, &format!("rooms/{room}"), None).await?;
        response.expect_success().map(drop)
    }

    /// `GET /rooms/{room}/state`.
    pub async fn state(&self, room: &str) -> Result<RoomState> {
        self.get(&format!("rooms/{room}/state")).await
    }

    /// `POST /rooms/{room}/join`.
    pub async fn join(&self, room: &str) -> Result<Joined> {
        self.join_with(room, &JoinRequest::default()).await
    }

    /// `POST /rooms/{room}/join` with what somebody brings along.
    pub async fn join_with(&self, room: &str, with: &JoinRequest) -> Result<Joined> {
        self.post(&format!("rooms/{room}/join"), with).await
    }

    /// Joins, connects, sends `hello` without capabilities, and reads the welcome.
    pub async fn enter(&self, room: &str) -> Result<WsClient> {
        let mut client = self.connect(room).await?;
        client.hello(&[]).await?;
        Ok(client)
    }

    /// Joins and connects, but sends nothing yet.
    pub async fn connect(&self, room: &str) -> Result<WsClient> {
        Upgrade::with(&self.join(room).await?.ws).connect().await
    }

    /// `GET /rooms/{room}/participants`, the first page.
    pub async fn participants(&self, room: &str) -> Result<ParticipantPage> {
        self.get(&format!("rooms/{room}/participants")).await
    }

    /// `PATCH /rooms/{room}/participants/{participant_id}`.
    pub async fn give_role(&self, room: &str, participant: &str, role: Role) -> Result<()> {
        let path = format!("rooms/{room}/participants/{participant}");
        let body = serde_json::to_value(PatchParticipant { role: Some(role) })
            .map_err(Error::doing("encode a request"))?;
        self.request(Method::PATCH, &path, Some(&body)).await?.expect_success().map(drop)
    }

    /// `DELETE /rooms/{room}/participants/{participant_id}`.
    pub async fn remove(&self, room: &str, participant: &str) -> Result<()> {
        let path = format!("rooms/{room}/participants/{participant}");
        self.request(Method::DELETE, &path, None).await?.expect_success().map(drop)
    }

    /// `POST /rooms/{room}/bans`.
    pub async fn ban(&self, room: &str, ban: &BanRequest) -> Result<Ban> {
        self.post(&format!("rooms/{room}/bans"), ban).await
    }

    /// `GET /rooms/{room}/bans`, the first page.
    pub async fn bans(&self, room: &str) -> Result<BanPage> {
        self.get(&format!("rooms/{room}/bans")).await
    }

    /// `DELETE /rooms/{room}/bans/{participant_id}`.
    pub async fn lift_ban(&self, room: &str, participant: &str) -> Result<()> {
        let path = format!("rooms/{room}/bans/{participant}");
        self.request(Method::DELETE, &path, None).await?.expect_success().map(drop)
    }

    /// `POST /rooms/{room}/invites`.
    pub async fn invite(&self, room: &str, invite: &InviteRequest) -> Result<CreatedInvite> {
        self.post(&format!("rooms/{room}/invites"), invite).await
    }

    /// `GET /rooms/{room}/invites`, the first page.
    pub async fn invites(&self, room: &str) -> Result<InvitePage> {
        self.get(&format!("rooms/{room}/invites")).await
    }

    /// `DELETE /rooms/{room}/invites/{invite_id}`.
    pub async fn revoke_invite(&self, room: &str, invite_id: &str) -> Result<()> {
        let path = format!("rooms/{room}/invites/{invite_id}");
        self.request(Method::DELETE, &path, None).await?.expect_success().map(drop)
    }

    /// `POST /rooms/{room}/grants`.
    pub async fn grant(&self, room: &str, grant: &GrantRequest) -> Result<MadeGrant> {
        self.post(&format!("rooms/{room}/grants"), grant).await
    }

    /// `GET /rooms/{room}/grants`, the first page.
    pub async fn grants(&self, room: &str) -> Result<GrantPage> {
        self.get(&format!("rooms/{room}/grants")).await
    }

    /// `DELETE /rooms/{room}/grants/{grant_id}`.
    pub async fn revoke_grant(&self, room: &str, grant_id: &str) -> Result<()> {
        let path = format!("rooms/{room}/grants/{grant_id}");
        self.request(Method::DELETE, &path, None).await?.expect_success().map(drop)
    }

    /// `PATCH /rooms/{room}/knocks/{participant_id}`.
    pub async fn answer_knock(&self, room: &str, participant: &str, admitted: bool) -> Result<()> {
        let path = format!("rooms/{room}/knocks/{participant}");
        let body = serde_json::to_value(KnockAnswer { admitted })
            .map_err(Error::doing("encode a request"))?;
        self.request(Method::PATCH, &path, Some(&body)).await?.expect_success().map(drop)
    }

    /// `POST /sources/resolve`.
    pub async fn resolve(&self, link: &str) -> Result<Source> {
        let body = ResolveRequest { link: link.to_owned() };
        Ok(self.post::<Resolved>("sources/resolve", &body).await?.source)
    }

    /// Sends any request under `/api/v1`, with or without a JSON body.
    pub async fn request(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Response> {
        let path = format!("api/v1/{path}");
        match body {
            Some(body) => {
                let headers = [("content-type", "application/json")];
                self.raw(method, &path, &headers, body.to_string()).await
            }
            None => self.raw(method, &path, &[], "").await,
        }
    }

    /// Sends any request to any path below the base, with these headers, this body and the token.
    pub async fn raw(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Vec<u8>>,
    ) -> Result<Response> {
        let url = format!("{}{path}", self.base);
        self.http.send(method, &url, headers, self.token.as_deref(), body).await
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        self.request(Method::GET, path, None).await?.parse()
    }

    async fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T> {
        self.send(Method::POST, path, body).await
    }

    async fn send<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T> {
        let body = serde_json::to_value(body).map_err(Error::doing("encode a request"))?;
        self.request(method, path, Some(&body)).await?.parse()
    }
}
