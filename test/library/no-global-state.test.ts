import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

// Tidemark runs inside servers: below the command line nothing ends the process, listens to its signals, or
// keeps something between two calls that could make the second come out otherwise.

const root = fileURLToPath(new URL('../../src', import.meta.url));
const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts') && !file.startsWith('cli'))
  .map((file) => file.replaceAll('\\', '/'))
  .sort();

/** Lines of code, comments left out, that match; as `file: line`. */
function linesWith(pattern: RegExp): string[] {
  return files.flatMap((file) =>
    readFileSync(join(root, file), 'utf8')
      .split('\n')
      .filter((line) => !/^\s*(?:\/\/|\/?\*)/.test(line) && pattern.test(line))
      .map((line) => `${file}: ${line.trim()}`),
  );
}

test('the files are found, and the patterns find', () => {
  expect(files).toContain('library/open-project.ts');
  expect(files.length).toBeGreaterThan(200);
  expect(linesWith(/^export async function openProject\b/)).toHaveLength(1);
});

test('nothing ends the process or turns it elsewhere', () => {
  expect(linesWith(/\bprocess\s*\.\s*(?:exit|exitCode|abort|kill|chdir|umask|setuid|title)\b(?!\()/)).toEqual(
    [],
  );
  expect(linesWith(/\bprocess\s*\.\s*(?:exit|abort|chdir|umask|reallyExit)\(/)).toEqual([
    // The main module of a process of its own.
    'importing/import-worker.ts: process.send?.(answer, () => process.exit(0));',
  ]);
});

test('nothing listens to signals or to errors that are nobody else caught', () => {
  const listeners = linesWith(/\bprocess\s*\.\s*(?:on|once|addListener|prependListener)\(/);
  expect(listeners).toEqual([
    // Files that say who has a folder open must not stay behind.
    "database/process-lock.ts: process.on('exit', release);",
    expect.stringMatching(/^importing\/import-worker\.ts: process\.once\('message'/),
  ]);
});

test('nothing is written into the environment or the global object', () => {
  expect(linesWith(/\bprocess\.env(?:\.\w+|\[[^\]]+\])\s*(?:\?\?|\|\|)?=(?!=)/)).toEqual([
    // While the SDK's client is made, which waits for nothing: put back before anybody else can look.
    "backup/store/s3-store.ts: process.env[variable] = 'true';",
    'backup/store/s3-store.ts: else process.env[variable] = before;',
  ]);
  expect(linesWith(/\bglobalThis(?:\.\w+|\[[^\]]+\])\s*(?:\?\?|\|\|)?=(?!=)/)).toEqual([]);
});

test('modules keep no variables', () => {
  expect(linesWith(/^(?:export )?(?:let|var)\b/)).toEqual([
    // The last answer of a pure function.
    "postgres/kinds/column.ts: let lastTable = '';",
    "postgres/kinds/column.ts: let lastSchema = '';",
  ]);
});
