import type { AppliedRevision, Attempt, LastRun } from './history.js';
import { historyDamaged } from './history-errors.js';

/** A row of the revisions as an engine gives it, arrays and JSON parsed. Somebody may have changed anything. */
export type RawRevision = { readonly [Field in keyof AppliedRevision]: unknown };

/** A line of the log of one run, likewise. */
export interface RawLogLine {
  readonly run: unknown;
  readonly at: unknown;
  readonly operation: unknown;
  readonly revision: unknown;
  readonly outcome: unknown;
  readonly error: unknown;
  readonly by: unknown;
  readonly host: unknown;
  readonly pid: unknown;
}

const STATES = ['applied', 'applying', 'reverting'] as const;
const ORIGINS = ['run', 'baseline', 'stamp', 'import'] as const;
const MODES = ['file', 'none'] as const;
const OPERATIONS = ['up', 'down', 'baseline', 'stamp', 'unstamp', 'import', 'backup'] as const;
const OUTCOMES = ['started', 'done', 'failed', 'interrupted'] as const;

/**
 * The revisions that the rows record. Throws TidemarkError (`history-damaged`) for the first field that holds
 * what tidemark does not write, and for a revision that is there twice.
 */
export function toRevisions(rows: readonly RawRevision[]): AppliedRevision[] {
  const seen = new Set<unknown>();
  return rows.map((raw) => {
    const { revision } = raw;
    if (typeof revision !== 'string' || revision === '')
      throw odd('a row of revisions', 'revision', revision);
    if (seen.has(revision)) throw historyDamaged(`revision ${revision} is recorded twice`);
    seen.add(revision);
    return toRevision(raw, `revision ${revision}`);
  });
}

function toRevision(raw: RawRevision, of: string): AppliedRevision {
  return {
    revision: text(raw, 'revision', of),
    name: text(raw, 'name', of),
    parents: texts(raw, 'parents', of),
    dependsOn: texts(raw, 'dependsOn', of),
    state: oneOf(raw, 'state', STATES, of),
    origin: oneOf(raw, 'origin', ORIGINS, of),
    checksum: text(raw, 'checksum', of),
    hasDown: raw.hasDown === true,
    transactionMode: oneOf(raw, 'transactionMode', MODES, of),
    statementsDone: count(raw, 'statementsDone', of),
    statementsTotal: count(raw, 'statementsTotal', of),
    statementHashes: texts(raw, 'statementHashes', of),
    attempt: toAttempt(raw.attempt, of),
    error: raw.error === null ? undefined : text(raw, 'error', of),
    appliedAt: time(raw, 'appliedAt', of),
    appliedBy: text(raw, 'appliedBy', of),
    durationMs: raw.durationMs === null ? undefined : count(raw, 'durationMs', of),
    toolVersion: text(raw, 'toolVersion', of),
    position: count(raw, 'position', of),
  };
}

/** The newest run, from its lines about the run as a whole and about failures. Throws as `toRevisions`. */
export function toLastRun(lines: readonly RawLogLine[]): LastRun | undefined {
  const of = 'the log';
  const read = lines.map((raw) => ({
    outcome: oneOf(raw, 'outcome', OUTCOMES, of),
    revision: raw.revision === null ? undefined : text(raw, 'revision', of),
    error: raw.error === null ? undefined : text(raw, 'error', of),
  }));
  const first = lines[0];
  if (first === undefined) return undefined;
  const end = read.find((line) => line.revision === undefined && line.outcome !== 'started');
  const failure = read.find((line) => line.outcome === 'failed');
  const open = failure === undefined ? 'open' : 'failed';
  return {
    run: text(first, 'run', of),
    operation: oneOf(first, 'operation', OPERATIONS, of),
    startedAt: time(first, 'at', of),
    by: text(first, 'by', of),
    host: text(first, 'host', of),
    pid: count(first, 'pid', of),
    outcome: end === undefined || end.outcome === 'started' ? open : end.outcome,
    revision: failure?.revision,
    error: failure?.error ?? end?.error,
  };
}

function toAttempt(value: unknown, of: string): Attempt | undefined {
  if (value === null) return undefined;
  if (typeof value !== 'object' || value === undefined) throw odd(of, 'attempt', value);
  const raw = value as { readonly [Field in keyof Attempt]?: unknown };
  return { statement: count(raw, 'statement', of), sql: text(raw, 'sql', of), before: raw.before };
}

function text<Field extends string>(
  raw: { readonly [F in Field]?: unknown },
  field: Field,
  of: string,
): string {
  const value = raw[field];
  if (typeof value !== 'string') throw odd(of, field, value);
  return value;
}

function texts<Field extends string>(
  raw: { readonly [F in Field]?: unknown },
  field: Field,
  of: string,
): readonly string[] {
  const value: unknown = raw[field];
  if (!Array.isArray(value) || !value.every((item): item is string => typeof item === 'string')) {
    throw odd(of, field, value);
  }
  return value;
}

function count<Field extends string>(
  raw: { readonly [F in Field]?: unknown },
  field: Field,
  of: string,
): number {
  const value = raw[field];
  if (typeof value !== 'number' || !Number.isInteger(value)) throw odd(of, field, value);
  return value;
}

function time<Field extends string>(
  raw: { readonly [F in Field]?: unknown },
  field: Field,
  of: string,
): string {
  const value = text(raw, field, of);
  if (/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(value)) return value;
  const at = new Date(value);
  if (Number.isNaN(at.getTime())) throw odd(of, field, value);
  return at.toISOString();
}

function oneOf<Field extends string, Value extends string>(
  raw: { readonly [F in Field]?: unknown },
  field: Field,
  values: readonly Value[],
  of: string,
): Value {
  const value = values.find((known) => known === raw[field]);
  if (value === undefined) throw odd(of, field, raw[field]);
  return value;
}

function odd(of: string, field: string, value: unknown): Error {
  const column = field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  const shown = value === undefined ? 'is not there' : `is ${String(JSON.stringify(value)).slice(0, 80)}`;
  return historyDamaged(`${column} of ${of} ${shown}`);
}
