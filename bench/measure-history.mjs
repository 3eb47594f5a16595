import { inTurn, ratio, run } from './support/measure.mjs';
import { environment, temporaryFolder, tools, writeFiles } from './support/project.mjs';

const LARGE = 10_000;
const SMALL = 10;
/** Every so many revisions two lines part and meet again: 200 merges in 10,000 revisions. */
const BETWEEN_MERGES = 50;

const id = (number) => String(20250101000000 + number);

/**
 * Migrations with their down files: a line that parts in two and meets again every `BETWEEN_MERGES` revisions.
 * Each file says its parents where file order would say something else.
 */
function folder(count) {
  const files = {};
  for (let number = 1; number <= count; number++) {
    const place = number % BETWEEN_MERGES;
    const parents =
      number > 3 && place === 0 ? [number - 1, number - 2] : number > 3 && place === 49 ? [number - 2] : [];
    const head = parents.length > 0 ? `-- tidemark:parent ${parents.map(id).join(' ')}\n` : '';
    files[`migrations/${id(number)}_step_${number}.sql`] = `${head}SELECT ${number};\n`;
    files[`migrations/${id(number)}_step_${number}.down.sql`] = `SELECT -${number};\n`;
  }
  return files;
}

/** `migrate status` against a database that has everything: 10,000 revisions and ten. */
export async function measureHistory(server, { rounds }) {
  const cleanups = [];
  try {
    const contestants = {};
    for (const count of [LARGE, SMALL]) {
      const { folder: cwd, remove } = temporaryFolder();
      cleanups.push(remove);
      const url = await server.database();
      cleanups.push(() => server.drop(url));
      writeFiles(cwd, folder(count));
      const env = { ...environment(cwd), DATABASE_URL: url };
      const tidemark = (...words) => run([...tools.tidemark, 'migrate', ...words], { cwd, env });
      tidemark('hash');
      tidemark('stamp', 'heads');
      contestants[count] = () => {
        const result = tidemark('status', '--check');
        if (!result.output.includes(`${count} applied, 0 pending`)) throw new Error(result.output);
        return result;
      };
    }
    const results = await inTurn(contestants, rounds);
    return {
      title: `migrate status, ${LARGE} revisions with ${LARGE / BETWEEN_MERGES} merges, all applied`,
      rows: ['wall', 'cpu'].map((figure) => ({
        what: `against ${SMALL} revisions`,
        figure,
        value: ratio(results[LARGE], results[SMALL], figure),
        goal: 3,
      })),
    };
  } finally {
    for (const cleanup of cleanups.reverse()) await cleanup();
  }
}
