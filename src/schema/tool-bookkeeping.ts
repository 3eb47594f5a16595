import type { SchemaObject } from './object.js';

/** A table in which another tool writes down what it has done: no part of the schema, and left alone. */
export interface ToolTable {
  /** As people call the tool. */
  readonly tool: string;
  /** As people write the table (or the tool's own schema), the default schema left out. */
  readonly name: string;
}

/** How one table of a tool looks. Whatever has other columns is somebody's own table of that name. */
interface Shape {
  readonly tool: string;
  readonly columns: readonly string[];
  /** Columns that not every version of the tool makes. */
  readonly optional?: readonly string[];
}

/** By the names that the tools give their tables; one set elsewhere by a tool's configuration is not known. */
const SHAPES: Readonly<Record<string, readonly Shape[]>> = {
  alembic_version: [{ tool: 'Alembic', columns: ['version_num'] }],
  atlas_schema_revisions: [
    {
      tool: 'Atlas',
      columns: ['version', 'type', 'applied', 'total', 'hash'],
      optional: [
        'description',
        'executed_at',
        'execution_time',
        'error',
        'error_stmt',
        'partial_hashes',
        'operator_version',
      ],
    },
  ],
  schema_migrations: [
    { tool: 'dbmate or Rails', columns: ['version'] },
    { tool: 'golang-migrate', columns: ['version', 'dirty'] },
    { tool: 'Ecto', columns: ['version', 'inserted_at'] },
    {
      tool: 'Supabase',
      columns: ['version', 'statements', 'name'],
      optional: ['created_by', 'idempotency_key', 'rollback'],
    },
  ],
  ar_internal_metadata: [{ tool: 'Rails', columns: ['key', 'value', 'created_at', 'updated_at'] }],
  flyway_schema_history: [
    {
      tool: 'Flyway',
      columns: ['installed_rank', 'version', 'description', 'type', 'script', 'checksum', 'success'],
      optional: ['installed_by', 'installed_on', 'execution_time'],
    },
  ],
  _prisma_migrations: [
    {
      tool: 'Prisma',
      columns: ['id', 'checksum', 'finished_at', 'migration_name', 'rolled_back_at', 'started_at'],
      optional: ['logs', 'applied_steps_count'],
    },
  ],
  __drizzle_migrations: [
    { tool: 'Drizzle', columns: ['id', 'hash', 'created_at'], optional: ['name', 'applied_at'] },
  ],
  knex_migrations: [{ tool: 'knex', columns: ['id', 'name', 'batch', 'migration_time'] }],
  knex_migrations_lock: [{ tool: 'knex', columns: ['is_locked'], optional: ['index'] }],
  pgmigrations: [{ tool: 'node-pg-migrate', columns: ['id', 'name', 'run_on'] }],
  goose_db_version: [{ tool: 'goose', columns: ['id', 'version_id', 'is_applied'], optional: ['tstamp'] }],
  databasechangelog: [
    {
      tool: 'Liquibase',
      columns: ['id', 'author', 'filename', 'dateexecuted', 'orderexecuted', 'exectype', 'md5sum'],
      optional: ['description', 'comments', 'tag', 'liquibase', 'contexts', 'labels', 'deployment_id'],
    },
  ],
  databasechangeloglock: [{ tool: 'Liquibase', columns: ['id', 'locked', 'lockgranted', 'lockedby'] }],
  SequelizeMeta: [{ tool: 'Sequelize', columns: ['name'] }],
  SequelizeData: [{ tool: 'Sequelize', columns: ['name'] }],
  migrations: [
    { tool: 'TypeORM', columns: ['id', 'timestamp', 'name'] },
    { tool: 'Laravel', columns: ['id', 'migration', 'batch'] },
  ],
  mikro_orm_migrations: [{ tool: 'MikroORM', columns: ['id', 'name', 'executed_at'] }],
  kysely_migration: [{ tool: 'Kysely', columns: ['name', 'timestamp'] }],
  kysely_migration_lock: [{ tool: 'Kysely', columns: ['id', 'is_locked'] }],
  django_migrations: [{ tool: 'Django', columns: ['id', 'app', 'name', 'applied'] }],
  _sqlx_migrations: [
    {
      tool: 'SQLx',
      columns: ['version', 'description', 'installed_on', 'success', 'checksum', 'execution_time'],
    },
  ],
  __diesel_schema_migrations: [{ tool: 'Diesel', columns: ['version', 'run_on'] }],
  __EFMigrationsHistory: [{ tool: 'Entity Framework', columns: ['MigrationId', 'ProductVersion'] }],
  doctrine_migration_versions: [{ tool: 'Doctrine', columns: ['version', 'executed_at', 'execution_time'] }],
  phinxlog: [
    {
      tool: 'Phinx',
      columns: ['version', 'migration_name', 'start_time', 'end_time'],
      optional: ['breakpoint'],
    },
  ],
};

