import type { Option } from '../command.js';

/** What every command takes that plans a change: it may meet a rename, or values no cast suits. */
export const renameOptions: Readonly<Record<string, Option>> = {
  rename: {
    type: 'list',
    value: 'OLD=NEW',
    summary: 'a rename, not a drop and a create: users.nick=users.nickname',
  },
  'not-renamed': { type: 'list', value: 'OLD', summary: 'no rename: OLD goes with its data' },
  using: {
    type: 'list',
    value: 'COLUMN=EXPR',
    summary: `what becomes of values whose type changes: users.age="nullif(age, '')::int"`,
  },
  answers: {
    type: 'text',
    value: 'FILE',
    summary: 'answers to all of these as JSON, for CI: {"rename": {"users.nick": "nickname"}, "allow": […]}',
  },
};

/** What every command takes whose plan is written or applied. */
export const consentOptions: Readonly<Record<string, Option>> = {
  allow: {
    type: 'list',
    value: 'CODE[:SUBJECT]',
    summary: 'consent to a step that loses data: drop-column, drop-table:users, all',
  },
};

/** For the commands that plan for databases others may be using. */
export const onlineOptions: Readonly<Record<string, Option>> = {
  offline: {
    type: 'flag',
    summary: 'the short way, though others wait: in one transaction, nothing concurrently',
  },
};
