//! The adapters against a real origin: nginx with media made by ffmpeg.

mod conformance;
mod egress;
mod faults;
mod origin;
mod resolve;
