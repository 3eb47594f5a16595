import { sqliteDriver } from '../../../../src/database/sqlite-driver.js';

/* Commits a row in WAL mode that no checkpoint has brought into the file, says so, and waits to be killed. */
const [file = ''] = process.argv.slice(2);
const { open } = await sqliteDriver();
const database = open(file);
database.exec(`PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; INSERT INTO b (n) VALUES (4711)`);
process.send?.('committed');
setInterval(() => {}, 1000);
