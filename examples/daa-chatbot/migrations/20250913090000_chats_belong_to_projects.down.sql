-- Takes back chats_belong_to_projects.

PRAGMA foreign_keys = OFF;

-- Make table chats anew and keep its rows: drop foreign key (project_id) to projects
CREATE TABLE _tidemark_new_chats (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  project_id INTEGER NOT NULL,
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
