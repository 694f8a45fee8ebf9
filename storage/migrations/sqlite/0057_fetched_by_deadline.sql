-- Tasks that fetch are ordered by their deadline (`Push::before` in queue.rs). Those that were pushed before had another
-- scale: what was urgent goes before all that is pushed from now on, in the order it had; the rest takes its place among its
-- sender's, as if it had to be fetched within a week (2016 steps of five minutes).
UPDATE Jobs SET priority = CASE WHEN priority > 0 THEN priority + 1073741824
    ELSE -1 - MIN(-priority, 511) * 4194304
        - (CAST(strftime('%s', 'now') AS INTEGER) - 1735689600) / 300 - 2016 END
WHERE job_type = 'fetch' AND status IN ('Pending', 'Failed');
