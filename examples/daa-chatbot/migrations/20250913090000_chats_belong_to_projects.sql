PRAGMA foreign_keys = OFF;

-- Make table chats anew and keep its rows: add foreign key (project_id) to projects
-- May fail: rows of chats point to rows of projects that do not exist
-- Rows that stop it: SELECT c.* FROM chats AS c WHERE c.project_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM projects AS p WHERE p.id = c.project_id)
CREATE TABLE _tidemark_new_chats (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  project_id INTEGER NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
  title TEXT,
  created_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
);
INSERT OR ABORT INTO _tidemark_new_chats (id, project_id, title, created_at)
SELECT id, project_id, title, created_at FROM chats;
DELETE FROM sqlite_sequence WHERE name = '_tidemark_new_chats';
INSERT INTO sqlite_sequence (name, seq)
SELECT '_tidemark_new_chats', seq FROM sqlite_sequence WHERE name = 'chats';
DROP TABLE chats;
ALTER TABLE _tidemark_new_chats RENAME TO chats;

PRAGMA foreign_keys = ON;
