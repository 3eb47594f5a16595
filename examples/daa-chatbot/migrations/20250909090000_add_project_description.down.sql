-- Takes back add_project_description.
--
-- Running this loses data:
--   - every value of projects.description is lost

-- Drop column projects.description
-- Loses data: every value of projects.description is lost
ALTER TABLE projects DROP COLUMN description;
