import { sqliteDriver } from '../../../../src/database/sqlite-driver.js';

/* Opens a database, reads, and does nothing: in rollback mode it holds no lock then. Words: the file. */
const [file = ''] = process.argv.slice(2);
const { open } = await sqliteDriver();
const database = open(file);
database.all('SELECT * FROM b', []);
process.send?.('open');
setInterval(() => database.prepare('SELECT 1'), 1000);
