//! Proxies of Debian, started with the examples of the documentation on a port of their own.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use harness::DEADLINE;
use harness::port::ReservedPort;
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep};

/// The documentation with the examples.
const DOCS: &str = include_str!("../../../docs/operations.md");
/// Where Debian keeps programs that aren't on everybody's path.
const FOLDER: &str = "/usr/sbin";
/// What nginx needs around an example to run without the rights of root.
const NGINX: &str = "
daemon off;
master_process off;
pid @WORK@/nginx.pid;
error_log @WORK@/error.log;
events {}
http {
    access_log off;
    client_body_temp_path @WORK@/body;
    proxy_temp_path @WORK@/proxy;
    fastcgi_temp_path @WORK@/fastcgi;
    uwsgi_temp_path @WORK@/uwsgi;
    scgi_temp_path @WORK@/scgi;
@EXAMPLE@
}
";
/// What Caddy needs beside an example to stay by itself.
const CADDY: &str = "{\n    admin off\n    default_bind 127.0.0.1\n    auto_https off\n}\n";

/// A running proxy; dropping it ends it.
pub struct Front {
    port: ReservedPort,
    _process: Child,
    // Dropped last, when nothing writes to it any more.
    _work: TempDir,
}

impl Front {
    /// Starts nginx in front of a server, with an example that `adapt` may change.
    pub async fn nginx(server: &str, adapt: impl FnOnce(String) -> String) -> Self {
        Self::nginx_on(ReservedPort::take().unwrap(), server, adapt).await
    }

    /// Does the same on this port.
    pub async fn nginx_on(
        port: ReservedPort,
        server: &str,
        adapt: impl FnOnce(String) -> String,
    ) -> Self {
        let example = example("nginx", server);
        let example = example.lines().filter(|line| !line.contains("ssl_certificate"));
        let example = example.collect::<Vec<_>>().join("\n");
        let listen = format!("listen {};", port.address());
        let work = work();
        let config = NGINX
            .replace("@WORK@", &work.path().to_string_lossy())
            .replace("@EXAMPLE@", &adapt(example.replace("listen 443 ssl;", &listen)));
        let file = write(work.path(), "nginx.conf", &config);
        let mut command = Command::new(program("nginx"));
        command.arg("-p").arg(work.path()).arg("-c").arg(file);
        Self::start(command, port, work).await
    }

    /// Starts Caddy in front of a server.
    pub async fn caddy(server: &str) -> Self {
        let (port, work) = (ReservedPort::take().unwrap(), work());
        let site = format!("http://{} {{", port.address());
        let config =
            format!("{CADDY}{}", example("caddy", server).replace("party.example {", &site));
        let file = write(work.path(), "Caddyfile", &config);
        let mut command = Command::new(program("caddy"));
        command.args(["run", "--adapter", "caddyfile", "--config"]).arg(file);
        for variable in ["HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"] {
            command.env(variable, work.path());
        }
        Self::start(command, port, work).await
    }

    /// The `host:port` that clients see.
    pub fn address(&self) -> String {
        self.port.address().to_string()
    }

    async fn start(mut command: Command, port: ReservedPort, work: TempDir) -> Self {
        let log = std::fs::File::create(work.path().join("log")).unwrap();
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).kill_on_drop(true);
        let mut process = command.spawn().expect("the proxy starts");
        let began = Instant::now();
        while TcpStream::connect(port.address()).await.is_err() {
            let ended = process.try_wait().expect("its state can be read");
            let log = || std::fs::read_to_string(work.path().join("log")).unwrap_or_default();
            assert!(ended.is_none() && began.elapsed() < DEADLINE, "it doesn't serve: {}", log());
            sleep(std::time::Duration::from_millis(5)).await;
        }
        Self { port, _process: process, _work: work }
    }
}

/// The example of a language, in front of this server.
fn example(language: &str, server: &str) -> String {
    let block = DOCS.split(&format!("```{language}\n")).nth(1);
    let block = block.and_then(|rest| rest.split("```").next()).expect("there is an example");
    block.replace("127.0.0.1:8080", server)
}

fn work() -> TempDir {
    tempfile::Builder::new().prefix("playhead-proxy-").tempdir().unwrap()
}

fn write(folder: &Path, name: &str, text: &str) -> PathBuf {
    let file = folder.join(name);
    std::fs::write(&file, text).unwrap();
    file
}

fn program(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders = std::env::split_paths(&path).chain([FOLDER.into()]);
    let found = folders.find_map(|folder| Some(folder.join(name)).filter(|file| file.is_file()));
    found.unwrap_or_else(|| panic!("{name} isn't installed; tests/install.sh installs it"))
}
