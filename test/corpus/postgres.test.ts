import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { followsParent } from '../../src/postgres/attachments.js';
import { postgresDialect } from '../../src/postgres/dialect.js';
import { objectPath, type Schema, type SchemaObject } from '../../src/schema/object.js';
import { type Plan, planHazards, planStatements, segmentsOf } from '../../src/schema/plan.js';
import { planBothWays } from '../../src/schema/planner.js';
import { Playground } from '../postgres/kinds/playground.js';
import { differences } from '../postgres/scratch.js';
import { embedded } from '../support/postgres-server.js';
import { ensureRoles } from '../support/roles.js';
import { type CorpusCase, corpusCases } from './corpus-case.js';
import { survivors } from './survivors.js';

const VERSION = 180000;

describe('the corpus on the embedded engine', () => {
  let playground: Playground;
  beforeAll(async () => {
    playground = await Playground.open(embedded());
  });
  afterAll(() => playground.close());

  const cases = corpusCases().filter(({ since }) => since <= VERSION);
  test.each(cases)('$name', (example) => thereAndBack(example, false));
  test.each(cases)('$name, online', (example) => thereAndBack(example, true));

  async function thereAndBack(example: CorpusCase, online: boolean): Promise<void> {
    await playground.clear();
    await ensureRoles(playground.connection, example.roles);
    const from = await playground.stateOf(example.before);
    const to = await playground.stateOf(example.after);
    const { up, down } = planBothWays(from, to, postgresDialect, { online });
    if (online && show(up) + show(down) === shownOffline(from, to)) return;
    if (process.env.CORPUS_SHOW) console.log(show(up), '\n-------- down\n', show(down));
    expect(losses(up, from, to), show(up)).toEqual(expectedLosses(from, to, example.losesUp));
    expect(losses(down, to, from), show(down)).toEqual(expectedLosses(to, from, example.losesDown));

    await playground.run(example.before);
    await playground.run(example.seed);
    const { connection } = playground;
    const rows = await survivors(connection, from, to, false);
    const sameRows = await survivors(connection, from, to, true);
    await walk(up, to);
    expect(await survivors(connection, from, to, true), show(up)).toEqual(sameRows);
    await walk(down, from);
    expect(await survivors(connection, from, to, false), show(down)).toEqual(rows);
    await walk(up, to);

    await playground.clear();
    await playground.run(example.after);
    await walk(down, from);
    await walk(up, to);
  }

  async function walk(plan: Plan, wanted: Schema): Promise<void> {
    for (const segment of segmentsOf(plan)) {
      const statements = planStatements(segment);
      const all = segment.transactional ? ['BEGIN', ...statements, 'COMMIT'] : statements;
      try {
        await playground.connection.executeAll(all);
      } catch (error) {
        if (segment.transactional) await playground.connection.executeAll(['ROLLBACK']);
        throw new Error(`${(error as Error).message}\nin\n${show(plan)}`, { cause: error });
      }
    }
    expect(differences(await playground.read(), wanted), show(plan)).toEqual([]);
  }
});

function show(plan: Plan): string {
  return [
    ...plan.before,
    ...plan.steps.flatMap((step) => [
      `-- ${step.summary}`,
      ...step.hazards.map((hazard) => `--   ${hazard.level} ${hazard.code}: ${hazard.message}`),
      ...step.sql.map((sql) => `${sql};`),
    ]),
    ...plan.after,
  ].join('\n');
}

function shownOffline(from: Schema, to: Schema): string {
  const { up, down } = planBothWays(from, to, postgresDialect);
  return show(up) + show(down);
}

function losses(plan: Plan, from: Schema, to: Schema): string[] {
  // What goes with its parent's is named, or not, by how it goes.
  const handedDown = new Set(
    [...from.objects.values()].filter((object) => goesFromAbove(object, from, to)).map(plainPath),
  );
  return planHazards(plan)
    .filter(({ level }) => level === 'data-loss')
    .filter(({ subject }) => !handedDown.has(subject))
    .map(({ code, subject }) => `${code} ${subject}`)
    .sort();
}

/** What is gone in the new state and held data, by itself and not as a part of what else is gone. */
function expectedLosses(from: Schema, to: Schema, besides: readonly string[]): string[] {
  const gone = [...from.objects.values()].filter(({ id }) => !to.objects.has(id));
  const lost = gone.filter((object) => {
    if (object.parent !== null && !to.objects.has(object.parent)) return false;
    if (followsParent(object, { from, to }) || goesFromAbove(object, from, to)) return false;
    if (object.kind === 'column')
      return object.props.generated === null && isOwn(from.objects.get(object.parent!));
    // A numbering that goes on in another way is not lost.
    if (object.kind === 'sequence') return !isIdentity(to.objects.get(object.parent ?? ''));
    return ['table', 'extension', 'schema'].includes(object.kind) && isOwn(object);
  });
  const ended = [...from.objects.values()].filter(
    (column) => isIdentity(column) && to.objects.has(column.id) && !hasNumbering(column.id, to),
  );
  return [
    ...lost.map((object) => `drop-${object.kind} ${plainPath(object)}`),
    ...ended.map((column) => `drop-identity ${plainPath(column)}`),
    ...besides,
  ].sort();
}

/** The rows of a foreign table are not ours to lose. */
function isOwn(object: SchemaObject | undefined): boolean {
  return (object?.props.server ?? null) === null;
}

/** A column that goes where the one it is inherited from goes. */
function goesFromAbove(object: SchemaObject, from: Schema, to: Schema): boolean {
  const above = (object.info.inherits ?? []) as string[];
  return !to.objects.has(object.id) && above.some((id) => !to.objects.has(id) && from.objects.has(id));
}

function hasNumbering(column: string, schema: Schema): boolean {
  return (
    isIdentity(schema.objects.get(column)) ||
    [...schema.objects.values()].some(({ kind, parent }) => kind === 'sequence' && parent === column)
  );
}

function isIdentity(object: SchemaObject | undefined): boolean {
  return (object?.props.identity ?? null) !== null;
}

function plainPath({ id }: SchemaObject): string {
  const [schema, ...rest] = objectPath(id);
  return (schema === 'public' && rest.length > 0 ? rest : [schema, ...rest]).join('.');
}
