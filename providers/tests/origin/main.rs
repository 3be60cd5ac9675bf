//! The providers against a real origin: nginx with media made by ffmpeg.

mod corpus;
mod egress;
mod faults;
mod files;
mod kit;
mod origin;
mod resolve;
mod timeline;
