import type { Variables } from './dotenv.js';

/** A database's address as the environment variables give it. */
export interface UrlFromVariables {
  readonly url: string;
  /** The variables that made it, for messages: `DATABASE_URL`, `DB_HOST, DB_NAME`. */
  readonly variables: readonly string[];
}

const dbVariables = ['DB_HOST', 'DB_PORT', 'DB_USER', 'DB_PASSWORD', 'DB_NAME'] as const;
const pgVariables = ['PGHOST', 'PGHOSTADDR', 'PGDATABASE', 'PGSERVICE'] as const;

/**
 * The address that the variables name: DATABASE_URL, else DB_HOST / DB_PORT / DB_USER / DB_PASSWORD / DB_NAME
 * (a host or a name is enough to count), else libpq's own PGHOST, PGHOSTADDR, PGDATABASE, or PGSERVICE (which
 * whoever parses the address refuses).
 * Undefined when none is set; an empty variable is as good as none.
 */
export function urlFromVariables(variables: Variables): UrlFromVariables | undefined {
  if (variables.DATABASE_URL) return { url: variables.DATABASE_URL, variables: ['DATABASE_URL'] };
  if (variables.DB_HOST || variables.DB_NAME) {
    return { url: urlOfParts(variables), variables: dbVariables.filter((name) => variables[name]) };
  }
  const set = pgVariables.filter((name) => variables[name]);
  // Everything else about the address is filled in from the PG* variables, as libpq does.
  return set.length > 0 ? { url: 'postgres://', variables: set } : undefined;
}

/** Every part is percent-encoded, so that a password may hold any character. */
function urlOfParts(variables: Variables): string {
  const part = (name: (typeof dbVariables)[number]) => encodeURIComponent(variables[name] ?? '');
  const host = variables.DB_HOST ?? '';
  const isSocket = host.startsWith('/');
  const authority = isSocket ? '' : host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
  const port = variables.DB_PORT ? `:${variables.DB_PORT}` : '';
  const credentials = `${part('DB_USER')}${variables.DB_PASSWORD ? `:${part('DB_PASSWORD')}` : ''}`;
  const query = isSocket ? `?host=${part('DB_HOST')}` : '';
  return `postgres://${credentials && `${credentials}@`}${authority}${port}/${part('DB_NAME')}${query}`;
}
