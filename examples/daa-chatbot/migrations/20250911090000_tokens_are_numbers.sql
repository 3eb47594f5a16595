PRAGMA foreign_keys = OFF;

-- Make table messages anew and keep its rows: change column tokens
-- May fail: rows of messages have no value in tokens, which is to be NOT NULL
-- Rows that stop it: SELECT * FROM messages WHERE tokens IS NULL
-- May fail: values of messages.tokens would not be the same as INTEGER
-- Rows that stop it: SELECT tokens, typeof(tokens) AS type FROM messages WHERE ((typeof(tokens) = 'text' AND tokens <= CAST(9e999 AS REAL)) AND CAST(CAST(tokens AS NUMERIC) AS TEXT) IS NOT tokens)
CREATE TABLE _tidemark_new_messages (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  chat_id INTEGER NOT NULL REFERENCES chats (id) ON DELETE CASCADE,
  sender TEXT NOT NULL,
  content TEXT NOT NULL,
  tokens INTEGER NOT NULL DEFAULT 0,
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
