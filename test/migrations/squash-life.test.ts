import fc from 'fast-check';
import { expect, it } from 'vitest';
import { compareHistory } from '../../src/migrations/compare-history.js';
import { folderOfTexts, type MigrationFolder } from '../../src/migrations/folder.js';
import { downgradeSteps } from '../../src/migrations/graph/downgrade-steps.js';
import { upgradeSteps } from '../../src/migrations/graph/upgrade-steps.js';
import { type AppliedRevision, type History, NO_HISTORY } from '../../src/migrations/history.js';

/** A folder over time: migrations are added, and ranges of what there is are squashed. */
class Life {
  /** In file order. */
  main: string[] = [];
  readonly texts = new Map<string, string>();
  /** What each revision comes to, in migrations that were written by hand. */
  readonly leaves = new Map<string, readonly string[]>();
  #next = 10;

  add(): void {
    const id = String(this.#next++);
    this.main.push(id);
    this.texts.set(`${id}_m.sql`, 'SELECT 1;');
    this.leaves.set(id, [id]);
  }

  squash(from: number, length: number): void {
    const start = Math.floor(from * this.main.length);
    const range = this.main.slice(start, start + length);
    const last = range.at(-1);
    if (range.length < 2 || last === undefined) return;
    const id = `${last}.1`;
    for (const original of range) {
      this.texts.set(`squashed/${original}_m.sql`, this.texts.get(`${original}_m.sql`) ?? '');
      this.texts.delete(`${original}_m.sql`);
    }
    this.texts.set(`${id}_m.sql`, `-- tidemark:replaces ${range.join(' ')}\nSELECT 1;`);
    this.main.splice(start, range.length, id);
    this.leaves.set(
      id,
      range.flatMap((original) => this.leaves.get(original) ?? []),
    );
  }

  folder(): MigrationFolder {
    return folderOfTexts('migrations', this.texts);
  }
}

/** A database that is taken up and down with whatever the folder is at the time. */
class Database {
  rows: AppliedRevision[] = [];

  up(folder: MigrationFolder, steps: number): void {
    const { files, applied, migrations, torn, missing, outOfOrder } = compareHistory(folder, this.#history());
    expect({ torn, missing, outOfOrder }).toEqual({ torn: [], missing: [], outOfOrder: [] });
    for (const { id, name, parents } of upgradeSteps(files, applied, 'head').slice(0, steps)) {
      this.rows.push({ ...ROW, revision: id, name, parents, checksum: migrations.get(id)?.checksum ?? '' });
    }
  }

  down(folder: MigrationFolder, steps: number): void {
    const { graph, applied } = compareHistory(folder, this.#history());
    const gone = downgradeSteps(graph, applied, -Math.min(steps, applied.size));
    for (const { id } of gone) this.rows = this.rows.filter(({ revision }) => revision !== id);
  }

  #history(): History {
    return { ...NO_HISTORY, format: 1, revisions: this.rows };
  }
}

const ROW: Omit<AppliedRevision, 'revision' | 'name' | 'parents' | 'checksum'> = {
  dependsOn: [],
  state: 'applied',
  origin: 'run',
  hasDown: true,
  transactionMode: 'file',
  statementsDone: 0,
  statementsTotal: 1,
  statementHashes: [],
  attempt: undefined,
  error: undefined,
  appliedAt: '',
  appliedBy: '',
  durationMs: 0,
  toolVersion: '',
  position: 0,
};

const event = fc.oneof(
  fc.constant({ type: 'add' as const }),
  fc.record({
    type: fc.constant('squash' as const),
    from: fc.double({ min: 0, max: 0.99, noNaN: true }),
    length: fc.integer({ min: 2, max: 5 }),
  }),
  fc.record({ type: fc.constant('up' as const), database: fc.nat(2), steps: fc.nat(4) }),
  fc.record({
    type: fc.constant('down' as const),
    database: fc.nat(2),
    steps: fc.integer({ min: 1, max: 3 }),
  }),
);

it('whatever is squashed when, every database runs every migration once, in order', () => {
  fc.assert(
    fc.property(fc.array(event, { minLength: 5, maxLength: 40 }), (events) => {
      const life = new Life();
      for (let i = 0; i < 4; i++) life.add();
      const databases = [new Database(), new Database(), new Database()];
      const all = () => life.main.flatMap((id) => life.leaves.get(id) ?? []);
      const ran = ({ rows }: Database) => rows.flatMap(({ revision }) => life.leaves.get(revision) ?? []);
      for (const one of events) {
        if (one.type === 'add') life.add();
        else if (one.type === 'squash') life.squash(one.from, one.length);
        else if (one.type === 'up') databases[one.database]?.up(life.folder(), one.steps);
        else if ((databases[one.database]?.rows.length ?? 0) > 0)
          databases[one.database]?.down(life.folder(), one.steps);
        for (const database of databases) expect(ran(database)).toEqual(all().slice(0, ran(database).length));
      }
      for (const database of databases) {
        database.up(life.folder(), Number.POSITIVE_INFINITY);
        expect(ran(database)).toEqual(all());
        if (database.rows.length > 0) database.down(life.folder(), database.rows.length);
        expect(database.rows).toEqual([]);
        database.up(life.folder(), Number.POSITIVE_INFINITY);
        expect(database.rows.map(({ revision }) => revision)).toEqual(life.main);
      }
    }),
    { numRuns: 300 },
  );
});
