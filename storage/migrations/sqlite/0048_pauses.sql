-- Each direction of a number is paused for its own reason, since its own time. One reason and time stood for both
-- (`reason`, `since`), the first's; of each direction its incident tells what it was about and when it began. The old
-- columns are written no more.
ALTER TABLE numbers ADD COLUMN fetch_reason TEXT;
ALTER TABLE numbers ADD COLUMN fetch_since BIGINT;
ALTER TABLE numbers ADD COLUMN send_reason TEXT;
ALTER TABLE numbers ADD COLUMN send_since BIGINT;
UPDATE numbers SET
    fetch_reason = COALESCE((SELECT json_extract(i.detail, '$.reason') FROM incidents i WHERE i.kind = 'fetch_paused'
        AND i.subject = numbers.phone_number_id AND i.state <> 'resolved'), reason),
    fetch_since = COALESCE((SELECT i.opened_at FROM incidents i WHERE i.kind = 'fetch_paused'
        AND i.subject = numbers.phone_number_id AND i.state <> 'resolved'), since)
WHERE fetch_paused;
UPDATE numbers SET
    send_reason = COALESCE((SELECT json_extract(i.detail, '$.reason') FROM incidents i WHERE i.kind = 'send_paused'
        AND i.subject = numbers.phone_number_id AND i.state <> 'resolved'), reason),
    send_since = COALESCE((SELECT i.opened_at FROM incidents i WHERE i.kind = 'send_paused'
        AND i.subject = numbers.phone_number_id AND i.state <> 'resolved'), since)
WHERE send_paused;
