//! The socket over which links are impaired and asked for what they did: JSON, a line each way.

use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::{JoinHandle, JoinSet};

use super::direction::{Link, LinkStats};
use super::impairment::Impairment;
use crate::{Error, Result};

/// The longest line; a longer one ends the connection.
const LINE_BYTES_MAX: usize = 16 * 1024;
/// So many may be connected; further ones wait.
const CONNECTIONS_MAX: usize = 64;

/// Listens until dropped.
#[derive(Debug)]
pub(crate) struct Control {
    listening: JoinHandle<()>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    /// The client's number; 0 is all.
    link: Option<usize>,
    up: Option<Impairment>,
    down: Option<Impairment>,
    #[serde(default)]
    stats: bool,
}

#[derive(Debug, Default, Serialize)]
struct Answer {
    ok: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    links: Option<Vec<LinkStats>>,
}

impl Control {
    /// Listens at `socket` for what is to happen to the links.
    pub(crate) fn listen(socket: &Path, links: Arc<[Link]>) -> Result<Self> {
        let listener = UnixListener::bind(socket)
            .map_err(Error::doing(format_args!("listen at {}", socket.display())))?;
        Ok(Self { listening: tokio::spawn(accept(listener, links)) })
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

async fn accept(listener: UnixListener, links: Arc<[Link]>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        connections.spawn(converse(stream, Arc::clone(&links)));
        while connections.try_join_next().is_some() {}
        if connections.len() >= CONNECTIONS_MAX {
            connections.join_next().await;
        }
    }
}

/// Answers line after line until there are no more. Whoever goes away goes away.
async fn converse(stream: UnixStream, links: Arc<[Link]>) {
    let (reader, mut writer) = stream.into_split();
    let mut reader = BufReader::new(reader);
    let mut line = Vec::new();
    loop {
        line.clear();
        let mut limited = (&mut reader).take(LINE_BYTES_MAX as u64 + 1);
        match limited.read_until(b'\n', &mut line).await {
            Ok(1..=LINE_BYTES_MAX) => {}
            Ok(_) | Err(_) => return,
        }
        let answer = answer(&line, &links);
        let mut answer = serde_json::to_vec(&answer).expect("an answer can be written as JSON");
        answer.push(b'\n');
        if writer.write_all(&answer).await.is_err() {
            return;
        }
    }
}

fn answer(line: &[u8], links: &[Link]) -> Answer {
    match carry_out(line, links) {
        Ok(answer) => answer,
        Err(error) => Answer { error: Some(error.to_string()), ..Answer::default() },
    }
}

/// Does what a line asks for, all of it or nothing.
fn carry_out(line: &[u8], links: &[Link]) -> Result<Answer> {
    let request: Request =
        serde_json::from_slice(line).map_err(Error::doing("the line is no request"))?;
    let done = Answer { ok: true, ..Answer::default() };
    match request {
        Request { stats: true, link: None, up: None, down: None } => {
            Ok(Answer { links: Some(links.iter().map(Link::stats).collect()), ..done })
        }
        Request { stats: false, link: Some(number), up, down } => {
            let chosen = choose(links, number)?;
            for (name, impairment) in [("up", &up), ("down", &down)] {
                let Some(impairment) = impairment else { continue };
                impairment.check().map_err(Error::doing(name))?;
            }
            for link in chosen {
                up.inspect(|up| link.up.set(*up));
                down.inspect(|down| link.down.set(*down));
            }
            Ok(done)
        }
        _ => Err(Error::new("a request is either a link with up and down, or stats")),
    }
}

fn choose(links: &[Link], number: usize) -> Result<&[Link]> {
    match number {
        0 => Ok(links),
        number => links.get(number - 1..number).ok_or_else(|| {
            Error::new(format!("there is no link {number}; there are {}", links.len()))
        }),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_request_changes_the_direction_it_names_and_leaves_the_other() {
        let links = [Link::new(), Link::new()];
        assert_eq!(ask(&links, r#"{"link":2,"up":{"delay_ms":40}}"#), json!({"ok": true}));
        assert_eq!(ask(&links, r#"{"link":2,"down":{"loss":0.5}}"#), json!({"ok": true}));
        assert_eq!(delay_and_loss(&links[0]), [(0.0, 0.0), (0.0, 0.0)]);
        assert_eq!(delay_and_loss(&links[1]), [(40.0, 0.0), (0.0, 0.5)]);
    }

    #[test]
    fn link_0_is_all_of_them() {
        let links = [Link::new(), Link::new()];
        let answer = ask(&links, r#"{"link":0,"up":{"delay_ms":1},"down":{"delay_ms":2}}"#);
        assert_eq!(answer, json!({"ok": true}));
        for link in &links {
            assert_eq!(delay_and_loss(link), [(1.0, 0.0), (2.0, 0.0)]);
        }
    }

    #[test]
    fn a_request_that_is_wrong_anywhere_changes_nothing() {
        let links = [Link::new()];
        for (line, sentence) in [
            (r#"{"link":0,"up":{"delay_ms":9},"down":{"loss":2}}"#, "down: loss is 2; it can be"),
            (r#"{"link":2,"up":{"delay_ms":9}}"#, "there is no link 2; there are 1"),
            (r#"{"link":1,"up":{"delay_ms":9},"left":{}}"#, "the line is no request: unknown"),
            (r#"{"link":1,"up":{"delay":9}}"#, "the line is no request: unknown field `delay`"),
            (r#"{"link":1,"up":{"delay_ms":9},"stats":true}"#, "a request is either a link"),
            (r#"{"up":{"delay_ms":9}}"#, "a request is either a link"),
            ("", "the line is no request: EOF"),
        ] {
            let answer = ask(&links, line);
            assert_eq!(answer["ok"], false, "{line}");
            let error = answer["error"].as_str().unwrap();
            assert!(error.starts_with(sentence), "{error}");
            assert_eq!(delay_and_loss(&links[0]), [(0.0, 0.0), (0.0, 0.0)], "{line}");
        }
    }

    #[test]
    fn statistics_count_each_direction_of_each_link() {
        let links = [Link::new(), Link::new()];
        links[1].down.count_packet();
        links[1].down.count_packet();
        links[1].down.count_lost();
        links[1].up.count_packet();
        links[1].up.count_overflowed();
        let answer = ask(&links, r#"{"stats":true}"#);
        let counts = |link: usize, direction: &str| -> [u64; 3] {
            let stats = &answer["links"][link][direction];
            ["packets", "lost", "overflowed"].map(|name| stats[name].as_u64().unwrap())
        };
        assert_eq!(answer["ok"], true);
        assert_eq!([counts(0, "up"), counts(0, "down")], [[0, 0, 0], [0, 0, 0]]);
        assert_eq!([counts(1, "up"), counts(1, "down")], [[1, 0, 1], [2, 1, 0]]);
    }

    #[tokio::test]
    async fn a_connection_asks_line_after_line_until_one_is_too_long() {
        let directory = tempfile::tempdir().unwrap();
        let socket = directory.path().join("socket");
        let _control = Control::listen(&socket, Arc::new([Link::new()])).unwrap();
        let idle = UnixStream::connect(&socket).await.unwrap();
        let mut stream = BufReader::new(UnixStream::connect(&socket).await.unwrap());
        let longest = format!("{:>1$}\n", r#"{"link":1}"#, LINE_BYTES_MAX - 1);
        for _ in 0..2 {
            stream.write_all(longest.as_bytes()).await.unwrap();
            let mut answer = String::new();
            stream.read_line(&mut answer).await.unwrap();
            assert_eq!(answer, "{\"ok\":true}\n");
        }
        // It may be gone before it has read all of it.
        let _ = stream.write_all(format!(" {longest}").as_bytes()).await;
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest).await;
        assert_eq!(rest, b"");
        drop(idle);
    }

    fn ask(links: &[Link], line: &str) -> Value {
        serde_json::to_value(answer(line.as_bytes(), links)).unwrap()
    }

    fn delay_and_loss(link: &Link) -> [(f64, f64); 2] {
        [&link.up, &link.down].map(|direction| {
            let impairment = direction.impairment().unwrap();
            (impairment.delay_ms, impairment.loss)
        })
    }
}
