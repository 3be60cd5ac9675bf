//! Sources that were resolved in the last half minute. A user who previews a link usually chooses it next, and
//! that shouldn't fetch it again; nor should two previews at once.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use engine::Source;
use tokio::sync::OwnedMutexGuard;

use super::MediaChoice;
use crate::refusal::Refusal;

/// How long an answer may be chosen.
const KEPT_FOR: Duration = Duration::from_secs(30);
/// Answers that are kept on this node; the oldest goes first.
const KEPT_MAX: usize = 256;

/// What is known of a link; held while its origin is asked.
type Known = Arc<tokio::sync::Mutex<Option<Source>>>;

/// The last answers, the newest last.
#[derive(Debug, Default)]
pub(super) struct Recent(Mutex<VecDeque<Answer>>);

/// What a link led to, for the user who asked. It is never shared with another user.
#[derive(Debug)]
struct Answer {
    asked: Instant,
    user_id: String,
    link: String,
    known: Known,
}

/// Whose turn it is to ask.
enum Turn {
    /// The caller's.
    Own(OwnedMutexGuard<Option<Source>>),
    /// Somebody asks already.
    Other(Known),
}

impl Recent {
    /// Keeps what a link leads to. A caller that asks while the same user's question is open shares its answer,
    /// but not its failure, which may concern only one connection.
    pub(super) async fn ask(
        &self,
        user_id: &str,
        link: &str,
        resolve: impl Future<Output = Result<Source, Refusal>>,
    ) -> Result<Source, Refusal> {
        let mut known = match self.begin(user_id, link) {
            Turn::Own(known) => known,
            Turn::Other(known) => {
                // Let go at once: those who share a failure ask side by side, not one after the other.
                let source = known.lock().await.clone();
                return match source {
                    Some(source) => Ok(source),
                    None => resolve.await,
                };
            }
        };
        let source = resolve.await?;
        *known = Some(source.clone());
        Ok(source)
    }

    /// Takes the source that the user's last preview found, waiting for it if need be. It can be taken once; a
    /// second choice resolves again.
    pub(super) async fn take(&self, user_id: &str, choice: &MediaChoice) -> Option<Source> {
        self.remove(user_id, choice)?.lock().await.take()
    }

    fn begin(&self, user_id: &str, link: &str) -> Turn {
        let mut answers = self.current();
        if let Some(at) = answers.iter().position(|one| one.user_id == user_id && one.link == link)
            && let Some(answer) = answers.remove(at)
            && answer.known.try_lock().is_err()
        {
            let known = answer.known.clone();
            answers.push_back(answer);
            return Turn::Other(known);
        }
        let known = Known::default();
        let Ok(own) = known.clone().try_lock_owned() else { return Turn::Other(known) };
        if answers.len() == KEPT_MAX {
            answers.pop_front();
        }
        let (user_id, link) = (user_id.to_owned(), link.to_owned());
        answers.push_back(Answer { asked: Instant::now(), user_id, link, known });
        Turn::Own(own)
    }

    fn remove(&self, user_id: &str, choice: &MediaChoice) -> Option<Known> {
        let mut answers = self.current();
        let is_of = |answer: &Answer| match choice {
            MediaChoice::Link(link) => answer.link == *link,
            MediaChoice::Source(wanted) => answer.known.try_lock().is_ok_and(|known| {
                known.as_ref().is_some_and(|source| {
                    source.provider == wanted.provider && source.stream_id == wanted.stream_id
                })
            }),
        };
        let at = answers.iter().position(|one| one.user_id == user_id && is_of(one))?;
        answers.remove(at).map(|answer| answer.known)
    }

    /// The answers that still count.
    fn current(&self) -> MutexGuard<'_, VecDeque<Answer>> {
        let mut answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        answers.retain(|answer| answer.asked.elapsed() < KEPT_FOR);
        answers
    }
}
