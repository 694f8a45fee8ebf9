//! `make bench-peak`: an hour of peak by a clock of its own, 1,000 contacts over two numbers and three workers, with and
//! without one who sends 500 photos at once; then a real minute in which all workers send as fast as they may.
//!
//! It fails when the others wait more than twice as long for the flood, when a limit of Meta's is exceeded, or when a
//! ledger does not balance.

#![allow(clippy::print_stdout)]

use std::{cmp::Reverse, collections::BinaryHeap, sync::Arc, time::Instant};

use acuse_fixtures::graph::{Fault, Point};
use acuse_storage::{fair::Quota, queue::Queue};
use acuse_tests::simulated::{Simulated, Task, clock, second_number, set_clock};
use anyhow::{Result, ensure};
use time::{Duration, OffsetDateTime, macros::datetime};

const START: OffsetDateTime = datetime!(2026-09-01 08:00 UTC);
const CONTACTS: u32 = 1_000;
const FLOOD: u32 = 500;
const WORKERS: usize = 3;
/// The one who floods.
const FLOODER: &str = "34699999999";

/// A lane of one worker: how many jobs at once, and how long one takes.
type Lane = (Queue, usize, Duration);

/// The lanes of a worker that reads one file at a time and takes this long for it.
const fn lanes(reading: Duration) -> [Lane; 4] {
    [
        (Queue::Fetch, 16, Duration::milliseconds(400)),
        (Queue::Read, 1, reading),
        (Queue::Link, 4, Duration::milliseconds(50)),
        (Queue::Reply, 8, Duration::milliseconds(200)),
    ]
}

/// How long a file is read: on a machine that keeps up with this crowd, and on one that does not and falls behind by itself.
const READING: [Duration; 2] = [Duration::milliseconds(1_500), Duration::milliseconds(4_000)];

/// Who sends what, and when: most of them in the middle of the hour.
fn arrivals(flood: bool) -> Vec<(OffsetDateTime, String, u32)> {
    let mut all = Vec::new();
    // A small generator of its own, so that both runs see the same crowd.
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    for n in 0..CONTACTS {
        // The mean of three is a bell.
        let minute = 60.0 * (random() + random() + random()) / 3.0;
        let at = START + Duration::seconds((minute * 60.0) as i64);
        let files = 1 + u32::from(random() < 0.3) + u32::from(random() < 0.1);
        for k in 0..files {
            all.push((at + Duration::seconds(i64::from(k) * 5), format!("3461{n:07}"), n));
        }
    }
    if flood {
        let at = START + Duration::minutes(25);
        all.extend((0..FLOOD).map(|k| (at + Duration::milliseconds(100) * k, FLOODER.to_owned(), 0)));
    }
    all.sort();
    all
}

/// Runs the hour, and what follows until nothing is left; the waits of all but the flooder, in milliseconds, sorted.
async fn hour(flood: bool, reading: Duration) -> Result<Vec<i64>> {
    let lanes = lanes(reading);
    set_clock(Some(START));
    let world = Simulated::new(WORKERS, Quota::default()).await?;
    let numbers = [world.graph.options().phone_number_id.clone(), second_number().phone_number_id];
    // Meta says so now and then, whatever is sent.
    world.graph.fail(Point::Send, None, Fault::error(400, 130_429, None), 5);
    world.graph.fail(Point::Send, None, Fault::error(400, 131_056, None), 5);
    let mut coming = arrivals(flood).into_iter().enumerate().peekable();
    // When, which, and by whom.
    let mut in_hand: BinaryHeap<Reverse<(OffsetDateTime, usize)>> = BinaryHeap::new();
    let mut tasks: Vec<Option<(Task, usize)>> = Vec::new();
    let mut free: Vec<[usize; 4]> = vec![lanes.map(|(_, slots, _)| slots); WORKERS];
    let end = START + Duration::hours(6);
    while clock() < end {
        while let Some((n, (_, who, at))) = coming.next_if(|(_, (at, ..))| *at <= clock()) {
            let file = format!(
                "receipt\nmerchant_name=Bar Sol\ndate=2026-05-03\ntotal=45.00\ncurrency=EUR\nnumber=n{n}"
            );
            world.sends(&who, &numbers[at as usize % 2], &file).await?;
        }
        while let Some(Reverse((_, at))) = in_hand.peek().filter(|Reverse((at, _))| *at <= clock()).copied() {
            in_hand.pop();
            let Some((task, worker)) = tasks[at].take() else { continue };
            world.run(worker, &task).await?;
            let lane = lanes.iter().position(|(queue, ..)| *queue == task.queue()).unwrap_or_default();
            free[worker][lane] += 1;
        }
        for (lane, (queue, _, takes)) in lanes.into_iter().enumerate() {
            while let Some(worker) =
                (0..WORKERS).max_by_key(|w| free[*w][lane]).filter(|w| free[*w][lane] > 0)
            {
                let Some(task) = world.take(queue).await? else { break };
                free[worker][lane] -= 1;
                in_hand.push(Reverse((clock() + takes, tasks.len())));
                tasks.push(Some((task, worker)));
            }
        }
        let next = [
            coming.peek().map(|(_, (at, ..))| *at),
            in_hand.peek().map(|Reverse((at, _))| *at),
            world.next_due().await?,
        ];
        let Some(next) = next.into_iter().flatten().min() else { break };
        set_clock(Some(next.max(clock())));
    }
    report(&world, flood).await
}

