//! Starts nginx on the test media, and makes egresses that may or may not reach it.

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use providers::{Egress, EgressPolicy, OwnFolder, Registry};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A running nginx, which is killed when this value is dropped.
pub struct Origin {
    nginx: Child,
    pub port: u16,
    work: TempDir,
}

impl Origin {
    /// An origin of films, in every way that origins send them.
    pub async fn start() -> Self {
        let port = free_port();
        Self::serve("nginx.conf.in", media(), port).await
    }

    /// An origin with a configuration of the folder `tests/media` and these files.
    pub async fn serve(template: &str, root: &Path, port: u16) -> Self {
        let work = TempDir::new().unwrap();
        let template = std::fs::read_to_string(sources().join(template)).unwrap();
        let config = template
            .replace("@PORT@", &port.to_string())
            .replace("@ROOT@", root.to_str().unwrap())
            .replace("@WORK@", work.path().to_str().unwrap());
        let config_file = work.path().join("nginx.conf");
        std::fs::write(&config_file, config).unwrap();
        let nginx = Command::new(nginx())
            .arg("-p")
            .arg(work.path())
            .arg("-c")
            .arg(&config_file)
            .stderr(Stdio::null())
            .spawn()
            .expect("nginx is installed");
        let mut origin = Self { nginx, port, work };
        origin.wait_until_up().await;
        origin
    }

    pub fn link(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}/{path}", self.port)
    }

    /// How many requests for a part of a file below `folder` were answered so far.
    pub async fn ranged_requests(&self, folder: &str) -> usize {
        // nginx logs a request once it is answered, so the answer to a later one says that it is logged.
        let mut later = TcpStream::connect(("127.0.0.1", self.port)).await.unwrap();
        later.write_all(b"GET / HTTP/1.0\r\n\r\n").await.unwrap();
        later.read_to_end(&mut Vec::new()).await.unwrap();
        let log = std::fs::read_to_string(self.work.path().join("access.log")).unwrap();
        let is_ranged = |line: &&str| line.contains(folder) && line.contains("\" 206 ");
        log.lines().filter(is_ranged).count()
    }

    async fn wait_until_up(&mut self) {
        let up = async {
            while TcpStream::connect(("127.0.0.1", self.port)).await.is_err() {
                assert_eq!(self.nginx.try_wait().unwrap(), None, "nginx ended");
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), up).await.expect("nginx comes up");
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        let _ = self.nginx.kill();
        let _ = self.nginx.wait();
    }
}

/// An egress that may reach loopback addresses.
pub fn open() -> Egress {
    egress(&["127.0.0.0/8"], None)
}

/// An egress that may reach public addresses only.
pub fn closed() -> Egress {
    egress(&[], None)
}

/// An egress for which this origin is one of the server's own folders.
pub fn owning(origin: &Origin) -> Egress {
    let at =
        origin.link("").parse().map(|at: url::Url| OwnFolder { known_as: vec![at.clone()], at });
    egress(&[], Some(at.unwrap()))
}

pub fn registry(egress: Egress) -> Registry {
    Registry::standard(Arc::new(egress))
}

/// A port that nothing listens on.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}

fn egress(allow: &[&str], own: Option<OwnFolder>) -> Egress {
    let allow = allow.iter().map(|net| net.parse().unwrap()).collect();
    Egress::new(EgressPolicy { allow, own }).unwrap()
}

fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/media")
}

/// The folder of the test media, which the first call makes.
pub fn media() -> &'static Path {
    static MEDIA: OnceLock<PathBuf> = OnceLock::new();
    MEDIA.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../test-media");
        let made = Command::new(sources().join("make.sh")).arg(&folder).status();
        assert!(made.expect("a shell is there").success(), "the test media can't be made");
        folder.canonicalize().unwrap()
    })
}

fn nginx() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    folders.push("/usr/sbin".into());
    let found = folders.iter().map(|folder| folder.join("nginx")).find(|file| file.exists());
    found.expect("nginx is installed")
}
