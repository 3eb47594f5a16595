import { existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { type DatabaseUrl, type PostgresUrl, safeUrl } from '../../database/database-url.js';
import { openDatabase } from '../../database/open-database.js';
import { TidemarkError } from '../../errors.js';
import { createDatabase } from '../../postgres/create-database.js';
import type { Outcome } from '../command.js';
import type { Context } from '../context.js';

interface CreateResult {
  readonly database: string;
  readonly created: boolean;
}

export async function run(context: Context): Promise<Outcome<CreateResult>> {
  const url = await context.url();
  const database = safeUrl(url);
  const created = await create(context, url);
  return {
    result: { database, created },
    text: created ? `created ${database}` : `${database} is there already`,
  };
}

async function create(context: Context, url: DatabaseUrl): Promise<boolean> {
  if (url.adapter === 'server') return createOnServer(context, url);
  if (url.path !== undefined && existsSync(url.path)) return false;
  if (url.path !== undefined && url.adapter === 'sqlite') mkdirSync(dirname(url.path), { recursive: true });
  context.closing(await openDatabase(url));
  return true;
}

async function createOnServer(context: Context, url: PostgresUrl): Promise<boolean> {
  const { resolveEndpoint } = await import('../../database/libpq-environment.js');
  const { database } = await resolveEndpoint(url);
  return createDatabase(await openMaintenance(context, url), database);
}

/** CREATE DATABASE needs a session with another database; `postgres` may have been dropped, `template1` not. */
async function openMaintenance(context: Context, url: PostgresUrl) {
  try {
    return context.closing(await openDatabase({ ...url, database: 'postgres' }));
  } catch (error) {
    if (!isMissingDatabase(error)) throw error;
    return context.closing(await openDatabase({ ...url, database: 'template1' }));
  }
}

/** invalid_catalog_name, as the driver's error or under the one that open-database makes of it. */
function isMissingDatabase(error: unknown): boolean {
  const source = error instanceof TidemarkError ? error.cause : error;
  return (source as { sqlstate?: unknown } | undefined)?.sqlstate === '3D000';
}
