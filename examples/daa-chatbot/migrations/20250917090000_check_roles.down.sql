-- Takes back check_roles.

PRAGMA foreign_keys = OFF;

-- Drop index messages_chat for now, it is created again below
DROP INDEX messages_chat;

-- Make table messages anew and keep its rows: drop check (role IN ( 'user' , 'assistant' , 'system' ))
CREATE TABLE _tidemark_new_messages (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  chat_id INTEGER NOT NULL REFERENCES chats (id) ON DELETE CASCADE,
  role TEXT NOT NULL,
  content TEXT NOT NULL,
  tokens INTEGER NOT NULL DEFAULT 0,
  created_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
);
INSERT OR ABORT INTO _tidemark_new_messages (id, chat_id, role, content, tokens, created_at)
SELECT id, chat_id, role, content, tokens, created_at FROM messages;
DELETE FROM sqlite_sequence WHERE name = '_tidemark_new_messages';
INSERT INTO sqlite_sequence (name, seq)
SELECT '_tidemark_new_messages', seq FROM sqlite_sequence WHERE name = 'messages';
DROP TABLE messages;
ALTER TABLE _tidemark_new_messages RENAME TO messages;

-- Create index messages_chat again
CREATE INDEX messages_chat ON messages (chat_id, created_at);

PRAGMA foreign_keys = ON;
