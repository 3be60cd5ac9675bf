//! The providers against a real origin: nginx with media made by ffmpeg.

mod egress;
mod faults;
mod kit;
mod origin;
mod resolve;
mod timeline;
