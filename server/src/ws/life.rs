//! A socket's life: hello, the session, the close.

use std::sync::Arc;

use super::end::End;
use super::enter;
use super::socket::Socket;
use crate::access::Proof;
use crate::app::App;
use crate::net::{Client, Slot};

/// Runs a socket to its end. The size of an idle connection decides how many there can be, so every
/// step that is rare or short is boxed, and freed when it is over.
pub fn live(
    app: App,
    socket: Socket,
    proof: Proof,
    client: Arc<Client>,
    slot: Slot,
) -> impl Future<Output = ()> + Send {
    let opening = Box::pin(enter::open(app, socket, proof, client));
    async move {
        let _slot = slot;
        let Some(mut open) = opening.await else { return };
        let end = open.session.run(&mut open.socket, &open.limiter, &mut open.early).await;
        // Presence must wait neither for what is being carried out nor for the client's answer to the close.
        open.session.detach();
        if matches!(end, End::Gone | End::Slow) {
            open.session.carry_on();
        } else {
            Box::pin(open.session.settle(&mut open.socket, open.early, &end)).await;
        }
        let spread_ms = open.session.app.hub.drain_spread_ms();
        Box::pin(end.close(&mut open.socket, spread_ms)).await;
    }
}
