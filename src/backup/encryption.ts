import { readFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import type { ReadableStream as WebStream } from 'node:stream/web';
import { TidemarkError } from '../errors.js';

/** Encrypts to age recipients; `age -d` opens what comes out (https://age-encryption.org/v1). */
export interface Encryption {
  readonly recipients: readonly string[];
  encrypt(plain: Readable): Readable;
}

/**
 * Encryption to public keys (`age1…`): the machine that makes backups needs none that opens them. Throws TidemarkError
 * (`recipient-invalid`, exit code 2). The age library is loaded here, not before.
 */
export async function encryptionTo(recipients: readonly string[]): Promise<Encryption> {
  const { Encrypter } = await import('age-encryption');
  const encrypter = new Encrypter();
  for (const recipient of recipients) {
    // A slip that pastes the secret key where the public one belongs must not print it.
    if (/^AGE-SECRET-KEY/i.test(recipient)) throw invalidRecipient('a secret key (AGE-SECRET-KEY-…)');
    try {
      encrypter.addRecipient(recipient);
    } catch {
      throw invalidRecipient(JSON.stringify(recipient.slice(0, 80)));
    }
  }
  return {
    recipients,
    encrypt: (plain) => throughWeb(plain, (stream) => encrypter.encrypt(stream)),
  };
}

/**
 * What opens backups: the identities (`AGE-SECRET-KEY-…`) of a file as `age-keygen` writes it. Throws TidemarkError
 * (`identity-invalid`, exit code 2); a key is never part of a message.
 *
 * @param file the identity file's path
 */
export async function decryptionWith(file: string): Promise<(kept: Readable) => Readable> {
  const { Decrypter } = await import('age-encryption');
  const decrypter = new Decrypter();
  const lines = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw invalidIdentity(file, `cannot be read (${(cause as NodeJS.ErrnoException).code ?? 'unknown'})`);
  });
  let count = 0;
  for (const [at, line] of lines.split(/\r?\n/).entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    try {
      decrypter.addIdentity(line.trim());
      count += 1;
    } catch {
      throw invalidIdentity(file, `has no identity in line ${at + 1}`);
    }
  }
  if (count === 0) throw invalidIdentity(file, 'holds no identity');
  return (kept) => throughWeb(kept, (stream) => decrypter.decrypt(stream));
}

/** Passes a stream through a transformation of web streams. */
function throughWeb(
  source: Readable,
  transform: (stream: ReadableStream<Uint8Array>) => Promise<ReadableStream<Uint8Array>>,
): Readable {
  return Readable.from(chunks());

  async function* chunks(): AsyncGenerator<Uint8Array> {
    const out = await transform(Readable.toWeb(source) as ReadableStream<Uint8Array>);
    yield* out as unknown as WebStream<Uint8Array>;
  }
}

function invalidRecipient(what: string): TidemarkError {
  return new TidemarkError('recipient-invalid', `${what} is no age recipient`, {
    exitCode: 2,
    hints: ['A recipient is a public key: age1…; "age-keygen -y FILE" prints that of an identity.'],
  });
}

function invalidIdentity(file: string, what: string): TidemarkError {
  return new TidemarkError('identity-invalid', `the identity file ${file} ${what}`, {
    exitCode: 2,
    hints: ['It holds lines that begin with AGE-SECRET-KEY-1, as "age-keygen -o FILE" writes it.'],
  });
}
