import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { inProcess } from '../support/cli-in-process.js';

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'tidemark-new-migrations-'));
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

const run = (line: string) => inProcess(line.split(' '), { cwd });
const files = () => readdirSync(join(cwd, 'migrations')).sort();
const text = (file: string) => readFileSync(join(cwd, file), 'utf8');

function configure(newMigrations: object): void {
  const config = { url: 'sqlite:app.db', newMigrations };
  writeFileSync(join(cwd, 'tidemark.config.json'), JSON.stringify(config));
}

/** A program that writes its arguments' names to a file, and upper case into the SQL. */
const FORMAT = `
  const fs = require('fs'), path = require('path');
  const files = process.argv.slice(1);
  fs.appendFileSync('formatted.txt', files.map((file) => path.basename(file) + '\\n').join(''));
  for (const file of files) fs.writeFileSync(file, fs.readFileSync(file, 'utf8').replace(/integer/g, 'INTEGER'));
`;

describe('newMigrations in the configuration', () => {
  it('names, fills and formats what migrate new and migrate diff write; everything runs', async () => {
    configure({
      fileName: '{year}-{slug}',
      revision: 'number',
      slugLength: 12,
      template: 'template.sql',
      afterWrite: [process.execPath, '-e', FORMAT],
    });
    writeFileSync(join(cwd, 'template.sql'), '-- {name} ({revision})\nCREATE TABLE a (id integer);\n');
    writeFileSync(join(cwd, 'template.down.sql'), '-- back: {name}\nDROP TABLE a;\n');
    const made = await inProcess(['migrate', 'new', 'Zebras and much more', '--json'], { cwd });
    const year = String(new Date().getUTCFullYear());
    expect(JSON.parse(made.stdout).result).toMatchObject({
      revision: '0001',
      files: [`${year}-zebras_and.sql`, `${year}-zebras_and.down.sql`],
    });
    expect(text(`migrations/${year}-zebras_and.sql`)).toBe(
      '-- tidemark:revision 0001\n-- tidemark:parent base\n-- Zebras and much more (0001)\nCREATE TABLE a (id INTEGER);\n',
    );
    expect(text(`migrations/${year}-zebras_and.down.sql`)).toBe(
      '-- back: Zebras and much more\nDROP TABLE a;\n',
    );

    writeFileSync(join(cwd, 'schema.sql'), 'CREATE TABLE a (id INTEGER);\nCREATE TABLE b (x integer);\n');
    expect(await run('migrate diff apples')).toMatchObject({ code: 0, stderr: expect.any(String) });
    expect(text(`migrations/${year}-apples.sql`)).toMatch(
      /^-- tidemark:revision 0002\n-- tidemark:parent 0001\n.*CREATE TABLE b \(x INTEGER\)/s,
    );
    expect(text('formatted.txt').trim().split('\n')).toEqual([
      `${year}-zebras_and.sql`,
      `${year}-zebras_and.down.sql`,
      `${year}-apples.sql`,
      `${year}-apples.down.sql`,
    ]);
    expect(await run('migrate up')).toMatchObject({ code: 0, stdout: expect.stringContaining('applied 2') });
    expect(await run('migrate status --check')).toMatchObject({ code: 0 });
    expect(await run('migrate down base')).toMatchObject({ code: 0 });
  });

  it('a command that fails leaves nothing, and its words are shown', async () => {
    configure({ afterWrite: [process.execPath, '-e', 'console.error("no such dialect"); process.exit(2)'] });
    const { code, stderr } = await run('migrate new x');
    expect(code).toBe(1);
    expect(stderr).toMatch(/ended with exit code 2; nothing was written/);
    expect(stderr).toContain('no such dialect');
    expect(files()).toEqual([]);
  });

  it('a program as template', async () => {
    configure({ template: 'template.ts' });
    writeFileSync(join(cwd, 'template.ts'), '// {name}\nexport async function upgrade() {}\n');
    await run('migrate new backfill --revision 7');
    expect(files()).toEqual(['7_backfill.ts', 'tidemark.sum']);
    expect(text('migrations/7_backfill.ts')).toBe('// backfill\nexport async function upgrade() {}\n');
  });

  it('a template that is not there, and a configuration that is wrong', async () => {
    configure({ template: 'nowhere.sql' });
    expect(await run('migrate new x')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('nowhere.sql (ENOENT)'),
    });
    configure({ fileName: '{date}_{slug}' });
    expect(await run('migrate status')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('unknown placeholder {date}'),
    });
  });
});
