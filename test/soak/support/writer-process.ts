import { setTimeout as sleep } from 'node:timers/promises';
import { sqlOf, stepOf } from './ledger.js';
import { openLedger } from './ledger-database.js';

/* Goes on from the database's last step, one transaction a step, and says each when it is committed. Words: URL, seed. */
const [url = '', seed = ''] = process.argv.slice(2);
const database = await openLedger(url, 'soak writer');
for (let n = (await database.head()) + 1; ; n++) {
  await database.transaction(sqlOf(stepOf(Number(seed), n)));
  process.send?.(n);
  await sleep(4);
}
