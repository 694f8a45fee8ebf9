//! Which connections are open, and which of them makes room when there are too many.
//!
//! Those on which nothing was ever answered and those on which something was are told apart: room is made by the idlest of
//! the kind of which there are more. So however many come and say nothing, who is answered now and then (Meta, between two
//! webhooks) keeps the connection, on which the next request may be on its way; and however many have said something
//! once and hold on, whoever is new is heard.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Instant,
};

use tokio_util::sync::CancellationToken;

use crate::client_address::{TrustedProxies, place};

/// How many connections there may be.
#[derive(Debug, Clone)]
pub struct Caps {
    /// In all.
    pub total: usize,
    /// Of one address (of IPv6: one network), unless it is a trusted proxy's.
    pub of_address: usize,
    /// Whose connections are many people's.
    pub trusted: TrustedProxies,
}

/// What a connection is doing.
#[derive(Debug)]
pub(super) struct Pulse {
    /// Requests of it that are being answered.
    answering: AtomicUsize,
    /// Whether one was.
    was_answered: AtomicBool,
    /// When it began, or its last answer ended.
    since: Mutex<Instant>,
}

impl Pulse {
    fn now() -> Self {
        Self {
            answering: AtomicUsize::new(0),
            was_answered: AtomicBool::new(false),
            since: Mutex::new(Instant::now()),
        }
    }

    fn was_answered(&self) -> bool {
        self.was_answered.load(Ordering::Acquire)
    }

    fn is_idle(&self) -> bool {
        self.answering.load(Ordering::Acquire) == 0
    }

