//! The shell around `engine`: HTTP, WebSocket, fan-out and stores. Data goes one way:
//! `ws::session` → `wire::decode` → `rooms` → `engine` → `store` → `rooms::dispatch` → `hub` →
//! `ws::session`.

pub mod access;
pub mod app;
pub mod clock;
mod conditional;
pub mod config;
mod http;
pub mod hub;
pub mod id;
pub mod kept;
pub mod limit;
pub mod members;
pub mod name;
pub mod net;
pub mod openapi;
pub mod page;
pub mod password;
pub mod refusal;
pub mod rooms;
pub mod router;
pub mod run;
pub mod sources;
pub mod sql;
pub mod store;
pub mod turns;
pub mod wire;
pub mod ws;
