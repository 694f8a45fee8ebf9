-- How many messages we meant to send, and how many of them came to an end, kept with every change of a message by the
-- database itself: the second ledger is read off them and off what is still open. `lane` as in `tallies`: each connection
-- has rows of its own, so that none waits for another; the sweep adds them up in lane 0.
CREATE TABLE message_tallies (
    place TEXT NOT NULL CHECK (place IN ('all', 'delivered', 'withdrawn')),
    lane BIGINT NOT NULL,
    count BIGINT NOT NULL,
    PRIMARY KEY (place, lane)
);
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

CREATE FUNCTION tally_messages(state TEXT, change BIGINT) RETURNS void LANGUAGE sql SET search_path FROM CURRENT AS $$
    INSERT INTO message_tallies (place, lane, count)
    SELECT place, pg_backend_pid(), change FROM unnest(ARRAY['all', 'delivered', 'withdrawn']) AS places (place)
    WHERE place IN ('all', state) ORDER BY place
    ON CONFLICT (place, lane) DO UPDATE SET count = message_tallies.count + excluded.count
$$;
CREATE FUNCTION tally_message() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    since BIGINT := (SELECT at FROM marks WHERE name = 'message_ledger_from');
BEGIN
    IF TG_OP <> 'INSERT' THEN
        PERFORM tally_messages(OLD.state, -1) WHERE OLD.created_at >= since;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        PERFORM tally_messages(NEW.state, 1) WHERE NEW.created_at >= since;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER outbox_tallied AFTER INSERT OR DELETE ON outbox FOR EACH ROW EXECUTE FUNCTION tally_message();
CREATE TRIGGER outbox_tallied_over AFTER UPDATE OF state ON outbox FOR EACH ROW
    WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION tally_message();
