//! Waits for the first frame, `hello`, for five seconds.

use std::time::Duration;

use contracts::{CLIENT_NAME_MAX, ClientFrame, CloseCode, ErrorCode, HELLO_TIMEOUT_MS, Hello};
use tokio::time::timeout;

use super::end::LIMITED_FOR_MS;
use super::socket::{Input, Socket};
use crate::clock::RoomClock;
use crate::limit::FrameLimiter;
use crate::refusal::Refusal;
use crate::wire;

/// Waits for `hello`, and returns it with its id. Returns `None` if the socket was closed instead, with
/// a reason if that could be sent.
pub async fn receive(
    socket: &mut Socket,
    limiter: &FrameLimiter,
    clock: &RoomClock,
) -> Option<(String, Hello)> {
    let hello = async {
        loop {
            match one(socket, limiter, clock).await {
                Step::Hello(id, hello) => return Some((id, hello)),
                Step::Again => {}
                Step::Over => return None,
            }
        }
    };
    match timeout(Duration::from_millis(HELLO_TIMEOUT_MS), hello).await {
        Ok(hello) => hello,
        Err(_) => {
            let refusal =
                Refusal::new(ErrorCode::HelloTimeout, "no hello came within five seconds");
            let _ = socket.reject(None, refusal).await;
            socket.close(CloseCode::HELLO_TIMEOUT, 0).await;
            None
        }
    }
}

enum Step {
    Hello(String, Hello),
    Again,
    Over,
}

async fn one(socket: &mut Socket, limiter: &FrameLimiter, clock: &RoomClock) -> Step {
    let text = match socket.next().await {
        Input::Text(text) => text,
        Input::Ping | Input::Pong if limiter.check_control() => return Step::Again,
        Input::Ping | Input::Pong | Input::TooMany => {
            socket.close(CloseCode::RATE_LIMITED, LIMITED_FOR_MS).await;
            return Step::Over;
        }
        Input::Gone => return Step::Over,
        Input::Binary => {
            socket.close(CloseCode::BAD_FRAME, 0).await;
            return Step::Over;
        }
        Input::TooLarge => {
            socket.close(CloseCode::FRAME_TOO_LARGE, 0).await;
            return Step::Over;
        }
        Input::BadProtocol => {
            socket.close_bad_protocol().await;
            return Step::Over;
        }
        Input::BadUtf8 => {
            socket.close_bad_utf8().await;
            return Step::Over;
        }
    };
    let read_at = socket.read_at();
    let answered = match wire::decode(&text) {
        Ok(decoded) => match (decoded.frame, decoded.id) {
            (ClientFrame::Hello(hello), Some(id)) if is_named(&hello) => {
                return Step::Hello(id, hello);
            }
            (ClientFrame::Hello(_), id) => {
                let detail = format!("`client` names are at most {CLIENT_NAME_MAX} characters");
                socket.reject(id, Refusal::new(ErrorCode::InvalidRequest, detail)).await
            }
            (ClientFrame::Ping(ping), _) => {
                let (now_us, read_us) = clock.since_us(read_at);
                socket.send(wire::text(&wire::pong(ping.t0, read_us, now_us))).await
            }
            (_, id) => {
                let refusal = Refusal::new(ErrorCode::UnexpectedFrame, "send hello first");
                socket.reject(id, refusal).await
            }
        },
        Err((id, refusal)) => socket.reject(id, refusal).await,
    };
    if answered.is_err() {
        return Step::Over;
    }
    if limiter.check_bad_frame() {
        return Step::Again;
    }
    socket.close(CloseCode::BAD_FRAME, 0).await;
    Step::Over
}

/// Whether the client's names are short enough for the log.
fn is_named(hello: &Hello) -> bool {
    let names = [&hello.client.name, &hello.client.version];
    names.iter().all(|name| name.chars().count() <= CLIENT_NAME_MAX)
}
