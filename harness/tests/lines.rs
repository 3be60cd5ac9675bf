//! `playhead-harness lines` with real namespaces: it impairs packets as asked and leaves nothing
//! behind. Where namespaces aren't permitted, it says so by its exit status.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use harness::DEADLINE;
use rustix::process::{Pid, Signal, kill_process};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use serde_json::{Value, json};

/// The address of the server for every client.
const SERVER: &str = "10.77.0.1";
const MS: Duration = Duration::from_millis(1);

#[test]
fn a_round_trip_takes_the_delay_of_both_directions() {
    let Some(mut lines) = RunningLines::start(2) else { return };
    assert!(lines.round_trip(1) > Duration::ZERO);
    let delays = json!({"link": 0, "up": {"delay_ms": 40}, "down": {"delay_ms": 40}});
    assert_eq!(lines.request(&delays), json!({"ok": true}));
    for client in [1, 2] {
        let took = lines.round_trip(client);
        assert!(took >= 80 * MS, "client {client}: {took:?}");
    }
    lines.request(&json!({"link": 2, "down": {}}));
    let (far, half) = (lines.round_trip(1), lines.round_trip(2));
    assert!(far >= 80 * MS && half >= 40 * MS, "{far:?}, {half:?}");
    lines.finish();
}

#[test]
fn loss_on_one_line_spares_the_others() {
    let Some(mut lines) = RunningLines::start(2) else { return };
    lines.request(&json!({"link": 1, "up": {"loss": 1}}));
    for client in [1, 2] {
        lines.within(&lines.clients[client - 1], || {
            let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
            for _ in 0..20 {
                socket.send_to(b"lost?", (SERVER, 9)).unwrap();
            }
        });
    }
    let stats = lines.stats_once(|stats| (0..2).all(|line| stats[line]["up"]["packets"] == 20));
    assert_eq!([&stats[0]["up"]["lost"], &stats[1]["up"]["lost"]], [20, 0]);
    lines.round_trip(2);
    lines.finish();
}

