import { describe, expect, test } from 'vitest';
import type { ObjectFilter } from '../../src/schema/dialect.js';
import { makeSchema, objectId, type SchemaObject } from '../../src/schema/object.js';
import { requireUsable, selectObjects } from '../../src/schema/object-filter.js';
import { bookkeepingLines } from '../../src/schema/tool-bookkeeping.js';

const fact = (kind: string, schema: string | null, ...path: string[]): SchemaObject => {
  const names = schema === null ? path : [schema, ...path];
  const parent = path.length < 2 ? null : objectId('table', ...names.slice(0, -1));
  return {
    ...{ id: objectId(kind, ...names), kind, name: path.at(-1)!, schema, parent },
    ...{ props: {}, info: {}, dependsOn: [] },
  };
};
const table = (schema: string | null, name: string, ...columns: string[]) => [
  fact('table', schema, name),
  ...columns.map((column) => fact('column', schema, name, column)),
];
const schema = (name: string) => fact('schema', null, name);

/** What is left out, and what is said about it. */
function select(objects: SchemaObject[], filter: Partial<ObjectFilter> = {}, ignoresCase = false) {
  const { objects: all } = makeSchema('postgres', 180000, objects);
  const terms = { defaultSchema: 'public', ignoresCase };
  const { out, bookkeeping } = selectObjects(all, { exclude: [], ...filter }, terms);
  return { kept: [...all.keys()].filter((id) => !out.has(id)), said: bookkeepingLines(bookkeeping) };
}

describe("other tools' bookkeeping", () => {
  test('is left alone with all its parts, and said by tool', () => {
    const found = select([
      ...table('public', 'alembic_version', 'version_num'),
      ...table('ops', 'knex_migrations', 'id', 'name', 'batch', 'migration_time'),
      ...table('ops', 'knex_migrations_lock', 'index', 'is_locked'),
      ...table('public', 'users', 'version_num'),
      schema('ops'),
    ]);
    expect(found.kept).toEqual(['column:public.users.version_num', 'schema:ops', 'table:public.users']);
    expect(found.said).toEqual([
      'left alone: alembic_version, the bookkeeping of Alembic',
      'left alone: ops.knex_migrations, ops.knex_migrations_lock, the bookkeeping of knex',
    ]);
  });

  test.each([
    ['one column more', table('public', 'alembic_version', 'version_num', 'comment')],
    ['one column less', table('public', 'pgmigrations', 'id', 'name')],
    ['other columns', table('public', 'migrations', 'id', 'bird', 'month')],
    ['another case', table('public', 'SCHEMA_MIGRATIONS', 'version')],
    ['a name of Object', table('public', 'constructor', 'version')],
    ['a view', [fact('view', 'public', 'schema_migrations')]],
  ])("is not a user's own table: %s", (_, objects) => {
    expect(select(objects)).toEqual({ kept: objects.map(({ id }) => id).sort(), said: [] });
  });

  test('is known in any case where the engine minds none', () => {
    expect(
      select(table(null, 'DATABASECHANGELOGLOCK', 'ID', 'LOCKED', 'LOCKGRANTED', 'LOCKEDBY'), {}, true),
    ).toEqual({ kept: [], said: ['left alone: DATABASECHANGELOGLOCK, the bookkeeping of Liquibase'] });
  });

  test('takes its schema along when that is its own and holds nothing else', () => {
    const drizzle = [
      schema('drizzle'),
      ...table('drizzle', '__drizzle_migrations', 'id', 'hash', 'created_at'),
    ];
    expect(select(drizzle)).toEqual({
      kept: [],
      said: ['left alone: drizzle, drizzle.__drizzle_migrations, the bookkeeping of Drizzle'],
    });
    expect(select([...drizzle, ...table('drizzle', 't')]).kept).toEqual([
      'schema:drizzle',
      'table:drizzle.t',
    ]);
  });

  test('is taken in by a pattern that names it, and by no other', () => {
    const objects = table('public', 'alembic_version', 'version_num');
    expect(select(objects, { include: ['*'] }).kept).toEqual([]);
    expect(select(objects, { include: ['public.*'] }).kept).toEqual([]);
    for (const name of ['alembic_version', 'public.alembic_version', 'table:alembic_version'])
      expect(select(objects, { include: ['*', name] })).toEqual({
        kept: ['column:public.alembic_version.version_num', 'table:public.alembic_version'],
        said: [],
      });
  });
});

describe('include', () => {
  const objects = [
    schema('public'),
    schema('audit'),
    { ...fact('comment', null, 'on audit'), parent: 'schema:audit' },
    ...table('public', 'users', 'id'),
    ...table('audit', 'log', 'id'),
    fact('index', 'audit', 'log', 'log_idx'),
    fact('view', 'public', 'recent'),
    fact('extension', null, 'hstore'),
  ];
  const log = [
    'column:audit.log.id',
    'index:audit.log.log_idx',
    'schema:audit',
    'schema:public',
    'table:audit.log',
  ];

  test.each<[string, Partial<ObjectFilter>, string[]]>([
    ['a schema by its name, with everything in it', { include: ['audit'] }, ['comment:on audit', ...log]],
    ['what is in a schema, which comes as it is', { include: ['audit.*'] }, log],
    ['a table with its parts', { include: ['table:log'] }, log],
    [
      'less what is excluded',
      { include: ['audit.*'], exclude: ['audit.log.id'] },
      log.filter((id) => !id.startsWith('column')),
    ],
    [
      'less the kinds that are left out',
      { include: ['audit.*'], withoutKinds: ['table'] },
      ['schema:audit', 'schema:public'],
    ],
    ['a kind', { include: ['view:*'] }, ['schema:public', 'view:public.recent']],
    ['everything', { include: ['*'] }, objects.map(({ id }) => id).sort()],
    ['nothing but the default schema', { include: ['nothing'] }, ['schema:public']],
  ])('takes in %s', (_, filter, kept) => {
    expect(select(objects, filter).kept).toEqual([...kept].sort());
  });

  test('what can match nothing is refused', () => {
    const dialect = { kinds: ['table', 'materialized-view'] };
    requireUsable({ exclude: [], include: ['a.*', 'table:x', 'materialized view:y'] }, dialect);
    for (const [pattern, reason] of [
      ['tabel:x', 'there is no kind tabel (did you mean "table"?)'],
      ['public.', 'a name is missing'],
    ])
      expect(() => requireUsable({ exclude: [], include: [pattern!] }, dialect)).toThrow(reason);
  });
});
