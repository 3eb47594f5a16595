// Makes what the chatbot needs to start: the storage folders, the database with all migrations, and a first
// project. May be run again at any time.
//
//     node scripts/init-db.ts            (Node 22.18 or later; else: npx jiti scripts/init-db.ts)
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openProject } from 'tidemark';

const root = fileURLToPath(new URL('..', import.meta.url));

for (const folder of ['storage/documents', 'storage/vectors', 'storage/backups']) {
  await mkdir(join(root, folder), { recursive: true });
}

const project = await openProject({ folder: root });
try {
  const { steps, after } = await project.migrate.up({
    onEvent: (event) => {
      if (event.type === 'migration-done') console.log(`applied ${event.step.revision} ${event.step.name}`);
    },
  });
  console.log(`${project.label} is at ${after.join(', ')}${steps.length === 0 ? ', as it was' : ''}`);

  const database = await project.connection();
  const [{ projects }] = (await database.query('SELECT count(*) AS projects FROM projects')) as [
    { projects: number },
  ];
  if (projects === 0) {
    await database.query('INSERT INTO projects (name, description) VALUES (?1, ?2)', [
      'My first project',
      'Put documents into it and talk about them.',
    ]);
    console.log('added a first project');
  }
} finally {
  await project.close();
}