    fn since(&self) -> Instant {
        *self.since.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One request that is being answered.
#[derive(Debug)]
pub(super) struct Answering(Arc<Pulse>);

impl Answering {
    pub(super) fn new(pulse: &Arc<Pulse>) -> Self {
        pulse.answering.fetch_add(1, Ordering::AcqRel);
        Self(pulse.clone())
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        *self.0.since.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        self.0.was_answered.store(true, Ordering::Release);
        self.0.answering.fetch_sub(1, Ordering::AcqRel);
    }
}

/// One open connection.
#[derive(Debug)]
struct Open {
    address: IpAddr,
    pulse: Arc<Pulse>,
    end: CancellationToken,
}

/// The idle connections of one kind.
#[derive(Debug, Default)]
struct Idle {
    count: usize,
    idlest: Option<(Instant, u64)>,
}

impl Idle {
    fn add(&mut self, since: Instant, id: u64) {
        self.count += 1;
        self.idlest = Some(self.idlest.map_or((since, id), |idlest| idlest.min((since, id))));
    }
}

/// All open connections.
#[derive(Debug, Default)]
pub(super) struct Connections {
    next: u64,
    open: HashMap<u64, Open>,
    of: HashMap<IpAddr, usize>,
}

impl Connections {
    fn remove(&mut self, id: u64) -> Option<Open> {
        let gone = self.open.remove(&id)?;
        if let Some(count) = self.of.get_mut(&gone.address) {
            *count -= 1;
            if *count == 0 {
                self.of.remove(&gone.address);
            }
        }
        Some(gone)
    }

    /// Closes the connection (of `address`, if given; never `but`) that is the idlest of its kind; whether there was one.
    fn make_room(&mut self, address: Option<IpAddr>, but: Option<u64>) -> bool {
        let (mut new, mut answered) = (Idle::default(), Idle::default());
        for (id, open) in &self.open {
            if address.is_none_or(|a| a == open.address) && but != Some(*id) && open.pulse.is_idle() {
                let kind = if open.pulse.was_answered() { &mut answered } else { &mut new };
                kind.add(open.pulse.since(), *id);
            }
        }
        let more = if answered.count > new.count { answered } else { new };
        let Some((_, id)) = more.idlest else { return false };
        if let Some(gone) = self.remove(id) {
            gone.end.cancel();
            metrics::counter!("acuse_connections_closed_for_others_total").increment(1);
        }
        true
    }

    fn admit(&mut self, address: IpAddr, caps: &Caps) -> Option<(u64, Arc<Pulse>, CancellationToken)> {
        let (is_proxy, address) = (caps.trusted.has(address), place(address));
        let own = self.of.get(&address).copied().unwrap_or_default();
        if own >= caps.of_address && !is_proxy && !self.make_room(Some(address), None) {
            return None;
        }
        if self.open.len() >= caps.total && !self.make_room(None, None) {
            return None;
        }
        let id = self.next;
        self.next += 1;
        let pulse = Arc::new(Pulse::now());
        let end = CancellationToken::new();
        self.open.insert(id, Open { address, pulse: pulse.clone(), end: end.clone() });
        *self.of.entry(address).or_default() += 1;
        Some((id, pulse, end))
    }
}

/// All open connections, for each of them.
#[derive(Debug, Clone, Default)]
pub(super) struct Everybody(Arc<Mutex<Connections>>);

/// A connection's place, given back when it ends.
#[derive(Debug)]
pub(super) struct Place {
    id: u64,
    all: Everybody,
    pub(super) pulse: Arc<Pulse>,
    /// Cancelled when the connection has to make room.
    pub(super) end: CancellationToken,
}

impl Everybody {
    fn lock(&self) -> std::sync::MutexGuard<'_, Connections> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for a new connection; none where everybody else is being answered.
    pub(super) fn admit(&self, address: IpAddr, caps: &Caps) -> Option<Place> {
        let (id, pulse, end) = self.lock().admit(address, caps)?;
        Some(Place { id, all: self.clone(), pulse, end })
    }

    /// Closes the idlest; whether there was one.
    pub(super) fn make_room(&self) -> bool {
        self.lock().make_room(None, None)
    }
}

impl Place {
    /// Closes the idlest of the others; whether there was one.
    pub(super) fn make_room(&self) -> bool {
        self.all.lock().make_room(None, Some(self.id))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.all.lock().remove(self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caps(total: usize, of_address: usize, trusted: &str) -> Caps {
        Caps { total, of_address, trusted: TrustedProxies::parse(trusted).unwrap() }
    }

    #[test]
    fn the_idlest_makes_room_and_what_is_answered_does_not() {
        let (all, caps) = (Everybody::default(), caps(3, 2, ""));
        let (a, b): (IpAddr, IpAddr) = ([10, 0, 0, 1].into(), [10, 0, 0, 2].into());
        let first = all.admit(a, &caps).unwrap();
        let answering = Answering::new(&first.pulse);
        let second = all.admit(a, &caps).unwrap();
        let third = all.admit(a, &caps).unwrap();
        assert!(second.end.is_cancelled() && !first.end.is_cancelled(), "the idle one of that address went");
        let _also = Answering::new(&third.pulse);
        assert!(all.admit(a, &caps).is_none(), "two are being answered, and that is its cap");
        let of_b = all.admit(b, &caps);
        assert!(of_b.is_some(), "which is nobody else's matter");
        let other = all.admit(b, &caps);
        assert!(other.is_some(), "the idle one of b made room");
        drop((answering, first, third, of_b));
        let left = all.lock();
        assert_eq!((left.open.len(), left.of.get(&a)), (1, None));
    }

    #[test]
    fn the_addresses_of_a_network_are_one() {
        let (all, caps) = (Everybody::default(), caps(10, 2, ""));
        let of = |host: u16| IpAddr::from([0x2001, 0xdb8, 0, 1, 0, 0, 0, host]);
        let places: Vec<_> = (0..5).map(|host| all.admit(of(host), &caps).unwrap()).collect();
        assert_eq!(places.iter().filter(|place| !place.end.is_cancelled()).count(), 2);
    }

    #[test]
    fn whoever_was_answered_last_stays() {
        let (all, caps) = (Everybody::default(), caps(2, 2, ""));
        let (old, new) = (
            all.admit([10, 0, 0, 1].into(), &caps).unwrap(),
            all.admit([10, 0, 0, 2].into(), &caps).unwrap(),
        );
        drop(Answering::new(&old.pulse));
        let _third = all.admit([10, 0, 0, 3].into(), &caps).unwrap();
        assert!(new.end.is_cancelled() && !old.end.is_cancelled());
        assert!(old.make_room() && !old.end.is_cancelled(), "nobody makes room for others by going");
    }

    #[test]
    fn who_is_answered_stays_however_many_come_and_say_nothing() {
        let (all, caps, here) = (Everybody::default(), caps(10, 10, ""), IpAddr::from([10, 0, 0, 1]));
        let answered = all.admit(here, &caps).unwrap();
        drop(Answering::new(&answered.pulse));
        let silent: Vec<_> = (0..5_000).map(|_| all.admit(here, &caps).unwrap()).collect();
        assert!(!answered.end.is_cancelled());
        assert_eq!(silent.iter().filter(|place| !place.end.is_cancelled()).count(), 9);
    }

    #[test]
    fn who_is_new_is_heard_however_many_said_something_once() {
        let (all, caps, here) = (Everybody::default(), caps(10, 10, ""), IpAddr::from([10, 0, 0, 1]));
        let held: Vec<_> = (0..10).map(|_| all.admit(here, &caps).unwrap()).collect();
        held.iter().for_each(|place| drop(Answering::new(&place.pulse)));
        let new: Vec<_> = (0..5).map(|_| all.admit(here, &caps).unwrap()).collect();
        assert!(new.iter().all(|place| !place.end.is_cancelled()));
        assert_eq!(held.iter().filter(|place| place.end.is_cancelled()).count(), 5);
    }

    #[test]
    fn a_trusted_proxy_has_no_cap_of_its_own() {
        let (all, caps) = (Everybody::default(), caps(10, 1, "10.0.0.0/8"));
        let places: Vec<_> = (0..5).map(|_| all.admit([10, 0, 0, 1].into(), &caps).unwrap()).collect();
        assert!(places.iter().all(|place| !place.end.is_cancelled()));
    }
}
