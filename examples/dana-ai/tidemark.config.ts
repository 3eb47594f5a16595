import { defineConfig } from 'tidemark';

// DATABASE_URL, from the shell or from .env, names the database. Without it: a SQLite file, nothing to install.
const { BACKUP_FOLDER, DATABASE_URL, NODE_ENV } = process.env;
const url = DATABASE_URL || 'sqlite:data/dana.db';

export default defineConfig({
  // The server and the command line mean the same environment. TIDEMARK_ENV wins over this.
  defaultEnvironment: NODE_ENV === 'production' ? 'production' : 'local',
  // Written by the running server, so beside the data and not in the code.
  snapshots: 'data/snapshots',
  backup: {
    // Better on another disk than the database; better still with a destination besides.
    folder: BACKUP_FOLDER || 'backups',
    // BACKUP_INTERVAL_HOURS and its companions win over these.
    interval: '24h',
    verifyInterval: '7d',
    retention: { keepDays: 30, minKeep: 5 },
  },
  environments: {
    local: { url },
    production: { url },
  },
});
