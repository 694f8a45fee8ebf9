//! What stands before signing in: the one-time setup token, and how many wrong tries there may be for a name, from a place
//! and in all.

mod failed;

use std::{
    collections::HashSet,
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::Instant,
};

use acuse_pipeline::document::Sha256;
use rand::RngExt;

pub(crate) use failed::Failed;

use crate::{
    buckets::{Buckets, Size},
    client_address::place,
};

/// Wrong passwords for one name from one address: ten at once, then one each six seconds.
const OF_NAME: Size = Size { most: 10.0, per_s: 1.0 / 6.0 };
/// Wrong passwords from one address, for whatever names: 30 at once, then one each two seconds. An office behind one
/// address has some.
const OF_ADDRESS: Size = Size { most: 30.0, per_s: 0.5 };
/// Wrong passwords for one name from everywhere: so many that nobody types them, too few to guess one. Whoever signed in
/// from a place before is not slowed by what others try elsewhere.
const FROM_EVERYWHERE: Size = Size { most: 1_000.0, per_s: 0.1 };

/// Places from which people signed in that are remembered.
const PLACES: usize = 10_000;

/// The state of signing in.
#[derive(Default)]
pub struct LoginGuard {
    setup: Mutex<Option<String>>,
    failures: Mutex<Failures>,
    /// What of them the trail has not been told.
    pub(crate) untold: Failed,
    /// Who signed in from where since this process began.
    came_in: Mutex<HashSet<(IpAddr, Sha256)>>,
}

/// What wrong passwords have used up, in buckets of their own. Each is counted by itself, so that somebody who tries many names from one place
/// shuts the door for that place, and for nobody else.
#[derive(Default)]
struct Failures {
    of_name: Buckets<(IpAddr, Sha256)>,
    of_address: Buckets<IpAddr>,
    from_everywhere: Buckets<Sha256>,
}

/// A password that is tried, and what it has used up until it is known to be right.
pub(crate) struct Trial {
    place: IpAddr,
    name: Sha256,
    /// Whether it used up something of the name's everywhere.
    from_everywhere: bool,
}

impl LoginGuard {
    /// Makes the one-time token with which the first user is created.
    #[must_use]
    pub fn open_setup(&self) -> String {
        let token = random();
        *self.setup.lock().unwrap_or_else(PoisonError::into_inner) = Some(token.clone());
        token
    }

    /// Whether this is the setup token.
    #[must_use]
    pub fn is_setup(&self, token: &str) -> bool {
        let held = self.setup.lock().unwrap_or_else(PoisonError::into_inner);
        // By hash, so that time tells nothing of the token.
        held.as_deref().is_some_and(|t| Sha256::of(t.as_bytes()) == Sha256::of(token.as_bytes()))
    }

    /// The token has done its work.
    pub fn close_setup(&self) {
        *self.setup.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Somebody tries a password for a name; none where too many were wrong. It counts as wrong until it is known to be
    /// right, so that many at once are counted too.
    pub(crate) fn tries(&self, address: IpAddr, name: &str, at: Instant) -> Option<Trial> {
        let (place, name) = (place(address), Sha256::of(name.as_bytes()));
        let is_theirs = self.came_in.lock().unwrap_or_else(PoisonError::into_inner).contains(&(place, name));
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        let may = failures.of_address.level(&place, OF_ADDRESS, at) >= 1.0
            && failures.of_name.level(&(place, name), OF_NAME, at) >= 1.0
            && (is_theirs || failures.from_everywhere.level(&name, FROM_EVERYWHERE, at) >= 1.0);
        if !may {
            return None;
        }
        let _ = failures.of_address.take(&place, OF_ADDRESS, at);
        let _ = failures.of_name.take(&(place, name), OF_NAME, at);
        // Of a name that is tried everywhere nothing may be left for who comes from a place of theirs.
        let from_everywhere = failures.from_everywhere.take(&name, FROM_EVERYWHERE, at).is_ok();
        Some(Trial { place, name, from_everywhere })
    }

    /// The password was right, or nobody could say: the try used nothing up.
    pub(crate) fn not_wrong(&self, trial: &Trial) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        failures.of_address.give_back(&trial.place, OF_ADDRESS);
        failures.of_name.give_back(&(trial.place, trial.name), OF_NAME);
        if trial.from_everywhere {
            failures.from_everywhere.give_back(&trial.name, FROM_EVERYWHERE);
        }
    }

    /// Somebody showed who they are: they are known at this place.
    pub(crate) fn came_in(&self, address: IpAddr, name: &str) {
        let mut places = self.came_in.lock().unwrap_or_else(PoisonError::into_inner);
        if places.len() >= PLACES {
            places.clear();
        }
        places.insert((place(address), Sha256::of(name.as_bytes())));
    }

