import { expect, test } from 'vitest';
import { postgresKinds } from '../../src/postgres/kinds/index.js';
import { postgresSections } from '../../src/postgres/schema-sections.js';

/** What is always a part of something else, and is written down with it. */
const PARTS = [
  'security-label',
  'role-membership',
  'role-setting',
  'domain-constraint',
  'base-type-definition',
  'operator-family-member',
  'text-search-mapping',
  'partition',
  'inheritance',
  'typed-table',
  'foreign-column-options',
  'column',
  'default',
  'view-column-default',
  'materialized-view-column',
  'constraint',
  'not-null-constraint',
  'index',
  'index-statistics',
  'statistics',
  'cluster-mark',
  'replica-identity',
  'trigger',
  'rule',
  'policy',
  'row-security',
  'publication-table',
  'publication-schema',
  'extension-dependence',
  'owner',
  'privileges',
  'comment',
];

test('every kind has its section, or is a part of another', () => {
  const placed = new Set([...PARTS, ...postgresSections.flatMap(({ kinds }) => kinds)]);
  expect(postgresKinds.map(({ name }) => name).filter((name) => !placed.has(name))).toEqual([]);
});
