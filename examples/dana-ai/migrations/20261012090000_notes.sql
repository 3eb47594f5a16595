CREATE TABLE notes (
  id TEXT NOT NULL PRIMARY KEY,
  title TEXT NOT NULL CHECK (title <> ''),
  body TEXT NOT NULL,
  created_at TEXT NOT NULL
);

CREATE INDEX notes_newest ON notes (created_at);
