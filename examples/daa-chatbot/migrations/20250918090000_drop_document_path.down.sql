-- Takes back drop_document_path.
--
-- This brings back the definitions, not the data:
--   - what the migration lost stays lost: every value of documents.path is lost

-- Create column documents.path
ALTER TABLE documents ADD COLUMN path TEXT;
