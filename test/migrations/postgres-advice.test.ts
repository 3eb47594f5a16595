import { describe, expect, test } from 'vitest';
import { DatabaseError } from '../../src/database/connection.js';
import { postgresAdvice } from '../../src/migrations/postgres-advice.js';
import { describeEachServer, query, withDatabase } from '../support/postgres-server.js';

const said = async (work: Promise<unknown>) =>
  postgresAdvice(
    new DatabaseError(
      await work.then(
        () => '',
        (error: Error) => error.message,
      ),
    ),
  );

describeEachServer('advice', (server) => {
  test('an extension that the server lacks is named with a way out', () =>
    withDatabase(server, async (url) => {
      const advice = await said(query(url, 'CREATE EXTENSION "not-here"'));
      expect(advice).toEqual([
        'Install the package that brings "not-here" on the server, or migrate a server that has the extension.',
      ]);
    }));

  test('an extension that the role may not create is one for a superuser', () =>
    withDatabase(server, async (url) => {
      const advice = await said(query(url, 'SET ROLE pg_monitor; CREATE EXTENSION file_fdw'));
      expect(advice).toEqual([expect.stringContaining('superuser run CREATE EXTENSION "file_fdw"')]);
    }));
});

describe('advice', () => {
  test.each(['relation "extension" does not exist', 'permission denied for table t', ''])(
    'none for: %s',
    (message) => {
      expect(postgresAdvice(new DatabaseError(message))).toEqual([]);
    },
  );
});
