//! The fault matrix: each row has tests with real processes, signals and proxies that inject faults.

mod away;
mod damaged;
mod draining;
mod emptied;
mod half_open;
mod hung_up;
mod killed;
mod messages;
mod nonsense;
mod outage;
mod parted;
mod present;
mod scene;
mod stopped;
