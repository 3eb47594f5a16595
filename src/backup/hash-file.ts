import { stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { TidemarkError } from '../errors.js';
import { aborted, requireNotAborted } from '../migrations/abort.js';
import { HashStream } from './hash-stream.js';
import { drain, openFile } from './safe-files.js';

/** What a file is made of. */
export interface HashedFile {
  readonly bytes: number;
  /** Hexadecimal. */
  readonly sha256: string;
}

export interface HashFileOptions {
  /** What the file's mode becomes. */
  readonly mode: number;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((bytes: number) => void) | undefined;
}

/** Messages of the thread: how far it is, what came of it, or what the system said. */
type Told =
  | { readonly read: number }
  | { readonly bytes: number; readonly sha256: string }
  | { readonly code: string; readonly message: string; readonly syscall: string };

/**
 * Given as text, so that it needs no file of its own in the bundle, nor a compiler where this runs from source. It
 * knows nothing of us: the file is opened itself and not what a link leads to.
 */
const THREAD = `
const { parentPort, workerData: { path, mode, step } } = require('node:worker_threads');
const { closeSync, constants, fchmodSync, fsyncSync, openSync, readSync } = require('node:fs');
const { createHash } = require('node:crypto');
try {
  const file = openSync(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0));
  try {
    fchmodSync(file, mode);
    fsyncSync(file);
    const hash = createHash('sha256');
    const buffer = Buffer.allocUnsafe(1 << 20);
    let bytes = 0;
    for (let told = 0, read; (read = readSync(file, buffer)) > 0; ) {
      hash.update(buffer.subarray(0, read));
      bytes += read;
      if (bytes - told >= step) parentPort.postMessage({ read: (told = bytes) });
    }
    parentPort.postMessage({ bytes, sha256: hash.digest('hex') });
  } finally {
    closeSync(file);
  }
} catch ({ code = '', message, syscall = '' }) {
  parentPort.postMessage({ code, message, syscall });
}
`;

/** How many bytes pass between two messages. */
const STEP_BYTES = 8 * 1024 * 1024;

/** Below it a thread would take longer to start than the file takes to read. */
const THREAD_BYTES = 16 * 1024 * 1024;

/**
 * Brings a file to the disk and hashes it; a large one in a thread of its own, which goes on while this one stands still
 * in a call of SQLite, and keeps no event loop of a host busy. Throws what the file system says (with its `code`), or
 * TidemarkError (`aborted`).
 */
export async function hashFile(path: string, options: HashFileOptions): Promise<HashedFile> {
  requireNotAborted(options.signal);
  const { size } = await stat(path);
  return size < THREAD_BYTES ? hashHere(path, options) : hashInThread(path, options);
}

async function hashHere(path: string, { mode, signal, onProgress }: HashFileOptions): Promise<HashedFile> {
  const hash = new HashStream(onProgress);
  const handle = await openFile(path);
  try {
    await handle.chmod(mode);
    await handle.sync();
    await pipeline(handle.createReadStream({ autoClose: false }), hash, drain, { signal });
  } finally {
    await handle.close();
  }
  return { bytes: hash.bytes, sha256: hash.sha256 };
}

async function hashInThread(
  path: string,
  { mode, signal, onProgress }: HashFileOptions,
): Promise<HashedFile> {
  const { Worker } = await import('node:worker_threads');
  const worker = new Worker(THREAD, {
    eval: true,
    workerData: { path, mode, step: STEP_BYTES },
    // What this process was told to load belongs to it alone.
    execArgv: [],
    env: {},
  });
  const stop = () => void worker.terminate();
  signal?.addEventListener('abort', stop, { once: true });
  try {
    return await new Promise<HashedFile>((resolve, reject) => {
      worker.on('message', (told: Told) => {
        if ('read' in told) onProgress?.(told.read);
        else if ('sha256' in told) resolve(told);
        else reject(Object.assign(new Error(told.message), { code: told.code, syscall: told.syscall }));
      });
      worker.once('error', reject);
      worker.once('exit', () =>
        reject(
          signal?.aborted
            ? aborted(signal)
            : new TidemarkError('backup-folder', `the thread that hashes ${path} ended before its time`),
        ),
      );
    });
  } finally {
    signal?.removeEventListener('abort', stop);
    await worker.terminate();
  }
}
