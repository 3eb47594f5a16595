import { describe, expect, it } from 'vitest';
import { consentMissing, consentTo, idleAllowances, unconsented } from '../../src/safety/consent.js';
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

describe('consentTo', () => {
  const may = hazard('set-not-null', 'a.b', 'may-fail');
  it('gives the losses that are allowed', async () => {
    expect(await consentTo([nick, may], { allow: ['drop-column'] })).toEqual([nick]);
    expect(await consentTo([may], undefined)).toEqual([]);
  });

  it('asks about those that are not, or refuses', async () => {
    const asked: unknown[] = [];
    const ask = (answer: boolean) => async (open: readonly Hazard[]) => {
      asked.push(...open);
      return answer;
    };
    expect(await consentTo([nick, logs], { allow: ['drop-column'], ask: ask(true) })).toEqual([nick, logs]);
    expect(asked).toEqual([logs]);
    await expect(consentTo([nick], { allow: [], ask: ask(false) })).rejects.toMatchObject({
      code: 'consent-missing',
      exitCode: 4,
    });
    await expect(consentTo([nick], undefined)).rejects.toMatchObject({ code: 'consent-missing' });
  });

  it('lets look without consent', async () => {
    expect(await consentTo([nick, logs], { allow: ['drop-table'] }, true)).toEqual([logs]);
  });
});
