//! Another program that has locked an SQLite file.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A process that holds the write lock of a database.
pub struct Locked(Child);

impl Locked {
    /// Takes the lock.
    pub fn take(database: &Path) -> Self {
        let program = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); \
            c.execute('BEGIN IMMEDIATE'); print('locked', flush=True); sys.stdin.read()";
        let mut child = Command::new("python3")
            .args(["-c", program])
            .arg(database)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3 starts");
        let mut line = String::new();
        let output = child.stdout.take().expect("its output");
        BufReader::new(output).read_line(&mut line).expect("a line");
        assert_eq!(line, "locked\n");
        Self(child)
    }

    /// Gives it back.
    pub fn release(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

impl Drop for Locked {
    fn drop(&mut self) {
        self.release();
    }
}
