import { createHash } from 'node:crypto';

/*
 * What the writer of the soak does, as a function of a seed and a step's number: whatever a database says was the last
 * step, there is one right content for it, row by row.
 */

export const ACCOUNTS = 8;

export interface Step {
  readonly n: number;
  readonly body: string;
  readonly from: number;
  readonly to: number;
  readonly amount: number;
  /** An older event that goes with this step. */
  readonly removed: number | undefined;
  /** An older event that changes with this step. */
  readonly changed: number | undefined;
}

/** @param n from 1 */
export function stepOf(seed: number, n: number): Step {
  const hash = createHash('sha256').update(`${seed}:${n}`).digest();
  return {
    n,
    body: hash.toString('hex'),
    from: (hash[0] ?? 0) % ACCOUNTS,
    to: (hash[1] ?? 0) % ACCOUNTS,
    amount: hash[2] ?? 0,
    removed: n % 5 === 0 && n > 37 ? n - 37 : undefined,
    changed: n % 7 === 0 && n > 11 ? n - 11 : undefined,
  };
}

export interface LedgerRows {
  /** The last step. */
  readonly head: number;
  readonly events: readonly (readonly [n: number, body: string])[];
  readonly accounts: readonly (readonly [id: number, balance: number])[];
}

/** What there must be after `head` steps. */
export function ledgerAt(seed: number, head: number): LedgerRows {
  const events = new Map<number, string>();
  const accounts = Array.from({ length: ACCOUNTS }, () => 0);
  for (let n = 1; n <= head; n++) {
    const { body, from, to, amount, removed, changed } = stepOf(seed, n);
    events.set(n, body);
    accounts[from] = (accounts[from] ?? 0) - amount;
    accounts[to] = (accounts[to] ?? 0) + amount;
    if (removed !== undefined) events.delete(removed);
    const old = changed === undefined ? undefined : events.get(changed);
    if (changed !== undefined && old !== undefined) events.set(changed, `${old}!`);
  }
  return { head, events: [...events].sort(([a], [b]) => a - b), accounts: [...accounts.entries()] };
}

/** The statements of a step, in one transaction, in words that both engines know. */
export function sqlOf({ n, body, from, to, amount, removed, changed }: Step): string[] {
  return [
    `INSERT INTO events (n, body) VALUES (${n}, '${body}')`,
    `UPDATE accounts SET balance = balance - ${amount} WHERE id = ${from}`,
    `UPDATE accounts SET balance = balance + ${amount} WHERE id = ${to}`,
    ...(removed === undefined ? [] : [`DELETE FROM events WHERE n = ${removed}`]),
    ...(changed === undefined ? [] : [`UPDATE events SET body = body || '!' WHERE n = ${changed}`]),
    `UPDATE head SET n = ${n} WHERE n = ${n - 1}`,
  ];
}

export const CREATE = [
  'CREATE TABLE events (n INTEGER PRIMARY KEY, body TEXT NOT NULL)',
  'CREATE TABLE accounts (id INTEGER PRIMARY KEY, balance BIGINT NOT NULL)',
  'CREATE TABLE head (n INTEGER NOT NULL)',
  'INSERT INTO head (n) VALUES (0)',
  ...Array.from({ length: ACCOUNTS }, (_, id) => `INSERT INTO accounts (id, balance) VALUES (${id}, 0)`),
  // Ballast, so that a backup takes long enough to be killed in its middle.
  'CREATE TABLE ballast (n INTEGER PRIMARY KEY, body TEXT NOT NULL)',
];
