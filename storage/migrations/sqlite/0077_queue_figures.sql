-- How many of the queue's tasks share a key, for the planner. Without figures it takes a status for as telling as an id, and
-- goes through all that wait to mark one as begun, and through all that a worker ever did to mark one as done: each cost 1 to
-- 2 ms with a few thousand tasks, twice a task, in the database's one writer. Not measured by ANALYZE, which would find an
-- empty queue on a quiet day; said here, and held by the tests of the lists to what apalis asks.
-- https://www.sqlite.org/fileformat2.html#stat1tab
ANALYZE sqlite_schema;
DELETE FROM sqlite_stat1 WHERE tbl = 'Jobs';
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('Jobs', 'sqlite_autoindex_Jobs_1', '1000000 1'),
    ('Jobs', 'LIdx', '1000000 200000'),
    ('Jobs', 'idx_jobs_claimable', '8000 4000 4000'),
    ('Jobs', 'idx_jobs_completed_done_at', '900000 450000 100 50'),
    ('Jobs', 'idx_jobs_failed', '100 25 10 2 1'),
    ('Jobs', 'idx_jobs_idempotency_key', '1000000 200000 200000'),
    ('Jobs', 'idx_jobs_job_type_status_run_at', '1000000 200000 4000 50'),
    ('Jobs', 'idx_jobs_pending', '4000 1000 500 20 1'),
    ('Jobs', 'idx_jobs_running', '20 1'),
    ('Jobs', 'idx_jobs_status_run_at', '1000000 4000 50');
ANALYZE sqlite_schema;
