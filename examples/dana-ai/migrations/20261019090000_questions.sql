CREATE TABLE questions (
  id TEXT NOT NULL PRIMARY KEY,
  note_id TEXT NOT NULL REFERENCES notes (id) ON DELETE CASCADE,
  question TEXT NOT NULL CHECK (question <> ''),
  answer TEXT,
  asked_at TEXT NOT NULL
);

CREATE INDEX questions_note ON questions (note_id, asked_at);
