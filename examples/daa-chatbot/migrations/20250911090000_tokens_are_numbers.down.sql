-- Takes back tokens_are_numbers.

PRAGMA foreign_keys = OFF;

-- Make table messages anew and keep its rows: change column tokens
-- May fail: values of messages.tokens would not be the same as TEXT
-- Rows that stop it: SELECT tokens, typeof(tokens) AS type FROM messages WHERE (typeof(tokens) = 'real' AND CAST(CAST(tokens AS TEXT) AS REAL) IS NOT tokens)
CREATE TABLE _tidemark_new_messages (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  chat_id INTEGER NOT NULL REFERENCES chats (id) ON DELETE CASCADE,
  sender TEXT NOT NULL,
  content TEXT NOT NULL,
  tokens TEXT,
  created_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
);
INSERT OR ABORT INTO _tidemark_new_messages (id, chat_id, sender, content, tokens, created_at)
SELECT id, chat_id, sender, content, tokens, created_at FROM messages;
DELETE FROM sqlite_sequence WHERE name = '_tidemark_new_messages';
INSERT INTO sqlite_sequence (name, seq)
SELECT '_tidemark_new_messages', seq FROM sqlite_sequence WHERE name = 'messages';
DROP TABLE messages;
ALTER TABLE _tidemark_new_messages RENAME TO messages;

PRAGMA foreign_keys = ON;
