import { describe, expect, it } from 'vitest';
import { consentMissing, idleAllowances, unconsented } from '../../src/safety/consent.js';
import type { Hazard } from '../../src/schema/kind.js';

const hazard = (code: string, subject: string, level: Hazard['level'] = 'data-loss'): Hazard => ({
  code,
  subject,
  level,
  message: `${subject} goes with its data`,
});
const nick = hazard('drop-column', 'users.nick');
const logs = hazard('drop-table', 'logs');

describe('idleAllowances', () => {
  it.each([
    { allow: ['drop-column', 'drop-table:logs', 'all'], idle: [] },
    { allow: ['drop-colum', 'drop-table:log', 'drop-table'], idle: ['drop-colum', 'drop-table:log'] },
    { allow: ['change-type'], idle: ['change-type'] },
  ])('$allow', ({ allow, idle }) => {
    expect(idleAllowances([nick, logs, hazard('change-type', 'a.b', 'may-fail')], allow)).toEqual(idle);
  });

  it('names everything but all where nothing is lost', () => {
    expect(idleAllowances([], ['drop-table', 'all'])).toEqual(['drop-table']);
  });
});

describe('unconsented', () => {
  it.each([
    { allow: [], left: [nick, logs] },
    { allow: ['drop-column'], left: [logs] },
    { allow: ['drop-column:users.nick'], left: [logs] },
    { allow: ['drop-column:users.name'], left: [nick, logs] },
    { allow: ['drop-column', 'drop-table:logs'], left: [] },
    { allow: ['all'], left: [] },
    { allow: ['ALL', 'drop', 'drop-column:'], left: [nick, logs] },
  ])('$allow', ({ allow, left }) => {
    expect(unconsented([nick, logs], allow)).toEqual(left);
  });

  it('asks for no consent where no data is lost', () => {
    expect(
      unconsented([hazard('change-type', 'a.b', 'may-fail'), hazard('rename', 'a', 'note')], []),
    ).toEqual([]);
  });
});

it('the refusal shows the flags, fit for a shell', () => {
  const error = consentMissing([nick, hazard('drop-table', `we;ird'`)]);
  expect(error.exitCode).toBe(4);
  expect(error.hints[0]).toBe(
    `If that is meant: --allow drop-column:users.nick --allow 'drop-table:we;ird'\\'''`,
  );
});
