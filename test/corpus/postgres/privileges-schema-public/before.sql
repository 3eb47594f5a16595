-- roles: tm_reader, tm_writer
-- since: 150000
GRANT CREATE ON SCHEMA public TO tm_writer;
GRANT USAGE ON SCHEMA public TO tm_reader;
