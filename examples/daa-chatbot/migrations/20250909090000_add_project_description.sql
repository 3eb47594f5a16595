-- Create column projects.description
ALTER TABLE projects ADD COLUMN description TEXT;
