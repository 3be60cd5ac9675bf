//! Who is asking: tokens, the `Caller` extractor, and tickets for the WebSocket.

mod caller;
mod ticket;
mod token;

pub use caller::Caller;
pub use ticket::{Ticket, Tickets};
pub use token::Tokens;
