-- Takes back call_it_role.

-- Rename column messages.role to sender
-- Note: programs that still use the name messages.role fail from here on
ALTER TABLE messages RENAME COLUMN role TO sender;
