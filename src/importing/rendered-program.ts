import { pathToFileURL } from 'node:url';

/** What one direction of a migration that is a program came to. */
export type RenderedDirection =
  | { readonly statements: readonly string[]; readonly transaction: 'file' | 'none' }
  /** It cannot be written as SQL. */
  | { readonly reason: string; readonly line: number }
  /** There is no such direction. */
  | undefined;

/** A migration that is a program, as a worker gives it back. */
export interface RenderedProgram {
  /** How the tool's table names it. */
  readonly key: string;
  readonly file: string;
  readonly up: RenderedDirection;
  readonly down: RenderedDirection;
  /** It gave other SQL when it ran again. */
  readonly changes: boolean;
  /** It asked what the database holds, and was answered by what the migrations before it make. */
  readonly asked?: boolean;
}

/** Why a migration ends before its time: it wants an answer that only a database could give. */
export class NeedsDatabase extends Error {
  override readonly name = 'NeedsDatabase';
}

/** The line of a file in which an error arose, by its stack; 1 when the stack does not tell. */
export function lineOf(error: unknown, file: string): number {
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  const names = [file, pathToFileURL(file).href];
  for (const frame of stack.split('\n')) {
    const name = names.find((candidate) => frame.includes(candidate));
    if (name === undefined) continue;
    const line = /^[^:]*:(\d+)/.exec(frame.slice(frame.indexOf(name) + name.length))?.[1];
    if (line !== undefined) return Number(line);
  }
  return 1;
}

/**
 * Stands for the result of a statement that nobody ran: `refuse` is called, and has to throw, when somebody looks
 * into it. Waiting for it and handing it on is no look.
 */
export function unread(refuse: () => never): object {
  const trap: ProxyHandler<object> = {
    get: (_, name) => (name === 'then' || name === 'toJSON' ? undefined : refuse()),
    has: refuse,
    ownKeys: refuse,
    getOwnPropertyDescriptor: refuse,
  };
  return new Proxy({}, trap);
}
