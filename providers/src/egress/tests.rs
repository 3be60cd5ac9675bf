//! The egress against origins on loopback addresses, with names that resolve as the test says.

use super::clients::{CLIENTS_MAX, IDLE_PER_CLIENT_MAX, IDLE_TIMEOUT};
use super::*;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::collections::HashMap;
use std::io::Write;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::timeout;

#[tokio::test]
async fn a_name_with_a_private_address_or_one_of_this_machine_is_refused() {
    let origin = serve(HOME, OK).await;
    for name in ["rebind.test", "mixed.test", "mapped.test", "own.test"] {
        let url = origin.at(name);
        let failure = egress(&[]).fetch(&Request::manifest(&url)).await.unwrap_err();
        assert_eq!(failure.kind, ErrorKind::EgressBlocked, "{name}");
    }
}

#[tokio::test]
async fn no_worker_waits_while_the_kernel_is_asked_about_an_address() {
    for host in ["own.test", "203.0.114.7"] {
        let url = Url::parse(&format!("http://{host}/master.m3u8")).unwrap();
        let failure = egress(&[]).fetch(&Request::manifest(&url)).await.unwrap_err();
        assert_eq!(failure.kind, ErrorKind::EgressBlocked);
    }
    // All but what may block runs on this thread.
    assert_eq!(own::tests::READS.get(), 0);
}

#[tokio::test]
async fn a_name_in_an_allowed_network_is_fetched() {
    let origin = serve(HOME, OK).await;
    let url = origin.at("rebind.test");
    let response = egress(&["127.0.0.0/8"]).fetch(&Request::manifest(&url)).await.unwrap();
    assert_eq!(response.body, b"hello");
}

#[tokio::test]
async fn one_private_address_among_allowed_ones_is_refused() {
    let origin = serve(HOME, OK).await;
    let url = origin.at("two-nets.test");
    let failure = egress(&["127.0.0.0/8"]).fetch(&Request::manifest(&url)).await.unwrap_err();
    assert_eq!(failure.kind, ErrorKind::EgressBlocked);
}

#[tokio::test]
async fn an_own_origin_is_fetched_whatever_its_address() {
    let origin = serve(HOME, OK).await;
    let policy = EgressPolicy { allow: vec![], own: Some(origin.own(&["rebind.test"])) };
    let url = origin.at("rebind.test");
    let egress = Egress::new(policy).unwrap();
    assert_eq!(egress.fetch(&Request::manifest(&url)).await.unwrap().body, b"hello");
    let foreign = Url::parse("https://example.test/master.m3u8").unwrap();
    let failure = egress.fetch(&Request::manifest(&url).named_by(&foreign)).await.unwrap_err();
    assert_eq!(failure.kind, ErrorKind::EgressBlocked);
}

#[tokio::test]
async fn the_folder_is_fetched_at_its_listener_whatever_host_its_requester_names() {
    let listener = serve(HOME, OK).await;
    let policy = EgressPolicy { allow: vec![], own: Some(listener.own(&[])) };
    let egress = Egress::new(policy).unwrap();
    for named in ["https://nowhere.invalid/watch/", "http://127.0.0.2:1/", "http://rebind.test/"] {
        let (folder, url) = (Url::parse(named).unwrap(), Url::parse(named).unwrap().join("file"));
        let reached = egress.reached_as(Some(folder));
        let url = url.unwrap();
        let response = reached.fetch(&Request::manifest(&url)).await.unwrap();
        assert_eq!((response.url.as_str(), &*response.body), (url.as_str(), &b"hello"[..]));
        let foreign = Url::parse("https://example.test/master.m3u8").unwrap();
        for request in [Request::manifest(&url).named_by(&foreign), Request::manifest(&url)] {
            let reached = if request.named_by.is_some() { &reached } else { &egress };
            assert!(reached.fetch(&request).await.is_err(), "{named}");
        }
    }
}

