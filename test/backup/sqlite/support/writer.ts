import { sqliteDriver } from '../../../../src/database/sqlite-driver.js';

/*
 * Writes one row into each of `a` and `b` in a transaction, again and again, and sends how many times it has. Words:
 * the file, and the longest that one commit may take, in milliseconds.
 */
const [file = '', patience = '5000'] = process.argv.slice(2);
const { open } = await sqliteDriver();
const database = open(file);
database.exec(`PRAGMA busy_timeout = ${patience}`);
database.exec('PRAGMA synchronous = OFF');
const write = (count: number) => {
  database.exec(`BEGIN IMMEDIATE;
    INSERT INTO a (n, filler) VALUES (${count}, hex(randomblob(200)));
    INSERT INTO b (n) VALUES (${count}); COMMIT`);
  process.send?.(count);
  setTimeout(() => write(count + 1), 1);
};
write(1);
