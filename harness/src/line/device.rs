//! Creates TUN devices in namespaces.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::path::Path;
use std::thread;

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use tun_rs::{DeviceBuilder, SyncDevice};

use super::namespace::Namespace;
use crate::{Error, Result};

/// The file through which the kernel creates TUN devices.
const TUN: &str = "/dev/net/tun";

/// Creates a non-blocking TUN device in the namespace; closing it removes it.
pub(crate) fn make_device(namespace: &Namespace, name: &str) -> Result<SyncDevice> {
    // If the file is missing, the library would create it and leave it behind.
    if !Path::new(TUN).exists() {
        return Err(Error::new(format!("there is no {TUN}")));
    }
    let path = namespace.path();
    // Only this short-lived thread enters the namespace.
    let made = thread::scope(|scope| {
        scope.spawn(|| make_in(&path, name)).join().expect("making a device doesn't panic")
    });
    made.map_err(Error::doing(format_args!("make TUN device {name} in {}", namespace.name())))
}

fn make_in(namespace: &Path, name: &str) -> io::Result<SyncDevice> {
    let file = File::open(namespace)?;
    move_into_link_name_space(file.as_fd(), Some(LinkNameSpaceType::Network))?;
    let device = DeviceBuilder::new().name(name).packet_information(false).build_sync()?;
    device.set_nonblocking(true)?;
    Ok(device)
}
