import { expect, it } from 'vitest';
import { Output } from '../../src/cli/output.js';
import { speaksUtf8 } from '../../src/cli/style.js';

it.each<[Record<string, string>, NodeJS.Platform, boolean]>([
  [{ LANG: 'C.UTF-8' }, 'linux', true],
  [{ LANG: 'de_DE.utf8' }, 'linux', true],
  [{ LANG: 'C' }, 'linux', false],
  [{}, 'linux', false],
  [{ LANG: 'C.UTF-8', LC_ALL: 'C' }, 'linux', false],
  [{ LANG: 'C', LC_CTYPE: 'UTF-8' }, 'darwin', true],
  [{ LANG: 'C.UTF-8', LC_ALL: '', LC_CTYPE: '' }, 'linux', true],
  [{ WT_SESSION: 'x' }, 'win32', true],
  [{}, 'win32', false],
])('a terminal with %o on %s shows box drawings: %s', (env, platform, expected) => {
  expect(speaksUtf8(env, platform)).toBe(expected);
});

it.each<[boolean, Record<string, string>, boolean, 'unicode' | 'ascii' | undefined]>([
  [true, { LANG: 'C.UTF-8' }, false, 'unicode'],
  [true, { LANG: 'C' }, false, 'ascii'],
  [true, { LANG: 'C.UTF-8', NO_COLOR: '1' }, false, 'unicode'],
  [true, { LANG: 'C.UTF-8', TERM: 'dumb' }, false, undefined],
  [true, { LANG: 'C.UTF-8' }, true, undefined],
  [false, { LANG: 'C.UTF-8', FORCE_COLOR: '1' }, false, undefined],
])('a graph on a terminal (%s) with %o and --json %s is drawn as %s', (isTTY, env, json, drawing) => {
  const sink = { isTTY, write: () => undefined };
  expect(new Output({ stdout: sink, stderr: sink, env, json }).drawing).toBe(drawing);
});
