//! Waits for the first frame, `hello`, for five seconds.

use std::time::Duration;

use contracts::{
    CAPABILITIES_MAX, CAPABILITY_MAX, CLIENT_NAME_MAX, ClientFrame, CloseCode, ErrorCode,
    HELLO_TIMEOUT_MS, Hello,
};
use tokio::time::timeout;

use super::end::End;
use super::socket::{Input, Socket};
use crate::clock::RoomClock;
use crate::limit::FrameLimiter;
use crate::refusal::Refusal;
use crate::wire;

/// Waits for `hello`, and returns it with its id, or how the socket ends instead.
pub async fn receive(
    socket: &mut Socket,
    limiter: &FrameLimiter,
    clock: &RoomClock,
) -> Result<(String, Hello), End> {
    let hello = async {
        loop {
            match one(socket, limiter, clock).await {
                Step::Hello(id, hello) => return Ok((id, hello)),
                Step::Again => {}
                Step::Over(end) => return Err(end),
            }
        }
    };
    match timeout(Duration::from_millis(HELLO_TIMEOUT_MS), hello).await {
        Ok(hello) => hello,
        Err(_) => {
            let refusal =
                Refusal::new(ErrorCode::HelloTimeout, "no hello came within five seconds");
            let _ = socket.reject(None, refusal).await;
            Err(End::Close(CloseCode::HELLO_TIMEOUT))
        }
    }
}

enum Step {
    Hello(String, Hello),
    Again,
    Over(End),
}

async fn one(socket: &mut Socket, limiter: &FrameLimiter, clock: &RoomClock) -> Step {
    let text = match socket.next().await {
        Input::Text(text) => text,
        Input::Ping | Input::Pong if limiter.check_control() => return Step::Again,
        Input::Ping | Input::Pong | Input::TooMany => {
            return Step::Over(End::Close(CloseCode::RATE_LIMITED));
        }
        Input::Gone => return Step::Over(End::Gone),
        Input::Binary => return Step::Over(End::Close(CloseCode::BAD_FRAME)),
        Input::TooLarge => return Step::Over(End::Close(CloseCode::FRAME_TOO_LARGE)),
        Input::BadProtocol => return Step::Over(End::BadProtocol),
        Input::BadUtf8 => return Step::Over(End::BadUtf8),
    };
    let read_at = socket.read_at();
    let answered = match wire::decode(&text) {
        Ok(decoded) => match (decoded.frame, decoded.id) {
            (ClientFrame::Hello(hello), Some(id)) if is_short(&hello) => {
                return Step::Hello(id, hello);
            }
            (ClientFrame::Hello(_), id) => {
                let detail = format!(
                    "`client` names are at most {CLIENT_NAME_MAX} characters, and `capabilities` at \
                     most {CAPABILITIES_MAX} of {CAPABILITY_MAX} characters"
                );
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
    match answered {
        Err(_) => Step::Over(End::Gone),
        Ok(_) if limiter.check_bad_frame() => Step::Again,
        Ok(_) => Step::Over(End::Close(CloseCode::BAD_FRAME)),
    }
}

/// Whether the client's names, which go into the log, and its capabilities are as short as they have to be.
fn is_short(Hello { client, capabilities, .. }: &Hello) -> bool {
    let fits = |text: &String, max| text.chars().count() <= max;
    fits(&client.name, CLIENT_NAME_MAX)
        && fits(&client.version, CLIENT_NAME_MAX)
        && capabilities.len() <= CAPABILITIES_MAX
        && capabilities.iter().all(|capability| fits(capability, CAPABILITY_MAX))
}
