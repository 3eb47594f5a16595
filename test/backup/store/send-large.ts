// A process that sends a large object to a destination and reads it back, and tells the memory that it took.
//
//   node --max-old-space-size=128 --import jiti/register send-large.ts CONFIG BYTES
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { loadStore } from '../../../src/backup/store/load-store.js';

const [, , config = '{}', size = '0'] = process.argv;
const bytes = Number(size);
const CHUNK = Buffer.alloc(65_536, 'tidemark');

function* source(): Generator<Buffer> {
  for (let left = bytes; left > 0; left -= CHUNK.length)
    yield CHUNK.subarray(0, Math.min(left, CHUNK.length));
}

const hash = createHash('sha256');
for (const chunk of source()) hash.update(chunk);
const sha256 = hash.digest('hex');

const store = await loadStore('offsite', JSON.parse(config), { env: process.env, folder: '/' });
const before = process.memoryUsage().rss;
let most = 0;
const watch = setInterval(() => {
  most = Math.max(most, process.memoryUsage().rss);
}, 20);
await store.put('app/20261120T143000123Z-4fz9ka/dump', () => Readable.from(source()), { bytes, sha256 });
const back = createHash('sha256');
for await (const chunk of await store.get('app/20261120T143000123Z-4fz9ka/dump')) back.update(chunk);
clearInterval(watch);
console.log(JSON.stringify({ same: back.digest('hex') === sha256, before, most }));