    /// Whether somebody may come back from an identity provider, by what failed from their address. It names nobody before
    /// it is verified, so there is no name to count by.
    pub(crate) fn may_knock(&self, address: IpAddr, at: Instant) -> bool {
        let failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        failures.of_address.level(&place(address), OF_ADDRESS, at) >= 1.0
    }

    /// Somebody comes back with a sign-in of their own; false where too much failed from their address. It counts as failed
    /// until it is known that they are let in, so that many at once are counted too.
    pub(crate) fn knock(&self, address: IpAddr, at: Instant) -> bool {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        failures.of_address.take(&place(address), OF_ADDRESS, at).is_ok()
    }

    /// They were let in.
    pub(crate) fn let_in(&self, address: IpAddr) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        failures.of_address.give_back(&place(address), OF_ADDRESS);
    }
}

pub(crate) fn random() -> String {
    let bits: [u8; 32] = rand::rng().random();
    hex::encode(bits)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn wrong_names_from_one_place_lock_nobody_else_out() {
        let (door, now) = (LoginGuard::default(), Instant::now());
        let (bad, good): (IpAddr, IpAddr) = ("203.0.113.9".parse().unwrap(), "198.51.100.7".parse().unwrap());
        let mut tried = 0;
        for n in 0..1_000 {
            // A thousand names, and the name of somebody who works here.
            for name in [format!("n{n}"), "eva".to_owned()] {
                tried += usize::from(door.tries(bad, &name, now).is_some());
            }
        }
        assert_eq!(tried, 30, "that place is shut");
        assert!(door.tries(good, "eva", now).is_some(), "and no other");
        assert!(door.tries(good, "n1", now).is_some(), "for no name");
        assert!(door.tries(bad, "eva", now + Duration::from_secs(60)).is_some(), "not for ever");
    }

    #[test]
    fn one_name_is_not_guessed_from_everywhere_and_its_owner_comes_in_all_the_same() {
        let (door, now) = (LoginGuard::default(), Instant::now());
        let (home, elsewhere): (IpAddr, IpAddr) =
            ("198.51.100.7".parse().unwrap(), "198.51.100.8".parse().unwrap());
        door.came_in(home, "eva");
        let mut tried = 0;
        for n in 0..1_500_u32 {
            let address = IpAddr::from((0x0a00_0000 + n).to_be_bytes());
            tried += usize::from(door.tries(address, "eva", now).is_some());
        }
        assert_eq!(tried, 1_000, "each from an address of its own");
        assert!(door.tries(elsewhere, "eva", now).is_none());
        assert!(door.tries(elsewhere, "leo", now).is_some(), "that name alone");
        for _ in 0..10 {
            assert!(door.tries(home, "eva", now).is_some(), "she was here before");
        }
        assert!(door.tries(home, "eva", now).is_none(), "nobody guesses from there either");
    }

    #[test]
    fn whoever_comes_in_from_a_provider_uses_nothing_up_and_whoever_does_not_does_so_at_once() {
        let (door, now) = (LoginGuard::default(), Instant::now());
        let office: IpAddr = "203.0.113.9".parse().unwrap();
        for _ in 0..100 {
            assert!(door.knock(office, now));
            door.let_in(office);
        }
        let under_way = (0..100).filter(|_| door.knock(office, now)).count();
        assert_eq!(under_way, 30, "before any of them has ended");
        assert!(!door.may_knock(office, now));
    }

    #[test]
    fn one_name_is_not_guessed_from_one_network() {
        let (door, now) = (LoginGuard::default(), Instant::now());
        for n in 0..10 {
            let address: IpAddr = format!("2001:db8:1:2::{n:x}").parse().unwrap();
            assert!(door.tries(address, "eva", now).is_some());
        }
        assert!(door.tries("2001:db8:1:2:ffff::1".parse().unwrap(), "eva", now).is_none());
        assert!(door.tries("2001:db8:1:3::1".parse().unwrap(), "eva", now).is_some());
    }

    #[test]
    fn passwords_tried_at_once_count_before_any_is_known_to_be_wrong_and_right_ones_use_nothing_up() {
        let (door, now) = (LoginGuard::default(), Instant::now());
        let office: IpAddr = "203.0.113.9".parse().unwrap();
        let under_way: Vec<Trial> = (0..100).filter_map(|_| door.tries(office, "eva", now)).collect();
        assert_eq!(under_way.len(), 10, "none of them has ended yet");
        for trial in &under_way {
            door.not_wrong(trial);
        }
        for _ in 0..100 {
            let trial = door.tries(office, "eva", now).expect("nothing is used up");
            door.not_wrong(&trial);
        }
    }

    #[test]
    fn the_setup_token_is_good_until_it_is_used() {
        let door = LoginGuard::default();
        let token = door.open_setup();
        assert!(door.is_setup(&token) && !door.is_setup("x"));
        door.close_setup();
        assert!(!door.is_setup(&token) && !door.is_setup(""));
    }
}
