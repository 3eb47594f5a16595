import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadVariables } from '../../src/project/dotenv.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tidemark-dotenv-'));
  mkdirSync(join(folder, 'sub'));
  mkdirSync(join(folder, 'venv/.env'), { recursive: true });
  writeFileSync(join(folder, '.env'), 'A=root\nB=root\r\n# no\nC="with \'quotes\' # and hash"\nEMPTY=\n');
  writeFileSync(join(folder, 'sub/.env'), '\uFEFFA=sub\nexport D=exported\n');
  writeFileSync(join(folder, 'one.env'), 'A=one\nX=one\n');
  writeFileSync(join(folder, 'two.env'), 'A=two\n');
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('.env files', () => {
  it('the nearer folder wins, each variable on its own', () => {
    const { variables, files } = loadVariables({}, [join(folder, 'sub'), folder]);
    expect(variables).toMatchObject({
      A: 'sub',
      B: 'root',
      C: "with 'quotes' # and hash",
      D: 'exported',
      EMPTY: '',
    });
    expect(files.get('A')).toBe(join(folder, 'sub/.env'));
    expect(files.get('B')).toBe(join(folder, '.env'));
  });

  it('the real environment always wins, also with an empty value', () => {
    const { variables, files } = loadVariables({ A: 'real', B: '' }, [folder]);
    expect(variables).toMatchObject({ A: 'real', B: '' });
    expect([...files.keys()].sort()).toEqual(['C', 'EMPTY']);
  });

  it('a missing one, or a folder of that name, is no error', () => {
    expect(loadVariables({ Z: '1' }, [join(folder, 'nowhere'), join(folder, 'venv')]).variables).toEqual({
      Z: '1',
    });
  });

  it('named files replace them, and later ones win', () => {
    const { variables } = loadVariables({}, [folder], ['one.env', 'two.env'], folder);
    expect(variables).toEqual({ A: 'two', X: 'one' });
  });

  it('a named file must be there', () => {
    expect(() => loadVariables({}, [], ['nope.env'], folder)).toThrow(
      expect.objectContaining({
        code: 'env-file-unreadable',
        exitCode: 2,
        message: expect.stringContaining(join(folder, 'nope.env')),
      }),
    );
  });
});
