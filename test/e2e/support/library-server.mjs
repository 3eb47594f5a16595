// A small server that migrates when it starts, as a process of its own. Arguments: folder, database URL.
import { createServer } from 'node:http';
import { openProject, TidemarkError } from '../../../dist/index.js';

const [folder, url] = process.argv.slice(2);
const stop = new AbortController();
process.once('SIGTERM', () => stop.abort(new Error('SIGTERM')));

const project = await openProject({ folder, url });
try {
  const { steps, after } = await project.migrate.up({
    signal: stop.signal,
    onEvent: ({ type }) => process.send({ event: type }),
  });
  const server = createServer(async (_, response) => {
    const { current, pending } = await project.migrate.status();
    response.end(JSON.stringify({ current, pending }));
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  process.send({ port: server.address().port, steps: steps.length, after });
  await new Promise((stopped) => {
    if (stop.signal.aborted) stopped();
    stop.signal.addEventListener('abort', stopped);
  });
  server.closeAllConnections();
  await new Promise((closed) => server.close(closed));
} catch (error) {
  if (!(error instanceof TidemarkError)) throw error;
  process.send({ code: error.code, message: error.message });
  process.exitCode = 1;
} finally {
  await project.close();
  process.disconnect();
}
