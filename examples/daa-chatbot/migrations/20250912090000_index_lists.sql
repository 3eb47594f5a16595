-- Create index documents_project
CREATE INDEX documents_project ON documents (project_id, filename);

-- Create index messages_chat
CREATE INDEX messages_chat ON messages (chat_id, created_at);