#[tokio::test]
async fn a_redirect_from_a_foreign_origin_never_reaches_the_own_origin() {
    let inner = serve(HOME, OK).await;
    let target = inner.at("127.0.0.1");
    let outer =
        serve("127.0.0.2", &format!("HTTP/1.1 302 Found\r\nlocation: {target}\r\n\r\n")).await;
    let own = Some(inner.own(&["127.0.0.1"]));
    let policy = EgressPolicy { allow: vec!["127.0.0.2/32".parse().unwrap()], own };
    let egress = Egress::new(policy).unwrap();
    let failure = egress.fetch(&Request::manifest(&outer.at("outer.test"))).await.unwrap_err();
    assert_eq!(failure.kind, ErrorKind::EgressBlocked);
    assert!(egress.fetch(&Request::manifest(&target)).await.is_ok());
}

#[tokio::test]
async fn few_connections_stay_open_however_many_ports_a_link_is_redirected_past() {
    let mut origin = Ring::serve(100).await;
    let egress = egress(&["127.0.0.0/8"]);
    for port in origin.ports.iter().step_by(RING_HOPS) {
        let url = Url::parse(&format!("http://127.0.0.1:{port}/")).unwrap();
        assert_eq!(egress.fetch(&Request::manifest(&url)).await.unwrap().body, b"hello");
    }
    assert_eq!(origin.accepted.load(Ordering::Relaxed), 100);
    let few = origin.open.wait_for(|open| *open <= CLIENTS_MAX);
    timeout(IDLE_TIMEOUT / 2, few).await.expect("the others are closed, not idle").unwrap();
}

#[tokio::test]
async fn requests_one_after_the_other_share_their_connections() {
    let origin = Ring::serve(1).await;
    let url = Url::parse(&format!("http://127.0.0.1:{}/", origin.ports[0])).unwrap();
    let egress = egress(&["127.0.0.0/8"]);
    for _ in 0..8 {
        egress.fetch(&Request::probe(&url, 0..5, 5)).await.unwrap();
    }
    let accepted = origin.accepted.load(Ordering::Relaxed);
    assert!(accepted <= IDLE_PER_CLIENT_MAX, "{accepted} connections");
}

#[tokio::test]
async fn a_name_that_cannot_be_looked_up_because_too_many_are_is_rate_limited() {
    let lookups = Arc::<Lookups>::default();
    let (policy, names) = (Arc::default(), HashMap::new());
    let guard = Guard { policy, lookups: Arc::clone(&lookups), names };
    let clients = Arc::new(Clients::new(guard).unwrap());
    let egress = Egress { clients, ..egress(&[]) };
    let _hanging = lookups.fill();
    let url = Url::parse("http://media.test/master.m3u8").unwrap();
    let failure = egress.fetch(&Request::manifest(&url)).await.unwrap_err();
    assert_eq!(failure.kind, ErrorKind::RateLimited);
}

#[test]
fn https_is_never_redirected_to_http() {
    let secure = Url::parse("https://example.test/a/film.mp4").unwrap();
    for target in ["http://example.test/film.mp4", "http://10.0.0.1/", "http://me:pw@a.test:22/"] {
        let failure = next_hop(&secure, target).unwrap_err();
        let says = "This https link is redirected to an insecure address, which browsers block.";
        assert_eq!((failure.kind, &*failure.detail), (ErrorKind::Unsupported, says));
    }
    assert_eq!(next_hop(&secure, "../b.mp4").unwrap().as_str(), "https://example.test/b.mp4");
    let plain = Url::parse("http://example.test/film.mp4").unwrap();
    assert!(next_hop(&plain, "https://example.test/film.mp4").is_ok());
}

#[tokio::test]
async fn a_manifest_over_its_cap_is_refused_even_without_a_content_length() {
    let long = "x".repeat(33 * 1024 * 1024);
    for head in [format!("content-length: {}\r\n", long.len()), String::new()] {
        let origin = serve(HOME, &format!("HTTP/1.1 200 OK\r\n{head}\r\n{long}")).await;
        let url = origin.at("rebind.test");
        let failure = egress(&["127.0.0.0/8"]).fetch(&Request::manifest(&url)).await.unwrap_err();
        assert_eq!(failure.kind, ErrorKind::TooLarge);
    }
}

