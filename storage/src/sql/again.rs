//! What is tried again because another transaction met it.

use crate::error::CatalogError;

/// How often in all.
const TRIES: u32 = 8;

/// Does something in a transaction of its own, and anew where another one met it: that one is through by then. A database that
/// keeps everybody waiting has been waited for already.
pub(crate) async fn again<T, F>(attempt: impl Fn() -> F) -> Result<T, CatalogError>
where
    F: Future<Output = Result<T, CatalogError>>,
{
    let mut tries = 1;
    loop {
        // In the heap: it would be in each of its callers otherwise.
        match Box::pin(attempt()).await {
            Err(error) if tries < TRIES && error.is_contention() && !error.is_unavailable() => tries += 1,
            done => return done,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// Meets another transaction so many times, and fails by something else where `fails`; how often it was tried.
    async fn tried(meets: u32, fails: bool) -> (u32, Result<(), CatalogError>) {
        let tries = Cell::new(0);
        let done = again(|| {
            tries.set(tries.get() + 1);
            let (met, fails) = (tries.get() <= meets, fails);
            async move {
                match (met, fails) {
                    (true, _) => Err(CatalogError::Contention),
                    (false, true) => Err(CatalogError::NoTurn),
                    (false, false) => Ok(()),
                }
            }
        })
        .await;
        (tries.get(), done)
    }

    #[tokio::test]
    async fn what_met_another_transaction_is_tried_again_and_nothing_else() {
        assert!(matches!(tried(0, false).await, (1, Ok(()))));
        assert!(matches!(tried(2, false).await, (3, Ok(()))));
        assert!(matches!(tried(0, true).await, (1, Err(CatalogError::NoTurn))));
        assert!(matches!(tried(1, true).await, (2, Err(CatalogError::NoTurn))));
        assert!(matches!(tried(99, false).await, (TRIES, Err(CatalogError::Contention))));
    }
}
