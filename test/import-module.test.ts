import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { importModule } from '../src/import-module.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tidemark-import-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}

describe('TypeScript that is, or looks like, JavaScript', () => {
  it.each([
    ['without types', 'export default { url: "sqlite:a" };', { url: 'sqlite:a' }],
    ['with characters of a URL', 'export default { url: "a?b#c%20 ü" };', { url: 'a?b#c%20 ü' }],
    ['with types', 'const url: string = "x"; export default { url } satisfies object;', { url: 'x' }],
    // As JavaScript this is two comparisons, and gives false.
    [
      'a call with a type argument',
      'class Config {}\nconst same = (x) => x;\nexport default same<Config>({ url: "x" });',
      { url: 'x' },
    ],
    ['a builtin module', 'import { sep } from "node:path";\nexport default { sep };', { sep: '/' }],
  ])('%s', async (_, text, value) => {
    expect((await importModule(write('module.ts', text))).default).toEqual(value);
  });

  it('knows its own place', async () => {
    const file = write('module.ts', 'export default { here: import.meta.url };');
    expect((await importModule(file)).default).toEqual({ here: pathToFileURL(file).href });
  });

  it('imports its neighbours', async () => {
    write('other.ts', 'export const url = "x";');
    const file = write('module.ts', 'import { url } from "./other.js";\nexport default { url };');
    expect((await importModule(file)).default).toEqual({ url: 'x' });
  });

  it('says what is wrong in the words of the module', async () => {
    const file = write('module.ts', 'throw new Error("no secret here");\nexport default {};');
    await expect(importModule(file)).rejects.toThrow('no secret here');
  });

  it('two files of one text are two modules', async () => {
    const text = 'export default {};';
    const one = await importModule(write('one.ts', text));
    const two = await importModule(write('two.ts', text));
    expect(one.default).not.toBe(two.default);
  });
});
