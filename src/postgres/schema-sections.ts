import type { SchemaSection } from '../schema/dialect.js';

/**
 * How a PostgreSQL schema is written down. Indexes, constraints, triggers, policies, privileges and comments are parts
 * of their tables and views. Functions come before the tables whose defaults and checks call them, unless they name a
 * table in their signature or in a body in standard SQL.
 */
export const postgresSections: readonly SchemaSection[] = [
  {
    name: 'setup',
    title: 'Roles, extensions, schemas',
    kinds: [
      'role',
      'default-privileges',
      'extension',
      'schema',
      'language',
      'access-method',
      'collation',
      'conversion',
    ],
  },
  {
    name: 'types',
    title: 'Types',
    kinds: ['enum', 'domain', 'composite-type', 'range-type', 'base-type', 'shell-type'],
  },
  {
    name: 'functions',
    title: 'Functions and operators',
    kinds: [
      'function',
      'aggregate',
      'operator',
      'operator-family',
      'operator-class',
      'cast',
      'transform',
      'text-search-parser',
      'text-search-template',
      'text-search-dictionary',
      'text-search-configuration',
    ],
  },
  {
    name: 'foreign_servers',
    title: 'Foreign servers',
    kinds: ['foreign-data-wrapper', 'foreign-server', 'user-mapping'],
  },
  { name: 'tables', title: 'Tables', kinds: ['sequence', 'table', 'foreign-table'] },
  {
    name: 'table_functions',
    title: 'Functions on tables',
    kinds: ['function', 'aggregate', 'operator', 'cast'],
  },
  { name: 'views', title: 'Views', kinds: ['view', 'materialized-view'] },
  {
    name: 'database',
    title: 'Event triggers and replication',
    kinds: ['event-trigger', 'publication', 'subscription'],
  },
];
