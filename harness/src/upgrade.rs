//! Opens a WebSocket with a ticket.

use contracts::{SUBPROTOCOL, WsTicket};
use reqwest::Url;
use tokio::net::{TcpSocket, TcpStream, lookup_host};
use tokio_tungstenite::tungstenite;
use tungstenite::client::IntoClientRequest;
use tungstenite::handshake::client::Request;
use tungstenite::http::{HeaderName, HeaderValue};

use crate::http::{Http, Method, Response};
use crate::{Error, Result, WsClient, within};

/// A WebSocket handshake to make; every part of it can be changed.
#[derive(Clone, Debug)]
pub struct Upgrade {
    url: String,
    ticket: Option<String>,
    subprotocol: Option<String>,
    origin: Option<String>,
    receive_buffer_bytes: Option<u32>,
}

impl Upgrade {
    /// The handshake that the ticket is for.
    pub fn with(ticket: &WsTicket) -> Self {
        Self::new(&ticket.url).ticket(&ticket.ticket)
    }

    /// A handshake with `url`, without a ticket.
    pub fn new(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            ticket: None,
            subprotocol: Some(SUBPROTOCOL.to_owned()),
            origin: None,
            receive_buffer_bytes: None,
        }
    }

    /// Sends this ticket.
    #[must_use]
    pub fn ticket(mut self, ticket: &str) -> Self {
        self.ticket = Some(ticket.to_owned());
        self
    }

    /// Sends this `Origin`, as a page would; programs send none.
    #[must_use]
    pub fn origin(mut self, origin: &str) -> Self {
        self.origin = Some(origin.to_owned());
        self
    }

    /// Asks for this subprotocol, or for none.
    #[must_use]
    pub fn subprotocol(mut self, subprotocol: Option<&str>) -> Self {
        self.subprotocol = subprotocol.map(str::to_owned);
        self
    }

    /// Limits how many unread bytes the kernel holds, approximately; for clients that read slowly.
    #[must_use]
    pub fn receive_buffer(mut self, bytes: u32) -> Self {
        self.receive_buffer_bytes = Some(bytes);
        self
    }

    /// Makes the handshake and returns the WebSocket, before `hello`.
    pub async fn connect(&self) -> Result<WsClient> {
        let url = self.full_url()?;
        within(format!("the upgrade of {}", self.url), async {
            let stream = self.open(&url).await?;
            match tokio_tungstenite::client_async(self.request(&url)?, stream).await {
                Ok((stream, _)) => Ok(WsClient::new(stream)),
                Err(tungstenite::Error::Http(response)) => Err(Error::new(format!(
                    "{} refused the upgrade: {} {}",
                    self.url,
                    response.status(),
                    String::from_utf8_lossy(response.body().as_deref().unwrap_or_default()),
                ))),
                Err(error) => Err(Error::doing(format_args!("upgrade {}", self.url))(error)),
            }
        })
        .await
    }

    /// Makes the handshake and returns the refusal; an error if the server upgrades after all.
    pub async fn refusal(&self) -> Result<Response> {
        let url = self.full_url()?;
        let request = self.request(&url)?;
        let headers: Vec<(&str, &str)> = request
            .headers()
            .iter()
            .filter(|(name, _)| *name != "host")
            .map(|(name, value)| (name.as_str(), value.to_str().unwrap_or_default()))
            .collect();
        let (host, port) = (url.host_str().unwrap_or_default(), url.port_or_known_default());
        let port = port.unwrap_or_default();
        let (path, query) = (url.path(), url.query().unwrap_or_default());
        let address = format!("http://{host}:{port}{path}?{query}");
        let response = Http::new().send(Method::GET, &address, &headers, None, "").await?;
        match response.status {
            101 => Err(Error::new(format!("{} upgraded, but a refusal was expected", self.url))),
            _ => Ok(response),
        }
    }

    fn full_url(&self) -> Result<Url> {
        let mut url = Url::parse(&self.url).map_err(Error::doing(format_args!("{}", self.url)))?;
        if let Some(ticket) = &self.ticket {
            url.query_pairs_mut().append_pair("ticket", ticket);
        }
        Ok(url)
    }

    fn request(&self, url: &Url) -> Result<Request> {
        let mut request =
            url.as_str().into_client_request().map_err(Error::doing(format_args!("{url}")))?;
        let added = [("sec-websocket-protocol", &self.subprotocol), ("origin", &self.origin)];
        for (name, value) in added {
            let Some(value) = value else { continue };
            let value = HeaderValue::from_str(value).map_err(Error::doing(value))?;
            request.headers_mut().insert(HeaderName::from_static(name), value);
        }
        Ok(request)
    }

    async fn open(&self, url: &Url) -> Result<TcpStream> {
        let failed = || Error::doing::<std::io::Error>(format!("connect to {}", self.url));
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
        let port = url.port_or_known_default().unwrap_or_default();
        let address = lookup_host((host, port)).await.map_err(failed())?.next();
        let address = address.ok_or_else(|| Error::new(format!("{host} has no address")))?;
        let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() };
        let socket = socket.map_err(failed())?;
        if let Some(bytes) = self.receive_buffer_bytes {
            socket.set_recv_buffer_size(bytes).map_err(failed())?;
        }
        socket.set_nodelay(true).map_err(failed())?;
        socket.connect(address).await.map_err(failed())
    }
}
