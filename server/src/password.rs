//! Hashes passwords by Argon2id. That takes tens of milliseconds of a processor by intention, so it is done on one
//! thread of low priority, one after the other, and only a few may wait: nobody's party is late because many
//! people enter a password.

use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use contracts::ErrorCode;
use tokio::sync::oneshot;
use unicode_normalization::UnicodeNormalization;

use crate::refusal::Refusal;

/// How many passwords may wait for their turn.
const WAITING_MAX: usize = 16;
/// After how long somebody should try again who found no place, in milliseconds: about when all who wait are served.
const RETRY_AFTER_MS: u64 = 1_000;
/// The priority of the thread: beside others that keep its processor busy, it still gets a tenth of it. The lowest one
/// would leave so little that people wait for seconds.
const NICE: i32 = 10;

/// Hashes passwords. The parameters are Argon2id's recommended ones (19 MiB, two passes, one lane); each hash carries
/// its own.
#[derive(Clone, Debug)]
pub struct Hasher {
    queue: SyncSender<Job>,
}

/// A password to hash, or to compare with a hash, and where the result goes.
enum Job {
    Hash(String, oneshot::Sender<Option<String>>),
    Verify(String, String, oneshot::Sender<Option<bool>>),
}

impl Hasher {
    /// Starts the thread, which ends with the last clone of what this returns.
    pub fn start() -> std::io::Result<Self> {
        let (queue, jobs) = sync_channel(WAITING_MAX);
        std::thread::Builder::new().name("passwords".to_owned()).spawn(move || work(&jobs))?;
        Ok(Self { queue })
    }

    /// Hashes a password.
    pub async fn hash(&self, password: &str) -> Result<String, Refusal> {
        let (reply, hashed) = oneshot::channel();
        self.push(Job::Hash(normalize(password), reply))?;
        hashed.await.ok().flatten().ok_or_else(failed)
    }

    /// Whether a password is the one that was hashed.
    pub async fn verify(&self, password: &str, hash: String) -> Result<bool, Refusal> {
        let (reply, verified) = oneshot::channel();
        self.push(Job::Verify(normalize(password), hash, reply))?;
        verified.await.ok().flatten().ok_or_else(failed)
    }

    fn push(&self, job: Job) -> Result<(), Refusal> {
        self.queue.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => Refusal::rate_limited(RETRY_AFTER_MS),
            TrySendError::Disconnected(_) => failed(),
        })
    }
}

fn work(jobs: &Receiver<Job>) {
    // On Linux this is the priority of the calling thread. Without the right to it, the thread works as it is.
    let _ = rustix::process::nice(NICE);
    for job in jobs {
        match job {
            // Whoever asked has hung up.
            Job::Hash(_, reply) if reply.is_closed() => {}
            Job::Verify(_, _, reply) if reply.is_closed() => {}
            Job::Hash(password, reply) => {
                let hash = Argon2::default().hash_password(password.as_bytes());
                let _ = reply.send(hash.ok().map(|hash| hash.to_string()));
            }
            Job::Verify(password, hash, reply) => {
                let hash = PasswordHash::new(&hash).ok();
                let verify = |hash| Argon2::default().verify_password(password.as_bytes(), &hash);
                let _ = reply.send(hash.map(|hash| verify(hash).is_ok()));
            }
        }
    }
}

/// Brings a password into the form in which it is hashed: keyboards write the same character in several ways.
fn normalize(password: &str) -> String {
    password.nfkc().collect()
}

fn failed() -> Refusal {
    Refusal::new(ErrorCode::Internal, "the password couldn't be hashed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_known_again_however_a_keyboard_writes_it() {
        let hasher = Hasher::start().unwrap();
        let hash = hasher.hash("caf\u{E9} \u{FF11}").await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(hasher.verify("cafe\u{301} 1", hash.clone()).await.unwrap());
        assert!(!hasher.verify("cafe 1", hash.clone()).await.unwrap());
        assert_ne!(hasher.hash("caf\u{E9} 1").await.unwrap(), hash, "each has its own salt");
        assert!(hasher.verify("x", "not a hash".to_owned()).await.is_err());
    }

    #[tokio::test]
    async fn of_many_passwords_at_once_those_that_find_no_place_are_told_when_to_come_back() {
        let hasher = Hasher::start().unwrap();
        let all = futures_util::future::join_all((0..64).map(|_| hasher.hash("secret"))).await;
        let refused: Vec<_> = all.into_iter().filter_map(Result::err).collect();
        assert!(refused.len() >= 64 - WAITING_MAX - 2, "{}", refused.len());
        assert!(refused.iter().all(|refusal| refusal.code() == ErrorCode::RateLimited));
        hasher.hash("secret").await.expect("there is room again");
    }
}
