import { describe, expect, it } from 'vitest';
import { TidemarkError } from '../../src/errors.js';
import { graphOf } from '../../src/migrations/compare-history.js';
import { folderOfTexts, type MigrationFolder } from '../../src/migrations/folder.js';
import { buildGraph } from '../../src/migrations/graph/revision-graph.js';
import { resolveOne } from '../../src/migrations/graph/target.js';
import {
  namedOriginals,
  type RecordedRevision,
  unfoldSquashes,
} from '../../src/migrations/unfold-squashes.js';

function folder(files: Record<string, string>): MigrationFolder {
  return folderOfTexts('migrations', new Map(Object.entries(files)));
}
const rows = (...ids: string[]): RecordedRevision[] =>
  ids.map((revision) => ({ revision, name: `n${revision}`, state: 'applied' }));

const SQL = 'SELECT 1;';
const squashedThree = {
  '1_a.sql': SQL,
  '3.1_squash.sql': `-- tidemark:replaces 2 3\n${SQL}`,
  'squashed/2_b.sql': SQL,
  'squashed/3_c.sql': SQL,
  '4_d.sql': SQL,
};

/** Each revision with its parents, in order. */
function chain(of: MigrationFolder, recorded: RecordedRevision[], named: string[] = []): string[] {
  const { inputs } = unfoldSquashes(of, recorded, new Set(named));
  return buildGraph(inputs).order.map(({ id, parents }) => `${parents.join('+')}>${id}`);
}

const codeOf = (files: Record<string, string>): string | undefined => {
  try {
    folder(files);
    return undefined;
  } catch (error) {
    return error instanceof TidemarkError ? error.code : String(error);
  }
};

describe('a squash and what it was made of', () => {
  const one = folder(squashedThree);

  it('keeps the originals out of the migrations, and in the sum', () => {
    expect(one.migrations.map(({ version }) => version)).toEqual(['1', '3.1', '4']);
    expect(one.squashed.map(({ file }) => file)).toEqual(['squashed/2_b.sql', 'squashed/3_c.sql']);
    expect(one.sums.has('squashed/2_b.sql')).toBe(true);
  });

  it.each([
    ['nothing', [], ['>1', '1>3.1', '3.1>4']],
    ['what came before', ['1'], ['>1', '1>3.1', '3.1>4']],
    ['the middle', ['1', '2'], ['>1', '1>2', '2>3', '3>4']],
    ['all of it', ['1', '2', '3'], ['>1', '1>2', '2>3', '3>4']],
    ['what came after', ['1', '2', '3', '4'], ['>1', '1>2', '2>3', '3>4']],
    ['the squash', ['1', '3.1'], ['>1', '1>3.1', '3.1>4']],
  ])('holds for a database that has %s', (_, recorded, expected) => {
    expect(chain(one, rows(...recorded))).toEqual(expected);
  });

  it('gives way to an original that is named, unless it is applied', () => {
    expect(chain(one, [], ['2'])).toEqual(['>1', '1>2', '2>3', '3>4']);
    expect(chain(one, rows('1', '3.1'), ['2'])).toEqual(['>1', '1>3.1', '3.1>4']);
  });

  it('answers to the ids of its originals, and the last of those to its', () => {
    const graph = graphOf(one);
    for (const name of ['2', '3', '3.1'])
      expect(graph.byId.has(name) ? name : graph.aliases.get(name)).toBe('3.1');
    const unfolded = buildGraph(unfoldSquashes(one, rows('2')).inputs);
    expect(resolveOne(unfolded, new Set(), '3.1')).toBe('3');
  });

  it('keeps a parent line that names an original, and one that names it', () => {
    const files = {
      ...squashedThree,
      '4_d.sql': `-- tidemark:parent 3\n${SQL}`,
      '5_e.sql': `-- tidemark:parent 3.1\n${SQL}`,
    };
    expect(chain(folder(files), [])).toEqual(['>1', '1>3.1', '3.1>4', '3.1>5']);
    expect(chain(folder(files), rows('1', '2'))).toEqual(['>1', '1>2', '2>3', '3>4', '3>5']);
  });

  it('unfolds a squash of a squash as far as the database asks for', () => {
    const nested = folder({
      '1_a.sql': SQL,
      '4.1_all.sql': `-- tidemark:replaces 3.1 4\n${SQL}`,
      'squashed/2_b.sql': SQL,
      'squashed/3_c.sql': SQL,
      'squashed/3.1_squash.sql': squashedThree['3.1_squash.sql'],
      'squashed/4_d.sql': SQL,
      '5_e.sql': SQL,
    });
    expect(chain(nested, rows('1'))).toEqual(['>1', '1>4.1', '4.1>5']);
    expect(chain(nested, rows('1', '3.1'))).toEqual(['>1', '1>3.1', '3.1>4', '4>5']);
    expect(chain(nested, rows('1', '2'))).toEqual(['>1', '1>2', '2>3', '3>4', '4>5']);
    expect(chain(nested, rows('1', '4.1'))).toEqual(['>1', '1>4.1', '4.1>5']);
    expect(graphOf(nested).aliases.get('2')).toBe('4.1');
  });

  it('lets what is recorded stand in for files that are gone, if nothing else is gone', () => {
    const gone = folder({
      '1_a.sql': SQL,
      '3.1_squash.sql': squashedThree['3.1_squash.sql'],
      '4_d.sql': SQL,
    });
    expect(chain(gone, rows('1', '2', '3'))).toEqual(['>1', '1>2', '2>3', '3>4']);
    expect(unfoldSquashes(gone, rows('1', '2', '3')).torn).toEqual([]);
    expect(chain(gone, [])).toEqual(['>1', '1>3.1', '3.1>4']);
    const { torn, migrations } = unfoldSquashes(gone, rows('1', '2'));
    expect(torn).toMatchObject([{ recorded: ['2'], lacking: ['3'] }]);
    expect(migrations.map(({ version }) => version)).toEqual(['1', '3.1', '4']);
  });

  it('knows which originals a target names', () => {
    const named = (...targets: (string | number)[]) => [...namedOriginals(one, targets)];
    expect(named('3:head')).toEqual(['3']);
    expect(named('b')).toEqual(['2']);
    // As without the squash, it could be two steps too: who reads the target says so.
    expect(named('2')).toEqual(['2']);
    expect(named('current+1', 'head', '-2', 2, '4', '9')).toEqual([]);
  });
});

describe('what does not fit together is said', () => {
  it.each([
    ['an original beside its squash', 'squash-overlap', { '2_b.sql': SQL }],
    ['a file that nothing replaces', 'squash-stray', { 'squashed/9_z.sql': SQL }],
    ['two squashes of one', 'squash-overlap', { '5_two.sql': `-- tidemark:replaces 3\n${SQL}` }],
    ['a reverse alone', 'migration-orphan-down', { 'squashed/7_z.down.sql': SQL }],
    ['an id twice', 'directive-invalid', { '3.1_squash.sql': `-- tidemark:replaces 2 2\n${SQL}` }],
    ['no id', 'directive-invalid', { '3.1_squash.sql': `-- tidemark:replaces\n${SQL}` }],
  ])('%s', (_, code, files) => {
    expect(codeOf({ ...squashedThree, ...files })).toBe(code);
  });

  it('and nothing where a subfolder of that name has nothing to do with it', () => {
    expect(codeOf({ '1_a.sql': SQL })).toBeUndefined();
  });
});
