//! What takes the processor for long, to hash a file and to seal it, is done apart from the threads on which everybody is
//! answered, and on all processors but one at most: who sends many files at once holds up neither Meta's webhooks nor
//! anybody else.

use std::sync::{Arc, LazyLock};

use tokio::sync::Semaphore;

use super::ObjectError;

/// Bytes that are worked on where they are: to go elsewhere would take longer.
pub(super) const FEW: usize = 64 << 10;

static OF_THIS_PROCESS: LazyLock<Apart> = LazyLock::new(|| Apart::with(places()));

/// How much of it goes on at once: one processor is left to those who are answered.
pub(super) fn places() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from).saturating_sub(1).max(1)
}

/// The places of such work. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Apart(pub(super) Arc<Semaphore>);

impl Apart {
    /// So many places of its own.
    pub(super) fn with(places: usize) -> Self {
        Self(Arc::new(Semaphore::new(places)))
    }

    /// The places that all of this process share.
    pub(super) fn of_this_process() -> Self {
        OF_THIS_PROCESS.clone()
    }

    /// Works on so many bytes, when there is a place. Work that nobody waits for any more keeps its place to its end.
    ///
    /// # Errors
    /// When the work panics, or the process ends.
    pub(super) async fn work<T: Send + 'static>(
        &self,
        bytes: usize,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ObjectError> {
        if bytes <= FEW {
            return Ok(work());
        }
        // It is never closed.
        let place = self.0.clone().acquire_owned().await.ok();
        let done = tokio::task::spawn_blocking(move || {
            let done = work();
            drop(place);
            done
        });
        done.await
            .map_err(|error| ObjectError::Service { doing: "working on a file", why: error.to_string() })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    async fn no_more_is_worked_on_at_once_than_there_are_places() {
        let (apart, running) = (Apart::with(2), Arc::new(AtomicUsize::new(0)));
        let mut all = tokio::task::JoinSet::new();
        for _ in 0..20 {
            let (apart, running) = (apart.clone(), running.clone());
            all.spawn(async move {
                let work = move || {
                    let at_once = running.fetch_add(1, Ordering::SeqCst) + 1;
                    std::thread::sleep(std::time::Duration::from_millis(2));
                    running.fetch_sub(1, Ordering::SeqCst);
                    at_once
                };
                apart.work(FEW + 1, work).await.unwrap()
            });
        }
        let most = all.join_all().await.into_iter().max();
        assert!(most <= Some(2), "{most:?} at once");
    }

    #[tokio::test]
    async fn work_on_much_leaves_this_thread_and_work_on_little_waits_for_nobody() {
        let (apart, here) = (Apart::with(1), std::thread::current().id());
        let on = || std::thread::current().id();
        assert_ne!(apart.work(FEW + 1, on).await.unwrap(), here);
        let _held = apart.0.clone().acquire_owned().await.unwrap();
        assert_eq!(apart.work(FEW, on).await.unwrap(), here);
    }

    #[tokio::test]
    async fn work_that_panics_is_an_error_and_gives_its_place_back() {
        let apart = Apart::with(1);
        assert!(apart.work::<()>(FEW + 1, || panic!("as it is meant to")).await.is_err());
        assert!(apart.work(FEW + 1, || ()).await.is_ok());
    }
}
