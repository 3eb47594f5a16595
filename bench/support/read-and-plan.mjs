// Reads two databases, plans from the first to the second and sends the seconds of each and the most memory (MB).
import { createJiti } from 'jiti';

const jiti = createJiti(import.meta.url);
const { openDatabase } = await jiti.import('../../src/database/open-database.ts');
const { parseDatabaseUrl } = await jiti.import('../../src/database/database-url.ts');
const { postgresDialect } = await jiti.import('../../src/postgres/dialect.ts');
const { planBothWays } = await jiti.import('../../src/schema/planner.ts');

const [from, to] = process.argv.slice(2);
const before = await timed(() => read(from));
const after = await timed(() => read(to));
const plan = await timed(async () => planBothWays(before.result, after.result, postgresDialect));
if (plan.result.up.steps.length < 90) throw new Error(`a plan of ${plan.result.up.steps.length} steps`);
process.send({
  read: before.seconds,
  plan: plan.seconds,
  memory: process.resourceUsage().maxRSS / 1024,
});

async function read(url) {
  const connection = await openDatabase(parseDatabaseUrl(url, { source: 'the bench', env: {} }));
  try {
    return await postgresDialect.readSchema(connection);
  } finally {
    await connection.close();
  }
}

async function timed(work) {
  const started = process.hrtime.bigint();
  const result = await work();
  return { result, seconds: Number(process.hrtime.bigint() - started) / 1e9 };
}