#[test]
fn a_signal_ends_the_command_and_all_processes_in_the_namespaces() {
    let Some(mut lines) = RunningLines::start(1) else { return };
    let client = lines.clients[0].clone();
    let mut left = Command::new("ip")
        .args(["netns", "exec", &client, "sh", "-c", "echo within; exec sleep 1000"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    left.stdout.as_mut().unwrap().read_exact(&mut [0; 6]).unwrap();
    lines.signal(Signal::TERM);
    assert_eq!(lines.status(), 128 + 15);
    assert_eq!(wait(&mut left).signal(), Some(15));
    lines.assert_nothing_left();
}

#[test]
fn the_exit_status_is_that_of_the_command() {
    if !permitted() {
        return assert_refused(&[]);
    }
    for (script, status) in [("exit 7", 7), ("kill -9 $$", 128 + 9)] {
        let ran = lines(1, &["sh", "-c", script]).status().unwrap();
        assert_eq!(ran.code(), Some(status), "{script}");
    }
    // `ip` says that there is no such program.
    let mut missing = lines(1, &["/no/such/program"]).stderr(Stdio::null()).spawn().unwrap();
    assert_eq!(wait(&mut missing).code(), Some(1));
    assert_eq!(traces_of(missing.id()), Vec::<String>::new());
}

#[test]
fn without_ip_the_exit_status_says_that_lines_are_refused() {
    assert_refused(&[("PATH", "/nowhere")]);
}

/// `playhead-harness lines` with a command that prints its environment and then waits for the end of
/// its input.
struct RunningLines {
    child: Child,
    control: BufReader<UnixStream>,
    socket: PathBuf,
    clients: Vec<String>,
}

impl RunningLines {
    /// Starts the lines; `None` where they aren't permitted, after checking that `lines` says so.
    fn start(clients: usize) -> Option<Self> {
        if !permitted() {
            assert_refused(&[]);
            return None;
        }
        let print = "echo $PLAYHEAD_LINKS_SOCKET; echo $PLAYHEAD_LINKS_NAMESPACES; exec cat";
        let mut child = lines(clients, &["sh", "-c", print])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut line = || lines.next().expect("the command prints its environment").unwrap();
        let (socket, names) = (PathBuf::from(line()), line());
        let control = UnixStream::connect(&socket).unwrap();
        control.set_read_timeout(Some(DEADLINE)).unwrap();
        let clients = names.split(',').map(str::to_owned).collect();
        Some(Self { child, control: BufReader::new(control), socket, clients })
    }

    /// Sends a request and returns the response.
    fn request(&mut self, request: &Value) -> Value {
        writeln!(self.control.get_mut(), "{request}").unwrap();
        let mut response = String::new();
        self.control.read_line(&mut response).unwrap();
        serde_json::from_str(&response).unwrap()
    }

    /// Waits until the statistics satisfy `wanted` and returns them.
    fn stats_once(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        let began = Instant::now();
        loop {
            let stats = self.request(&json!({"stats": true}))["links"].take();
            if wanted(&stats) {
                return stats;
            }
            assert!(began.elapsed() < DEADLINE, "waited too long; the statistics are {stats}");
        }
    }

    /// The time that one byte takes from a client to the server and back, over an open connection.
    fn round_trip(&self, client: usize) -> Duration {
        let server = format!("ph-{}-s", self.child.id());
        let listener = self.within(&server, || TcpListener::bind((SERVER, 0)).unwrap());
        let port = listener.local_addr().unwrap().port();
        let echo = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            stream.write_all(&byte).unwrap();
        });
        let took = self.within(&self.clients[client - 1], || {
            let mut stream = TcpStream::connect((SERVER, port)).unwrap();
            stream.set_read_timeout(Some(DEADLINE)).unwrap();
            let sent = Instant::now();
            stream.write_all(b"x").unwrap();
            stream.read_exact(&mut [0]).unwrap();
            sent.elapsed()
        });
        echo.join().unwrap();
        took
    }

    /// Runs `work` in a namespace. Sockets opened there stay there.
    fn within<T: Send>(&self, namespace: &str, work: impl FnOnce() -> T + Send) -> T {
        let namespace = File::open(Path::new("/run/netns").join(namespace)).unwrap();
        let enter_and_work = || {
            let network = Some(LinkNameSpaceType::Network);
            move_into_link_name_space(namespace.as_fd(), network).unwrap();
            work()
        };
        thread::scope(|scope| scope.spawn(enter_and_work).join().unwrap())
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    fn status(&mut self) -> i32 {
        wait(&mut self.child).code().expect("an exit code rather than a signal")
    }

    /// Closes the command's input, which ends everything.
    fn finish(mut self) {
        drop(self.child.stdin.take());
        assert_eq!(self.status(), 0);
        self.assert_nothing_left();
    }

    fn assert_nothing_left(&self) {
        assert_eq!(traces_of(self.child.id()), Vec::<String>::new());
        assert!(!self.socket.parent().unwrap().exists(), "{} is left", self.socket.display());
    }
}

impl Drop for RunningLines {
    /// Cleans up after a failed test, too.
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            self.signal(Signal::TERM);
            wait(&mut self.child);
        }
    }
}

fn lines(clients: usize, command: &[&str]) -> Command {
    let mut lines = Command::new(env!("CARGO_BIN_EXE_playhead-harness"));
    lines.args(["lines", "--clients", &clients.to_string(), "--"]).args(command);
    lines
}

/// Whether `ip` itself can make a namespace with a TUN device.
fn permitted() -> bool {
    // Several tests call this at once, each on its own thread.
    let name = format!("ph-probe-{}-{:?}", std::process::id(), thread::current().id());
    let ip = |arguments: &[&str]| {
        let quiet = Command::new("ip").args(arguments).stderr(Stdio::null()).status();
        quiet.is_ok_and(|status| status.success())
    };
    if !ip(&["netns", "add", &name]) {
        return false;
    }
    let permitted = ip(&["-n", &name, "tuntap", "add", "dev", "probe", "mode", "tun"]);
    assert!(ip(&["netns", "delete", &name]));
    permitted
}

fn assert_refused(environment: &[(&str, &str)]) {
    let started = lines(1, &["true"])
        .envs(environment.iter().copied())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let process = started.id();
    let ended = started.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(77), "{said}");
    assert!(said.contains("emulated lines aren't permitted here: "), "{said}");
    assert_eq!(traces_of(process), Vec::<String>::new());
}

/// The names of the namespaces that a process created.
fn traces_of(process: u32) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir("/run/netns") else { return Vec::new() };
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.starts_with(&format!("ph-{process}-"))).collect()
}

fn wait(child: &mut Child) -> std::process::ExitStatus {
    let began = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        assert!(began.elapsed() < 2 * DEADLINE, "process {} doesn't end", child.id());
        thread::sleep(10 * MS);
    }
}
