//! Token buckets, for whatever may be done only so often: each fills at its rate up to its size. Who counts by them, and
//! what, is said where they are taken from.

use std::{collections::HashMap, hash::Hash, time::Instant};

/// Buckets that are remembered.
const REMEMBERED: usize = 20_000;

/// What a bucket holds at most, and how fast it fills.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    /// At most.
    pub most: f64,
    /// A second.
    pub per_s: f64,
}

/// Token buckets: each fills at its rate up to its size.
#[derive(Debug)]
pub struct Buckets<K>(HashMap<K, (f64, Instant)>);

impl<K> Default for Buckets<K> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: Hash + Eq + Clone> Buckets<K> {
    /// Whether a bucket was taken from and is remembered.
    #[must_use]
    pub fn knows(&self, key: &K) -> bool {
        self.0.contains_key(key)
    }

    /// Forgets a bucket, which is then as one that was never taken from.
    pub fn forget(&mut self, key: &K) {
        self.0.remove(key);
    }

    /// Puts one back that was taken in vain.
    pub fn give_back(&mut self, key: &K, size: Size) {
        if let Some((level, _)) = self.0.get_mut(key) {
            *level = (*level + 1.0).min(size.most);
        }
    }

    /// What a bucket holds.
    pub fn level(&self, key: &K, size: Size, present: Instant) -> f64 {
        self.0.get(key).map_or(size.most, |(level, at)| {
            (level + present.saturating_duration_since(*at).as_secs_f64() * size.per_s).min(size.most)
        })
    }

    /// Takes one; what is left.
    ///
    /// # Errors
    /// What there was, when that is less than one.
    pub fn take(&mut self, key: &K, size: Size, present: Instant) -> Result<f64, f64> {
        let level = self.level(key, size, present);
        if level < 1.0 {
            return Err(level);
        }
        if self.0.len() >= REMEMBERED && !self.knows(key) {
            self.0.retain(|_, (left, at)| {
                *left + present.saturating_duration_since(*at).as_secs_f64() * size.per_s < size.most
            });
            // All of them are at work: forgetting is kinder than growing without end.
            if self.0.len() >= REMEMBERED {
                self.0.clear();
            }
        }
        self.0.insert(key.clone(), (level - 1.0, present));
        Ok(level - 1.0)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_bucket_empties_and_fills_again() {
        let (mut buckets, start, size) = (Buckets::default(), Instant::now(), Size { most: 3.0, per_s: 2.0 });
        for left in [2.0, 1.0, 0.0] {
            assert_eq!(buckets.take(&"k", size, start), Ok(left));
        }
        assert!(buckets.take(&"k", size, start).is_err());
        assert!(buckets.take(&"other", size, start).is_ok(), "each has its own");
        assert_eq!(buckets.take(&"k", size, start + Duration::from_millis(500)), Ok(0.0));
    }

    #[test]
    fn what_is_remembered_has_an_end() {
        let (mut buckets, start) = (Buckets::default(), Instant::now());
        for n in 0..REMEMBERED * 2 + 10 {
            let _ = buckets.take(&n, Size { most: 3.0, per_s: 1.0 }, start);
        }
        assert!(buckets.0.len() <= REMEMBERED);
    }
}
