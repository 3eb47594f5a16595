// Says whether the chatbot can start, and what is missing; ends with 1 when something is. Changes nothing.
//
//     node scripts/check-setup.ts        (Node 22.18 or later; else: npx jiti scripts/check-setup.ts)
import { access, constants } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openProject } from 'tidemark';

const root = fileURLToPath(new URL('..', import.meta.url));
const problems: string[] = [];

for (const folder of ['storage/documents', 'storage/vectors', 'storage/backups']) {
  await access(join(root, folder), constants.W_OK).catch(() => {
    problems.push(`${folder} is missing or cannot be written: run scripts/init-db.ts`);
  });
}

const project = await openProject({ folder: root });
try {
  const check = await project.database.check({
    require: ['projects', 'documents', 'chats', 'messages', 'settings'].map((name) => ({
      kind: 'table',
      name,
    })),
  });
  problems.push(...check.problems);
  for (const { query } of check.orphans) problems.push(`see those rows with: ${query}`);
  console.log(`${check.version}, ${check.bytes} bytes, journal mode ${check.journalMode}`);

  const status = await project.migrate.status();
  if (status.pending > 0) problems.push(`${status.pending} migrations are pending: run scripts/init-db.ts`);
  problems.push(...status.problems.map(({ message }) => message));
} finally {
  await project.close();
}

for (const problem of problems) console.error(`problem: ${problem}`);
console.log(problems.length === 0 ? 'ok: the chatbot can start' : `${problems.length} problems`);
process.exitCode = problems.length === 0 ? 0 : 1;
