-- What a customer owes has one open case, found by the customer: to remind of it, and to schedule it anew by other rules.
CREATE INDEX cases_collecting ON cases (subject)
    WHERE kind = 'collection' AND state IN ('gathering', 'working', 'waiting', 'human');
