-- Takes back initial.
--
-- Running this loses data:
--   - every row of documents is lost
--   - every row of messages is lost
--   - every row of chats is lost
--   - every row of projects is lost

PRAGMA foreign_keys = OFF;

-- Drop table documents
-- Loses data: every row of documents is lost
DROP TABLE documents;

-- Drop table messages
-- Loses data: every row of messages is lost
DROP TABLE messages;

-- Drop table chats
-- Loses data: every row of chats is lost
DROP TABLE chats;

-- Drop table projects
-- Loses data: every row of projects is lost
DROP TABLE projects;

PRAGMA foreign_keys = ON;
