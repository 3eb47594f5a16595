-- Drop column documents.path
-- Loses data: every value of documents.path is lost
ALTER TABLE documents DROP COLUMN path;
