-- What a user has noted. Written in the words that SQLite and PostgreSQL share, ids and times by the application.
CREATE TABLE notes (
  id TEXT NOT NULL PRIMARY KEY,
  title TEXT NOT NULL CHECK (title <> ''),
  body TEXT NOT NULL,
  created_at TEXT NOT NULL
);

CREATE INDEX notes_newest ON notes (created_at);

-- What was asked about a note, and what the assistant answered: nothing until it has.
CREATE TABLE questions (
  id TEXT NOT NULL PRIMARY KEY,
  note_id TEXT NOT NULL REFERENCES notes (id) ON DELETE CASCADE,
  question TEXT NOT NULL CHECK (question <> ''),
  answer TEXT,
  asked_at TEXT NOT NULL,
  rating INTEGER CHECK (rating BETWEEN 1 AND 5)
);

CREATE INDEX questions_note ON questions (note_id, asked_at);
