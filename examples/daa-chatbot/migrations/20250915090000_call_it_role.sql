-- Rename column messages.sender to role
-- Note: programs that still use the name messages.sender fail from here on
ALTER TABLE messages RENAME COLUMN sender TO role;
