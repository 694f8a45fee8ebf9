-- SQLite alone has to be told how many tasks share a key: PostgreSQL counts for itself.
SELECT 1;
