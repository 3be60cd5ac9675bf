//! The control socket: impairs lines and reports their statistics. Requests and responses are JSON,
//! one per line of text.

use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::{JoinHandle, JoinSet};

use super::direction::{Line, LineStats};
use super::impairment::Impairment;
use crate::{Error, Result};

/// The longest request in bytes, line feed included; a longer one ends the connection.
const REQUEST_BYTES_MAX: usize = 16 * 1024;
/// The most open connections; further ones wait.
const CONNECTIONS_MAX: usize = 64;

/// A listener that closes when dropped.
#[derive(Debug)]
pub(crate) struct Control {
    listening: JoinHandle<()>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    /// The number of the client whose line it is, from 1; 0 means all lines.
    #[serde(rename = "link")]
    line: Option<usize>,
    up: Option<Impairment>,
    down: Option<Impairment>,
    #[serde(default)]
    stats: bool,
}

#[derive(Debug, Default, Serialize)]
struct Response {
    ok: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(rename = "links", skip_serializing_if = "Option::is_none")]
    lines: Option<Vec<LineStats>>,
}

impl Control {
    /// Listens at `socket` for requests about the lines.
    pub(crate) fn listen(socket: &Path, lines: Arc<[Line]>) -> Result<Self> {
        let listener = UnixListener::bind(socket)
            .map_err(Error::doing(format_args!("listen at {}", socket.display())))?;
        Ok(Self { listening: tokio::spawn(accept(listener, lines)) })
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

async fn accept(listener: UnixListener, lines: Arc<[Line]>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        connections.spawn(serve(stream, Arc::clone(&lines)));
        while connections.try_join_next().is_some() {}
        if connections.len() >= CONNECTIONS_MAX {
            connections.join_next().await;
        }
    }
}

/// Responds to requests until the connection ends.
async fn serve(stream: UnixStream, lines: Arc<[Line]>) {
    let (reader, mut writer) = stream.into_split();
    let mut reader = BufReader::new(reader);
    let mut request = Vec::new();
    loop {
        request.clear();
        let mut limited = (&mut reader).take(REQUEST_BYTES_MAX as u64 + 1);
        match limited.read_until(b'\n', &mut request).await {
            Ok(1..=REQUEST_BYTES_MAX) => {}
            Ok(_) | Err(_) => return,
        }
        let response = respond(&request, &lines);
        let mut response = serde_json::to_vec(&response).expect("a response is valid JSON");
        response.push(b'\n');
        if writer.write_all(&response).await.is_err() {
            return;
        }
    }
}

fn respond(request: &[u8], lines: &[Line]) -> Response {
    match carry_out(request, lines) {
        Ok(response) => response,
        Err(error) => Response { error: Some(error.to_string()), ..Response::default() },
    }
}

/// Does everything that the request asks for, or nothing.
fn carry_out(request: &[u8], lines: &[Line]) -> Result<Response> {
    let request: Request =
        serde_json::from_slice(request).map_err(Error::doing("parse the request"))?;
    let done = Response { ok: true, ..Response::default() };
    match request {
        Request { stats: true, line: None, up: None, down: None } => {
            Ok(Response { lines: Some(lines.iter().map(Line::stats).collect()), ..done })
        }
        Request { stats: false, line: Some(number), up, down } => {
            let chosen = choose(lines, number)?;
            for (name, impairment) in [("up", &up), ("down", &down)] {
                let Some(impairment) = impairment else { continue };
                impairment.check().map_err(Error::doing(name))?;
            }
            for line in chosen {
                up.inspect(|up| line.up.set(*up));
                down.inspect(|down| line.down.set(*down));
            }
            Ok(done)
        }
        _ => Err(Error::new("a request has either `link` with `up` and `down`, or `stats`")),
    }
}

fn choose(lines: &[Line], number: usize) -> Result<&[Line]> {
    match number {
        0 => Ok(lines),
        number => lines.get(number - 1..number).ok_or_else(|| {
            Error::new(format!("there is no line {number}; there are {}", lines.len()))
        }),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_request_changes_the_direction_it_names_and_leaves_the_other() {
        let lines = [Line::new(), Line::new()];
        assert_eq!(request(&lines, r#"{"link":2,"up":{"delay_ms":40}}"#), json!({"ok": true}));
        assert_eq!(request(&lines, r#"{"link":2,"down":{"loss":0.5}}"#), json!({"ok": true}));
        assert_eq!(delay_and_loss(&lines[0]), [(0.0, 0.0), (0.0, 0.0)]);
        assert_eq!(delay_and_loss(&lines[1]), [(40.0, 0.0), (0.0, 0.5)]);
    }

    #[test]
    fn line_0_means_all_lines() {
        let lines = [Line::new(), Line::new()];
        let response = request(&lines, r#"{"link":0,"up":{"delay_ms":1},"down":{"delay_ms":2}}"#);
        assert_eq!(response, json!({"ok": true}));
        for line in &lines {
            assert_eq!(delay_and_loss(line), [(1.0, 0.0), (2.0, 0.0)]);
        }
    }

    #[test]
    fn a_request_that_is_wrong_anywhere_changes_nothing() {
        let lines = [Line::new()];
        for (text, sentence) in [
            (r#"{"link":0,"up":{"delay_ms":9},"down":{"loss":2}}"#, "down: loss is 2; it can be"),
            (r#"{"link":2,"up":{"delay_ms":9}}"#, "there is no line 2; there are 1"),
            (r#"{"link":1,"up":{"delay_ms":9},"left":{}}"#, "parse the request: unknown"),
            (r#"{"link":1,"up":{"delay":9}}"#, "parse the request: unknown field `delay`"),
            (r#"{"link":1,"up":{"delay_ms":9},"stats":true}"#, "a request has either `link`"),
            (r#"{"up":{"delay_ms":9}}"#, "a request has either `link`"),
            ("", "parse the request: EOF"),
        ] {
            let response = request(&lines, text);
            assert_eq!(response["ok"], false, "{text}");
            let error = response["error"].as_str().unwrap();
            assert!(error.starts_with(sentence), "{error}");
            assert_eq!(delay_and_loss(&lines[0]), [(0.0, 0.0), (0.0, 0.0)], "{text}");
        }
    }

    #[test]
    fn statistics_count_each_direction_of_each_line() {
        let lines = [Line::new(), Line::new()];
        lines[1].down.count_packet();
        lines[1].down.count_packet();
        lines[1].down.count_lost();
        lines[1].up.count_packet();
        lines[1].up.count_overflowed();
        let response = request(&lines, r#"{"stats":true}"#);
        let counts = |line: usize, direction: &str| -> [u64; 3] {
            let stats = &response["links"][line][direction];
            ["packets", "lost", "overflowed"].map(|name| stats[name].as_u64().unwrap())
        };
        assert_eq!(response["ok"], true);
        assert_eq!([counts(0, "up"), counts(0, "down")], [[0, 0, 0], [0, 0, 0]]);
        assert_eq!([counts(1, "up"), counts(1, "down")], [[1, 0, 1], [2, 1, 0]]);
    }

    #[tokio::test]
    async fn a_connection_carries_requests_until_one_is_too_long() {
        let directory = tempfile::tempdir().unwrap();
        let socket = directory.path().join("socket");
        let _control = Control::listen(&socket, Arc::new([Line::new()])).unwrap();
        let idle = UnixStream::connect(&socket).await.unwrap();
        let mut stream = BufReader::new(UnixStream::connect(&socket).await.unwrap());
        let longest = format!("{:>1$}\n", r#"{"link":1}"#, REQUEST_BYTES_MAX - 1);
        for _ in 0..2 {
            stream.write_all(longest.as_bytes()).await.unwrap();
            let mut response = String::new();
            stream.read_line(&mut response).await.unwrap();
            assert_eq!(response, "{\"ok\":true}\n");
        }
        // The other end may close before it has read everything.
        let _ = stream.write_all(format!(" {longest}").as_bytes()).await;
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest).await;
        assert_eq!(rest, b"");
        drop(idle);
    }

    fn request(lines: &[Line], request: &str) -> Value {
        serde_json::to_value(respond(request.as_bytes(), lines)).unwrap()
    }

    fn delay_and_loss(line: &Line) -> [(f64, f64); 2] {
        [&line.up, &line.down].map(|direction| {
            let impairment = direction.impairment().unwrap();
            (impairment.delay_ms, impairment.loss)
        })
    }
}
