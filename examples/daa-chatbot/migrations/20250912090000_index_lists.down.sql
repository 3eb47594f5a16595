-- Takes back index_lists.

-- Drop index documents_project
DROP INDEX documents_project;

-- Drop index messages_chat
DROP INDEX messages_chat;