async fn report(world: &Simulated, flood: bool) -> Result<Vec<i64>> {
    let ledger = world.catalog().ledger(None, None).await?;
    ensure!(ledger.balanced && ledger.processing == 0, "the ledger of the documents: {ledger:?}");
    let messages = world.catalog().message_ledger(clock()).await?;
    ensure!(messages.balanced && messages.told == 0, "the ledger of the messages: {messages:?}");
    let met = world.graph.limits_met();
    ensure!((met.number, met.pair) == (0, 0), "limits of Meta's were exceeded: {met:?}");
    let rows: Vec<(i64, bool)> = sqlx::query_as(
        "SELECT (MIN(o.sent_at) - d.received_at) / 1000, c.phone = $1 FROM documents d \
         JOIN contacts c ON c.id = d.contact_id JOIN outbox o ON o.document_id = d.id GROUP BY d.id",
    )
    .bind(FLOODER)
    .fetch_all(&world.queue)
    .await?;
    let (his, mut others): (Vec<_>, Vec<_>) = rows.into_iter().partition(|(_, his)| *his);
    others.sort_unstable();
    let waits: Vec<i64> = others.into_iter().map(|(ms, _)| ms).collect();
    let secs = |ms: i64| ms as f64 / 1_000.0;
    println!(
        "{} the flood: {} files of others answered, p50 {:.1} s, p99 {:.1} s, longest {:.1} s",
        if flood { "with   " } else { "without" },
        waits.len(),
        secs(percentile(&waits, 50)),
        secs(percentile(&waits, 99)),
        secs(waits.last().copied().unwrap_or_default())
    );
    if flood {
        let longest = his.iter().map(|(ms, _)| *ms).max().unwrap_or_default();
        let (many,): (i64,) = sqlx::query_as("SELECT COUNT(*) FROM outbox WHERE purpose = 'many_files'")
            .fetch_one(&world.queue)
            .await?;
        println!(
            "         the flooder: {} files answered, the last after {:.0} min; told {many}× that it is much",
            his.len(),
            secs(longest) / 60.0
        );
        ensure!(his.len() == FLOOD as usize && many >= 1, "all of his are answered too");
    }
    Ok(waits)
}

fn percentile(sorted: &[i64], percent: usize) -> i64 {
    let at = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
    sorted.get(at).copied().unwrap_or_default()
}

/// All workers answer 400 people of one number at once, in real time.
async fn burst() -> Result<()> {
    const PEOPLE: u32 = 400;
    set_clock(None);
    let world = Arc::new(Simulated::new(WORKERS, Quota::NONE).await?);
    let number = world.graph.options().phone_number_id.clone();
    for n in 0..PEOPLE {
        world.sends(&format!("3462{n:07}"), &number, &format!("receipt\ntotal=45.00\nnumber=b{n}")).await?;
    }
    for queue in [Queue::Fetch, Queue::Read, Queue::Link] {
        while let Some(task) = world.take(queue).await? {
            world.run(0, &task).await?;
        }
    }
    let started = Instant::now();
    let mut hands = tokio::task::JoinSet::new();
    for worker in 0..WORKERS {
        for _ in 0..8 {
            let world = Arc::clone(&world);
            hands.spawn(async move {
                while (world.graph.sent().len() as u32) < PEOPLE && started.elapsed().as_secs() < 60 {
                    match world.take(Queue::Reply).await? {
                        Some(task) => world.run(worker, &task).await?,
                        None => tokio::time::sleep(std::time::Duration::from_millis(20)).await,
                    }
                }
                anyhow::Ok(())
            });
        }
    }
    while let Some(done) = hands.join_next().await {
        done??;
    }
    let (sent, met) = (world.graph.sent().len(), world.graph.limits_met());
    println!(
        "{WORKERS} workers at once: {sent} answers from one number in {:.1} s; refused for its rate {}, for the pair {}",
        started.elapsed().as_secs_f64(),
        met.number,
        met.pair
    );
    ensure!(sent == PEOPLE as usize && met.number == 0 && met.pair == 0, "{sent} sent, {met:?}");
    Ok(())
}

#[tokio::main]
async fn main() -> Result<()> {
    // `PART=burst`: the real minute alone.
    let hours: &[Duration] = if std::env::var("PART").as_deref() == Ok("burst") { &[] } else { &READING };
    for &reading in hours {
        println!("{WORKERS} workers, {:.1} s a file:", reading.as_seconds_f64());
        let without = percentile(&hour(false, reading).await?, 99);
        let with = percentile(&hour(true, reading).await?, 99);
        let times = with as f64 / without.max(1) as f64;
        println!("p99 of the others with the flood: {times:.2} × the p99 without (at most 2)");
        ensure!(times <= 2.0, "the flood delays others");
    }
    burst().await
}
