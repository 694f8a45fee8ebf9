-- How many messages we meant to send, and how many of them came to an end, kept with every change of a message by the
-- database itself: the second ledger is read off them and off what is still open. `lane` as in `tallies`.
CREATE TABLE message_tallies (
    place TEXT NOT NULL CHECK (place IN ('all', 'delivered', 'withdrawn')),
    lane BIGINT NOT NULL,
    count BIGINT NOT NULL,
    PRIMARY KEY (place, lane)
) WITHOUT ROWID;
INSERT INTO message_tallies (place, lane, count)
SELECT 'all', 0, COUNT(*) FROM outbox WHERE created_at >= (SELECT at FROM marks WHERE name = 'message_ledger_from')
UNION ALL
SELECT 'delivered', 0, COUNT(*) FROM outbox
WHERE state = 'delivered' AND created_at >= (SELECT at FROM marks WHERE name = 'message_ledger_from')
UNION ALL
SELECT 'withdrawn', 0, COUNT(*) FROM outbox
WHERE state = 'withdrawn' AND created_at >= (SELECT at FROM marks WHERE name = 'message_ledger_from');
-- What is still open.
CREATE INDEX outbox_open ON outbox (created_at)
WHERE state IN ('queued', 'sending', 'refused', 'sent', 'unknown', 'failed', 'window_closed');

CREATE TRIGGER outbox_tallied_in AFTER INSERT ON outbox
WHEN NEW.created_at >= (SELECT at FROM marks WHERE name = 'message_ledger_from')
BEGIN
    UPDATE message_tallies SET count = count + 1 WHERE lane = 0 AND place IN ('all', NEW.state);
END;
CREATE TRIGGER outbox_tallied_out AFTER DELETE ON outbox
WHEN OLD.created_at >= (SELECT at FROM marks WHERE name = 'message_ledger_from')
BEGIN
    UPDATE message_tallies SET count = count - 1 WHERE lane = 0 AND place IN ('all', OLD.state);
END;
CREATE TRIGGER outbox_tallied_over AFTER UPDATE OF state ON outbox
WHEN OLD.state <> NEW.state AND NEW.created_at >= (SELECT at FROM marks WHERE name = 'message_ledger_from')
BEGIN
    UPDATE message_tallies SET count = count - 1 WHERE lane = 0 AND place = OLD.state;
    UPDATE message_tallies SET count = count + 1 WHERE lane = 0 AND place = NEW.state;
END;