/** Schemas that a tool makes for its table alone: no part of anything either, while nothing else is in them. */
const OWN_SCHEMAS: Readonly<Record<string, string>> = {
  atlas_schema_revisions: 'Atlas',
  drizzle: 'Drizzle',
  supabase_migrations: 'Supabase',
};

const FOLDED = Object.fromEntries(
  Object.entries(SHAPES).map(([name, shapes]) => [name.toLowerCase(), shapes]),
);

/** How an engine's facts are looked at. */
export interface BookkeepingTerms {
  /** Left out of names that people read; null where there are no schemas. */
  readonly defaultSchema: string | null;
  /** True where `ALEMBIC_VERSION` is the same table. */
  readonly ignoresCase: boolean;
}

/** What of other tools' bookkeeping is among the objects, by the ids of the tables and schemas. */
export function toolBookkeeping(
  objects: ReadonlyMap<string, SchemaObject>,
  { defaultSchema, ignoresCase }: BookkeepingTerms,
): Map<string, ToolTable> {
  const found = new Map<string, ToolTable>();
  const shapes = ignoresCase ? FOLDED : SHAPES;
  const fold = (name: string) => (ignoresCase ? name.toLowerCase() : name);
  const shapesOf = (name: string) => (Object.hasOwn(shapes, fold(name)) ? shapes[fold(name)] : undefined);
  const candidates = new Map<string, string[]>();
  let schemas = false;
  for (const { id, kind, name } of objects.values()) {
    if (kind === 'table' && shapesOf(name) !== undefined) candidates.set(id, []);
    else if (kind === 'schema' && Object.hasOwn(OWN_SCHEMAS, name)) schemas = true;
  }
  for (const { kind, name, parent } of candidates.size === 0 ? [] : objects.values())
    if (kind === 'column' && parent !== null) candidates.get(parent)?.push(fold(name));
  for (const [id, columns] of candidates) {
    const { name, schema } = objects.get(id)!;
    const shape = shapesOf(name)?.find((one) => fits(one, columns, fold));
    if (shape === undefined) continue;
    const place = schema === null || schema === defaultSchema ? '' : `${schema}.`;
    found.set(id, { tool: shape.tool, name: `${place}${name}` });
  }
  if (schemas) addOwnSchemas(objects, found);
  return found;
}

/** True for a table's name that a tool is known to give its bookkeeping, whatever its schema. */
export function isToolTable(name: string): boolean {
  return Object.hasOwn(FOLDED, name.toLowerCase());
}

function fits({ columns, optional = [] }: Shape, there: readonly string[], fold: (name: string) => string) {
  const [needed, known] = [columns.map(fold), new Set([...columns, ...optional].map(fold))];
  return needed.every((name) => there.includes(name)) && there.every((name) => known.has(name));
}

/** Adds the schemas of tools that hold nothing else, also those that hold nothing at all. */
function addOwnSchemas(objects: ReadonlyMap<string, SchemaObject>, found: Map<string, ToolTable>): void {
  const used = new Set<string>();
  for (const object of objects.values())
    if (object.schema !== null && !found.has(rootOf(object, objects))) used.add(object.schema);
  for (const { id, kind, name } of objects.values()) {
    if (kind !== 'schema' || !Object.hasOwn(OWN_SCHEMAS, name) || used.has(name)) continue;
    found.set(id, { tool: OWN_SCHEMAS[name]!, name });
  }
}

/** The id of the whole that a part belongs to in the end. */
function rootOf(object: SchemaObject, objects: ReadonlyMap<string, SchemaObject>): string {
  const whole = object.parent === null ? undefined : objects.get(object.parent);
  return whole === undefined ? object.id : rootOf(whole, objects);
}

/** A line for each tool: `left alone: knex_migrations, knex_migrations_lock, the bookkeeping of knex`. */
export function bookkeepingLines(tables: readonly ToolTable[]): string[] {
  const byTool = new Map<string, Set<string>>();
  for (const { tool, name } of tables) {
    byTool.set(tool, (byTool.get(tool) ?? new Set()).add(name));
  }
  return [...byTool.keys()]
    .sort()
    .map((tool) => `left alone: ${[...byTool.get(tool)!].sort().join(', ')}, the bookkeeping of ${tool}`);
}
