//! Who is asking: tokens, the `Caller` extractor, tickets for the WebSocket, and sessions.

mod caller;
mod session_id;
mod ticket;
mod token;

pub use caller::Caller;
pub use session_id::SessionIds;
pub use ticket::Ticket;
pub use token::Tokens;
