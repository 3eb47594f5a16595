-- What a superuser does once for a new database, where the role that migrates may not create extensions:
-- pgvector is not a trusted extension. The migrations find the extensions there and go on. The compose file
-- runs this when its database is first made; elsewhere:
--
--   psql "$SUPERUSER_URL" -f scripts/01_init_extensions.sql

CREATE EXTENSION IF NOT EXISTS citext;
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE EXTENSION IF NOT EXISTS btree_gin;
CREATE EXTENSION IF NOT EXISTS vector;
