-- To see IDs is a right of its own for an admin too, who can be without it from now on. Whoever is one sees what they saw.
UPDATE users SET sees_ids = TRUE WHERE role = 'admin';
