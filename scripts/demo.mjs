// The main job from beginning to end on an embedded database: no server, no Docker, no network.
// Everything happens in one temporary folder, which stays for you to look at.
import { spawnSync } from 'node:child_process';
import { appendFileSync, cpSync, existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const command = join(root, 'dist', 'cli', 'main.js');
if (!existsSync(command)) {
  console.error('demo: dist/ is missing; run `npm run build` first (npm ci does it)');
  process.exit(1);
}

const project = mkdtempSync(join(tmpdir(), 'tidemark-demo-'));
const bold = (text) => (process.stdout.isTTY && !process.env.NO_COLOR ? `\u001b[1m${text}\u001b[22m` : text);
const started = Date.now();

// No database of yours is touched, whatever your variables say; what Tidemark and Node cache stays in the folder too.
const environment = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(DATABASE_URL|DB_|PG|TIDEMARK_)/.test(name)),
);
environment.TIDEMARK_ENV = 'local';
environment.TIDEMARK_CACHE_DIR = join(project, '.tidemark', 'cache');
environment.NODE_COMPILE_CACHE = join(project, '.tidemark', 'cache', 'node');

const ROWS = `
INSERT INTO organisations (slug, name) VALUES ('acme', 'Acme');
INSERT INTO users (email, display_name) VALUES ('ada@example.com', 'Ada'), ('grace@example.com', 'Grace');
INSERT INTO data_sources (organisation_id, name, kind) SELECT id, 'Handbook', 'upload' FROM organisations;
INSERT INTO documents (organisation_id, data_source_id, external_id, title, mime_type, byte_size, content_hash)
  SELECT organisation_id, id, 'tides.md', 'On tides', 'text/markdown', 23, sha256('High tide at 6:12, low at 12:31')
  FROM data_sources;
INSERT INTO document_chunks (organisation_id, document_id, ordinal, content, token_count, embedding, embedding_model)
  SELECT d.organisation_id, d.id, n, (ARRAY['High tide at 6:12', 'low at 12:31'])[n + 1], 6,
         array_agg(sin(i * (n + 1)) ORDER BY i)::vector, 'demo'
  FROM documents d, generate_series(0, 1) n, generate_series(1, 1536) i GROUP BY d.id, n;
`;

const NEAREST = `
SELECT content, round((embedding <=> (SELECT array_agg(sin(i * 1.01) ORDER BY i)::vector
                                      FROM generate_series(1, 1536) i))::numeric, 3) AS distance
  FROM document_chunks ORDER BY 2;
`;

const SHARES = `
CREATE TABLE document_shares (
    organisation_id uuid NOT NULL,
    document_id     uuid NOT NULL,
    user_id         uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    shared_at       timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (document_id, user_id),
    FOREIGN KEY (organisation_id, document_id) REFERENCES documents (organisation_id, id) ON DELETE CASCADE
);
CREATE INDEX document_shares_user_idx ON document_shares (user_id, shared_at DESC);
COMMENT ON TABLE document_shares IS 'Who may read a document that is not theirs.';
`;

const say = (text) => console.log(`\n${bold(text)}`);

/** Runs tidemark in the project, shows the command line and what it prints, and gives its standard output. */
function tidemark(args, { show = true, script } = {}) {
  if (script) writeFileSync(join(project, script.file), script.sql);
  const words = args.map((arg) => (/^[\w.:=/@-]+$/.test(arg) ? arg : JSON.stringify(arg)));
  console.log(`$ tidemark ${words.join(' ')}${script ? ` < ${script.file}` : ''}`);
  const run = spawnSync(process.execPath, [command, ...args], {
    cwd: project,
    encoding: 'utf8',
    env: environment,
    ...(script ? { input: script.sql } : {}),
  });
  process.stderr.write(run.stderr);
  if (show) console.log(run.stdout.trimEnd());
  if (run.status !== 0) {
    console.error(`demo: this should not have failed (exit code ${run.status}); the folder is ${project}`);
    process.exit(1);
  }
  return run.stdout;
}

function show(file, lines) {
  const all = readFileSync(file, 'utf8').trimEnd().split('\n');
  console.log(`\n${relative(project, file)}:`);
  console.log(
    all
      .slice(0, lines)
      .map((line) => `  ${line}`)
      .join('\n'),
  );
  if (all.length > lines) console.log(`  … ${all.length - lines} more lines`);
}

function replaceInSchema(find, replacement) {
  const file = join(project, 'schema.sql');
  const text = readFileSync(file, 'utf8');
  if (!text.includes(find)) throw new Error(`demo: schema.sql has no ${JSON.stringify(find)}`);
  writeFileSync(file, text.replace(find, replacement));
}

cpSync(join(root, 'examples', 'dana-db'), project, {
  recursive: true,
  filter: (path) =>
    !relative(join(root, 'examples', 'dana-db'), path).startsWith('migrations') &&
    !path.includes('.tidemark'),
});
console.log(
  `A copy of examples/dana-db in ${project}: schema.sql is the truth, there are no migrations yet.`,
);

say('1. The first migration, from schema.sql: proven up and down on a dev database of its own');
const first = JSON.parse(tidemark(['migrate', 'diff', 'initial', '--json'], { show: false })).result;
show(join(project, 'migrations', first.files[0]), 40);

say('2. Apply it to an embedded PostgreSQL in a folder');
tidemark(['migrate', 'up']);

say('3. Some rows, an embedding too');
tidemark(['db', 'shell'], { script: { file: 'rows.sql', sql: (ROWS + NEAREST).trimStart() } });

say('4. The schema changes: people get a biography, documents can be shared');
replaceInSchema(
  '    avatar_url        text,',
  "    avatar_url        text,\n    biography         text NOT NULL DEFAULT '',",
);
appendFileSync(join(project, 'schema.sql'), SHARES);
const second = JSON.parse(tidemark(['migrate', 'diff', 'share_documents', '--json'], { show: false })).result;
show(join(project, 'migrations', second.files[0]), 60);
show(join(project, 'migrations', second.files[1]), 60);

say('5. Apply it, and see where the database stands');
tidemark(['migrate', 'up']);
tidemark(['migrate', 'status']);
tidemark(['migrate', 'history']);

say('6. Down and up again: the rows are still there');
tidemark(['migrate', 'down']);
tidemark(['migrate', 'up']);
tidemark(['db', 'shell', '-c', 'SELECT display_name, biography FROM users']);
tidemark(['status']);

console.log(`
Done in ${((Date.now() - started) / 1000).toFixed(1)} s. Everything is in ${project}

Try next, in that folder (tidemark is ${relative(process.cwd(), command) || command}):
  change schema.sql and run     tidemark migrate diff my_change --dry-run
  change the database by hand   tidemark db shell -c "ALTER TABLE users DROP COLUMN locale"
  and see the drift             tidemark schema diff
  use a server of yours         DATABASE_URL=postgres://… tidemark migrate up --env production
`);
