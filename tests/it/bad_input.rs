//! Invalid input: each mistake has its documented code, changes nothing, and affects neither other
//! clients nor the process.

mod command;
mod expect;
pub mod flood;
mod frame;
mod host;
mod http;
mod link;
mod origin;
mod token;
mod upgrade;
