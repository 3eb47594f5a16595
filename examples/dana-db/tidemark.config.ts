import { defineConfig } from 'tidemark';

// DATABASE_URL, or DB_HOST and its companions, from the shell or from .env, name the database of whichever
// environment is chosen. Without them each environment but production has a default.
const { DATABASE_URL, DB_HOST, DB_NAME } = process.env;
const orDefault = (url: string) => (DATABASE_URL || DB_HOST || DB_NAME ? {} : { url });

export default defineConfig({
  schema: 'schema.sql',
  migrations: 'migrations',
  environments: {
    // An embedded PostgreSQL in a folder: nothing to install, nothing to start.
    local: orDefault('pglite:.tidemark/local'),
    // The server of docker-compose.yml, from outside the containers.
    docker: orDefault('postgres://dana:dana@localhost:5432/dana'),
    test: orDefault('pglite:.tidemark/test'),
    production: {},
  },
});