#[tokio::test]
async fn a_probe_stops_at_its_cap() {
    let long = "x".repeat(3 * 1024 * 1024);
    let origin = serve(HOME, &format!("HTTP/1.1 200 OK\r\n\r\n{long}")).await;
    let url = origin.at("rebind.test");
    let request = Request::probe(&url, 0..4096, usize::MAX);
    let response = egress(&["127.0.0.0/8"]).fetch(&request).await.unwrap();
    assert_eq!(response.body.len(), request::PROBE_BYTES_MAX);
}

#[tokio::test]
async fn others_have_their_turn_after_each_slice_of_bodies_that_expand_to_a_lot() {
    const BODY_BYTES: usize = 4 * 1024 * 1024;
    static SINCE_OTHERS: AtomicUsize = AtomicUsize::new(0);
    static MOST: AtomicUsize = AtomicUsize::new(0);
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&vec![b'#'; BODY_BYTES]).unwrap();
    let body = encoder.finish().unwrap();
    let head = format!("content-encoding: gzip\r\ncontent-length: {}\r\n", body.len());
    let response = [format!("HTTP/1.1 200 OK\r\n{head}\r\n").as_bytes(), &body].concat();
    let origin = serve(HOME, response).await;
    let (egress, url) = (egress(&["127.0.0.0/8"]), origin.at("rebind.test"));

    // All of it runs on the one thread of this runtime.
    let others = tokio::spawn(async {
        loop {
            SINCE_OTHERS.store(0, Ordering::Relaxed);
            tokio::task::yield_now().await;
        }
    });
    let readers = [(); gate::REQUESTS_PER_HOST_MAX].map(|()| {
        let (egress, url) = (egress.clone(), url.clone());
        tokio::spawn(async move {
            let mut read = 0;
            let mut take = |_: &Url, chunk: &[u8]| {
                read += chunk.len();
                let so_far = SINCE_OTHERS.fetch_add(chunk.len(), Ordering::Relaxed) + chunk.len();
                MOST.fetch_max(so_far, Ordering::Relaxed);
                Ok(())
            };
            egress.stream(&Request::manifest(&url), &mut take).await.unwrap();
            read
        })
    });
    for reader in readers {
        assert_eq!(reader.await.unwrap(), BODY_BYTES);
    }
    others.abort();
    let most = MOST.load(Ordering::Relaxed);
    assert!(most <= 4 * turns::SLICE_BYTES, "{most} bytes were read without a pause");
}

#[tokio::test]
async fn a_response_compressed_in_an_unknown_way_is_refused() {
    let origin = serve(HOME, "HTTP/1.1 200 OK\r\ncontent-encoding: zstd\r\n\r\nzzz").await;
    let url = origin.at("rebind.test");
    let failure = egress(&["127.0.0.0/8"]).fetch(&Request::manifest(&url)).await.unwrap_err();
    assert_eq!(failure.kind, ErrorKind::Unsupported);
}

#[tokio::test]
async fn an_origin_that_never_answers_is_a_timeout() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let url = Url::parse(&format!("http://127.0.0.1:{port}/a.mp4")).unwrap();
    let failure = egress(&["127.0.0.0/8"]).fetch(&Request::manifest(&url)).await.unwrap_err();
    assert_eq!(failure.kind, ErrorKind::Timeout);
}

#[tokio::test]
async fn a_logged_cause_holds_no_link() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let url = Url::parse(&format!("http://127.0.0.1:{port}/a.mp4?token=canary")).unwrap();
    let failure = egress(&["127.0.0.0/8"]).fetch(&Request::manifest(&url)).await.unwrap_err();
    assert_eq!(failure.kind, ErrorKind::Unavailable);
    assert!(!format!("{failure:?}").contains("canary"));
}

