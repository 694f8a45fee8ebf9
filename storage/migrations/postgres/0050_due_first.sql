-- A list of open cases has what is due first: by when the case goes on, or its team answers; then the oldest.
CREATE INDEX cases_due_first ON cases (COALESCE(due_at, answer_by, 9223372036854775807), id)
    WHERE state IN ('gathering', 'working', 'waiting', 'human');
