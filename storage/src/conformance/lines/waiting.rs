//! Promises of the tasks of lines: one waits for each, and it is worth what waits there.

use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::{say, saying, somebody, take, takes, tasks, withdraw_all};
use crate::{
    Catalog,
    conformance::road::reply,
    names::now,
    outbox::{self, Line, NewReply, Purpose},
};

pub(in crate::conformance) async fn one_task_waits_for_a_line(catalog: &Catalog) {
    let line = somebody(catalog).await;
    let other = Line { number: format!("{}-other", line.number), ..line.clone() };
    for _ in 0..80 {
        say(catalog, &line).await;
    }
    say(catalog, &other).await;
    let waiting = tasks(catalog, line.contact).await;
    let mut lines: Vec<_> = waiting.iter().map(|(_, task, _)| task.line().unwrap()).collect();
    lines.sort();
    assert_eq!(lines, [line.clone(), other.clone()], "80 messages of one line, one of another");
    let mine = async || {
        let all = tasks(catalog, line.contact).await;
        all.into_iter().filter(|(_, task, _)| task.line().as_ref() == Some(&line)).collect::<Vec<_>>()
    };
    // It waits for longer than a new message may: it is replaced. It waits for less: it stays.
    let due = mine().await[0].2;
    let message = take(catalog, &line).await;
    assert!(takes(catalog, &mine().await[0].0).await);
    catalog.reply_later(message.id, "131056", Some(131_056), now() + Duration::HOUR).await.unwrap();
    let later = mine().await;
    assert!(later.len() == 1 && later[0].2 > due + 3_000, "{later:?}");
    say(catalog, &line).await;
    let sooner = mine().await;
    assert!(sooner.len() == 1 && sooner[0].2 < due + 60, "{sooner:?}");
    catalog.line_goes_on(&line, now() + Duration::HOUR).await.unwrap();
    assert_eq!(mine().await, sooner);
    // One that a worker has taken may have looked already.
    assert!(takes(catalog, &sooner[0].0).await);
    say(catalog, &line).await;
    assert_eq!(mine().await.len(), 1, "another follows it");
    assert!(catalog.message_ledger(now()).await.unwrap().balanced, "and all of it is on its way");
    for line in [&line, &other] {
        withdraw_all(catalog, line).await;
    }
}

/// The task of a line, and what it is worth among those that are due.
async fn worth(catalog: &Catalog, line: &Line) -> (String, i64) {
    let mut tx = catalog.reading().await.unwrap();
    let sql = tx.pick(
        "SELECT j.id, CAST(j.priority AS BIGINT) FROM Jobs j JOIN reply_lines l ON l.task_id = j.id \
         WHERE l.contact_id = $1 AND l.phone_number_id = $2",
        "SELECT j.id, CAST(j.priority AS BIGINT) FROM apalis.jobs j JOIN reply_lines l ON l.task_id = j.id \
         WHERE l.contact_id = $1 AND l.phone_number_id = $2",
    );
    one!(tx, (String, i64), sql, line.contact.0, line.number.as_str()).unwrap()
}

/// Something that we say of ourselves, due then.
async fn mention(catalog: &Catalog, line: &Line, not_before: Option<OffsetDateTime>) {
    let mut tx = catalog.writing().await.unwrap();
    let said = NewReply { nonce: Uuid::now_v7().to_string(), ..reply(Purpose::Notice) };
    let shape = outbox::Shape { not_before, is_behind: true, ..outbox::Shape::default() };
    outbox::queue_as(&mut tx, saying(line), &said, &shape).await.unwrap();
    tx.commit().await.unwrap();
}

pub(in crate::conformance) async fn answers_go_before_what_we_say_of_ourselves_to_others(catalog: &Catalog) {
    let (notified, answered) = (somebody(catalog).await, somebody(catalog).await);
    mention(catalog, &notified, None).await;
    say(catalog, &answered).await;
    let (behind, ahead) = (worth(catalog, &notified).await, worth(catalog, &answered).await);
    assert!(ahead.1 > behind.1, "the queue hands out the highest first: {ahead:?}, {behind:?}");
    // Another notice changes nothing; an answer behind it raises the line, whose task is still one.
    mention(catalog, &notified, None).await;
    assert_eq!(worth(catalog, &notified).await, behind);
    say(catalog, &notified).await;
    let raised = worth(catalog, &notified).await;
    assert_eq!(raised.1, ahead.1);
    assert_eq!(tasks(catalog, notified.contact).await.len(), 1, "one took the other's place");
    mention(catalog, &answered, None).await;
    assert_eq!(worth(catalog, &answered).await, ahead, "what stands behind an answer lowers nothing");
    // When the answer has left, what is left is worth less again.
    let message = take(catalog, &notified).await;
    assert_eq!(message.purpose, Purpose::Reply);
    assert!(takes(catalog, &raised.0).await);
    catalog.reply_sent(message.id, &format!("wamid.{}", message.id)).await.unwrap();
    catalog.line_goes_on(&notified, now()).await.unwrap();
    assert_eq!(worth(catalog, &notified).await.1, behind.1);
    for line in [&notified, &answered] {
        withdraw_all(catalog, line).await;
    }
}
