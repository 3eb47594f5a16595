import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestProject } from 'vitest/node';
import { findPostgres } from './postgres-binaries.js';
import { type RunningPostgres, startPostgres } from './postgres-process.js';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Where a worker asks for a server, as `GET /<major>`; the answer is its URL. */
    postgresBroker: string;
    postgresServers: readonly { readonly major: number; readonly hasVector: boolean }[];
  }
}

/**
 * One PostgreSQL of each version for the whole run, started when the first test asks for it: a run of
 * pure tests starts none. Workers ask this process over loopback because only it lives long enough to
 * own a server.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const found = findPostgres();
  const running = new Map<number, Promise<RunningPostgres>>();
  const start = (major: number) => {
    const binaries = found.find((candidate) => candidate.major === major);
    if (binaries === undefined) throw new Error(`no PostgreSQL ${major}`);
    const server = running.get(major) ?? startPostgres(binaries);
    running.set(major, server);
    return server;
  };

  const broker = createServer(async (request, response) => {
    // A kept connection could be closed under a worker that a child process has kept busy.
    response.setHeader('connection', 'close');
    try {
      response.end((await start(Number(request.url?.slice(1)))).url);
    } catch (error) {
      response.writeHead(500).end((error as Error).message);
    }
  });
  await new Promise<void>((resolve) => broker.listen(0, '127.0.0.1', resolve));
  project.provide('postgresBroker', `http://127.0.0.1:${(broker.address() as AddressInfo).port}`);
  project.provide(
    'postgresServers',
    found.map(({ major, hasVector }) => ({ major, hasVector })),
  );

  return async () => {
    broker.close();
    broker.closeAllConnections();
    await Promise.allSettled([...running.values()].map(async (server) => (await server).stop()));
  };
}
