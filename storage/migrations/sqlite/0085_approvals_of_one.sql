-- Who is asked for an approval, also where a merge put two questions of one person beside each other: behind a plus.
DROP INDEX cases_approval;
CREATE INDEX cases_approval_of ON cases (SUBSTR(subject, 1, 36)) WHERE kind = 'approval';
