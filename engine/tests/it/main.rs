//! The rules of a room, as examples and as laws.

mod barrier;
mod clock;
mod commands;
mod coverage;
mod delay_limit;
mod edge;
mod history;
mod jumps;
mod laws;
mod lifecycle;
mod live;
mod measured;
mod oracle;
mod permission;
mod playback;
mod recovery;
mod recovery_model;
mod refreshed;
mod roles;
mod rules;
mod serialized;
mod story;
mod wait_limit;
