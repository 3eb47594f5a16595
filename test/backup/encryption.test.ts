import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decryptionWith, encryptionTo } from '../../src/backup/encryption.js';
import { FolderSink } from '../../src/backup/folder-sink.js';

let folder: string;
let identity: string;
let recipient: string;
let file: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidemark-age-'));
  identity = await generateIdentity();
  recipient = await identityToRecipient(identity);
  file = join(folder, 'key.txt');
  await writeFile(file, `# created: today\r\n# public key: ${recipient}\r\n${identity}\r\n`);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const hasAge = (() => {
  try {
    execFileSync('age', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

describe('encryption', () => {
  // age cuts its stream at 64 KiB: around it and beyond.
  test.each([0, 1, 65_535, 65_536, 65_537, 500_000])('%i bytes come back', async (size) => {
    const plain = randomBytes(size);
    const { encrypt } = await encryptionTo([recipient]);
    const kept = await buffer(encrypt(Readable.from([plain])));
    if (size >= 64) expect(kept.includes(plain.subarray(0, 64))).toBe(false);
    const decrypt = await decryptionWith(file);
    expect(await buffer(decrypt(Readable.from([kept])))).toEqual(plain);
  });

  test('any of several recipients opens it, nobody else', async () => {
    const other = await generateIdentity();
    const stranger = await generateIdentity();
    const { encrypt } = await encryptionTo([recipient, await identityToRecipient(other)]);
    const kept = await buffer(encrypt(Readable.from([Buffer.from('secret')])));
    for (const [key, opens] of [
      [identity, true],
      [other, true],
      [stranger, false],
    ] as const) {
      const path = join(folder, 'try.txt');
      await writeFile(path, key);
      const read = buffer((await decryptionWith(path))(Readable.from([kept])));
      if (opens) expect((await read).toString()).toBe('secret');
      else await expect(read).rejects.toThrow();
    }
  });

  test('a key that was exchanged: the file of both opens what was made before and after', async () => {
    const later = await generateIdentity();
    const sealed = async (to: string) =>
      buffer((await encryptionTo([to])).encrypt(Readable.from([Buffer.from(to)])));
    const after = await identityToRecipient(later);
    const [old, young] = [await sealed(recipient), await sealed(after)];
    const both = join(folder, 'both.txt');
    await writeFile(both, `${later}\n# the one before\n${identity}\n`);
    const decrypt = await decryptionWith(both);
    expect((await buffer(decrypt(Readable.from([old])))).toString()).toBe(recipient);
    expect((await buffer(decrypt(Readable.from([young])))).toString()).toBe(after);
    // The new one alone opens nothing from before.
    const alone = join(folder, 'alone.txt');
    await writeFile(alone, later);
    await expect(buffer((await decryptionWith(alone))(Readable.from([old])))).rejects.toThrow();
    // Named twice is named once too many, and harmless.
    const twice = (await encryptionTo([recipient, recipient])).encrypt(Readable.from([Buffer.from('x')]));
    expect((await buffer(decrypt(twice))).toString()).toBe('x');
  });

  test('a changed byte and a cut are errors, at a boundary of its pieces too', async () => {
    const { encrypt } = await encryptionTo([recipient]);
    const kept = await buffer(encrypt(Readable.from([randomBytes(200_000)])));
    const decrypt = await decryptionWith(file);
    const flipped = Buffer.from(kept);
    flipped[kept.length - 1000]! ^= 1;
    const header = kept.indexOf('\n---') + 4 + 44 + 16;
    for (const wrong of [
      flipped,
      kept.subarray(0, -1),
      kept.subarray(0, header + 65_552 * 2),
      kept.subarray(0, 50),
    ])
      await expect(buffer(decrypt(Readable.from([wrong])))).rejects.toThrow();
  });

  test('parts are hashed as they are kept and as they were, and the plain bytes never reach the disk', async () => {
    const { encrypt } = await encryptionTo([recipient]);
    const sink = new FolderSink(folder, { encrypt });
    const part = await sink.write('dump', 'dump', Readable.from([Buffer.alloc(100_000, 'x')]));
    expect(part.plainBytes).toBe(100_000);
    expect(part.bytes).toBeGreaterThan(100_000);
    expect(part.sha256).not.toBe(part.plainSha256);
    await writeFile(join(folder, 'plain'), 'x');
    await expect(sink.adopt('plain', 'dump')).rejects.toThrow(
      expect.objectContaining({ code: 'part-not-encrypted' }),
    );
  });

  test.runIf(hasAge)('the age command opens it', async () => {
    const { encrypt } = await encryptionTo([recipient]);
    const path = join(folder, 'sealed.age');
    await writeFile(path, await buffer(encrypt(Readable.from([Buffer.from('for age')]))));
    expect(execFileSync('age', ['-d', '-i', file, path]).toString()).toBe('for age');
  });

  test('keys that are none are refused without printing them', async () => {
    const wrong = expect.objectContaining({ code: 'recipient-invalid', exitCode: 2 });
    await expect(encryptionTo(['age1nonsense'])).rejects.toThrow(wrong);
    await expect(encryptionTo([identity])).rejects.toThrow(wrong);
    await expect(encryptionTo([identity])).rejects.not.toThrow(identity.slice(20));
    const path = join(folder, 'bad.txt');
    await writeFile(path, `${identity}x\n`);
    await expect(decryptionWith(path)).rejects.toThrow('line 1');
    await expect(decryptionWith(path)).rejects.not.toThrow(identity.slice(20, 40));
    await writeFile(path, '# nothing\n');
    await expect(decryptionWith(path)).rejects.toThrow('holds no identity');
    await expect(decryptionWith(join(folder, 'nowhere'))).rejects.toThrow('ENOENT');
  });
});
