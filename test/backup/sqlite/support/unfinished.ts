import { sqliteDriver } from '../../../../src/database/sqlite-driver.js';

/* Begins a transaction so large that its pages reach the file, says so, and waits to be killed. Words: the file. */
const [file = ''] = process.argv.slice(2);
const { open } = await sqliteDriver();
const database = open(file);
database.exec('PRAGMA cache_size = 5; BEGIN IMMEDIATE');
database.exec(
  `UPDATE a SET filler = 'changed' || hex(randomblob(200)); UPDATE a SET filler = 'twice' || hex(randomblob(200));`,
);
process.send?.('begun');
setInterval(() => {}, 1000);
