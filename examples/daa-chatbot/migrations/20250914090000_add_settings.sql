-- Create table settings
CREATE TABLE settings (
  id INTEGER PRIMARY KEY,
  project_id INTEGER REFERENCES projects (id) ON DELETE CASCADE,
  key TEXT NOT NULL CHECK (key <> ''),
  value TEXT NOT NULL
);

-- Create index settings_once
CREATE UNIQUE INDEX settings_once ON settings (coalesce(project_id, 0), key);
