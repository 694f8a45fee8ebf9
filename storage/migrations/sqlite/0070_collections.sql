-- What a customer owes has one open case, found by the customer: to remind of it, and to schedule it anew by other rules;
-- and whether it was a case before is looked up too, of each whom nobody has in hand.
CREATE INDEX cases_collecting ON cases (subject)
    WHERE kind = 'collection' AND state IN ('gathering', 'working', 'waiting', 'human');
CREATE INDEX cases_collected ON cases (subject) WHERE kind = 'collection';
