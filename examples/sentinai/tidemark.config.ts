import { defineConfig } from 'tidemark';

// DATABASE_URL, or DB_HOST and its companions (the URL wins), name the database, from the shell or from .env.
const { DATABASE_URL, DB_HOST, DB_NAME, TEST_DATABASE_URL } = process.env;
const isNamed = Boolean(DATABASE_URL || DB_HOST || DB_NAME);

export default defineConfig({
  schema: 'schema.sql',
  migrations: 'migrations',
  environments: {
    // Without the variables an embedded PostgreSQL in a folder: nothing to install, nothing to start.
    local: isNamed ? {} : { url: 'pglite:.tidemark/local' },
    // Never the database of the variables above: tests empty theirs.
    test: { url: TEST_DATABASE_URL || 'pglite:.tidemark/test' },
    // Only what the variables name.
    production: { production: true },
  },
});
