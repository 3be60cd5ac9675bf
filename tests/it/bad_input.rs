//! Whatever comes in: each mistake has its documented code, changes nothing, and neither the
//! neighbour nor the process notices.

mod command;
mod flood;
mod frame;
mod http;
mod link;
mod token;
mod upgrade;
