-- A list of cases that are over.
CREATE INDEX cases_over ON cases (state, id) WHERE state IN ('done', 'expired', 'stopped');