const HOME: &str = "127.0.0.1";
const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";

struct Origin {
    port: u16,
}

impl Origin {
    fn at(&self, host: &str) -> Url {
        Url::parse(&format!("http://{host}:{}/file", self.port)).unwrap()
    }

    /// Its folder as the server's own, by the name of these hosts.
    fn own(&self, hosts: &[&str]) -> OwnFolder {
        let folder = |host: &&str| self.at(host).join(".").unwrap();
        OwnFolder { at: folder(&HOME), known_as: hosts.iter().map(folder).collect() }
    }
}

/// Sends the same response to every connection, then closes it.
async fn serve(ip: &str, response: impl AsRef<[u8]>) -> Origin {
    let listener = TcpListener::bind((ip, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let response = response.as_ref().to_owned();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let response = response.clone();
            tokio::spawn(async move {
                let mut request = [0; 4096];
                let _ = socket.read(&mut request).await;
                let _ = socket.write_all(&response).await;
                let _ = socket.shutdown().await;
            });
        }
    });
    Origin { port }
}

/// How many ports of a ring a link is led past.
const RING_HOPS: usize = 10;

/// An origin at many ports, each of which redirects to the next one, and keeps connections open.
struct Ring {
    ports: Vec<u16>,
    accepted: Arc<AtomicUsize>,
    open: watch::Receiver<usize>,
}

impl Ring {
    async fn serve(count: usize) -> Self {
        let (counter, open) = watch::channel(0);
        let mut listeners = Vec::new();
        for _ in 0..count {
            listeners.push(TcpListener::bind((HOME, 0)).await.unwrap());
        }
        let port = |listener: &TcpListener| listener.local_addr().unwrap().port();
        let ports: Vec<u16> = listeners.iter().map(port).collect();
        let (accepted, counter) = (Arc::<AtomicUsize>::default(), Arc::new(counter));
        for (number, listener) in (1..).zip(listeners) {
            let response = match ports.get(number) {
                Some(next) if number % RING_HOPS > 0 => format!(
                    "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:{next}/\r\ncontent-length: 0\r\n\r\n"
                ),
                _ => OK.to_owned(),
            };
            let (accepted, counter) = (Arc::clone(&accepted), Arc::clone(&counter));
            tokio::spawn(async move {
                while let Ok((mut socket, _)) = listener.accept().await {
                    accepted.fetch_add(1, Ordering::Relaxed);
                    let (response, counter) = (response.clone(), Arc::clone(&counter));
                    counter.send_modify(|open| *open += 1);
                    tokio::spawn(async move {
                        while socket.read(&mut [0; 4096]).await.is_ok_and(|read| read > 0) {
                            let _ = socket.write_all(response.as_bytes()).await;
                        }
                        counter.send_modify(|open| *open -= 1);
                    });
                }
            });
        }
        Self { ports, accepted, open }
    }
}

fn egress(allow: &[&str]) -> Egress {
    let allow = allow.iter().map(|net| net.parse().unwrap()).collect();
    Egress::new(EgressPolicy { allow, own: None }).unwrap()
}

/// The addresses that the names of these tests resolve to.
pub(super) fn names() -> HashMap<&'static str, Vec<IpAddr>> {
    let addresses = |list: &[&str]| list.iter().map(|ip| ip.parse().unwrap()).collect();
    HashMap::from([
        ("rebind.test", addresses(&["127.0.0.1"])),
        ("outer.test", addresses(&["127.0.0.2"])),
        ("mixed.test", addresses(&["8.8.8.8", "127.0.0.1"])),
        ("mapped.test", addresses(&["::ffff:127.0.0.1"])),
        ("two-nets.test", addresses(&["127.0.0.1", "10.0.0.1"])),
        // Public, and this machine's own.
        ("own.test", addresses(&["203.0.114.7"])),
    ])
}
