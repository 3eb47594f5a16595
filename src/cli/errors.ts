import { relative } from 'node:path';
import { DatabaseError } from '../database/connection.js';
import { type ExitCode, type SourceLocation, TidemarkError } from '../errors.js';
import type { Output } from './output.js';

/** An error as `--json` shows it. */
export interface ErrorReport {
  readonly code: string;
  readonly message: string;
  readonly location?: SourceLocation;
  readonly excerpt?: string;
  readonly hints: readonly string[];
  readonly details: Readonly<Record<string, unknown>>;
}

/** 1 for everything that is not a TidemarkError. */
export function exitCodeOf(error: unknown): ExitCode {
  return error instanceof TidemarkError ? error.exitCode : 1;
}

export function reportError(error: unknown): ErrorReport {
  if (error instanceof TidemarkError) {
    const { code, message, location, excerpt, hints, details } = error;
    return { code, message, ...(location && { location }), ...(excerpt && { excerpt }), hints, details };
  }
  if (error instanceof DatabaseError) {
    const { sqlstate, detail, hint, context } = error;
    const details = Object.fromEntries(
      Object.entries({ sqlstate, detail, context }).filter(([, value]) => value),
    );
    return { code: 'database', message: error.message, hints: hint ? [hint] : [], details };
  }
  const message = error instanceof Error ? error.message || error.name : String(error);
  return {
    code: 'internal',
    message,
    hints: ['This is a defect of Tidemark: run the command again with --debug and report what it says.'],
    details: {},
  };
}

/** Prints an error for a person: what happened, where, and what to do next; the stack only for `debug`. */
export function printError(error: unknown, output: Output, debug: boolean, cwd: string): void {
  const { red, cyan, dim } = output.errorStyle;
  const report = reportError(error);
  output.error(`${red('error:')} ${report.message}`);
  if (report.location) output.error(`  ${dim('at')} ${place(report.location, cwd)}`);
  if (report.excerpt) output.error(`\n${indent(report.excerpt)}\n`);
  for (const fact of databaseFacts(error, [report.message, ...report.hints])) output.error(indent(fact));
  for (const hint of report.hints) output.error(`${cyan('hint:')} ${hint}`);
  if (debug) output.error(dim(stackOf(error)));
}

function place({ file, line, column }: SourceLocation, cwd: string): string {
  const near = relative(cwd, file);
  const shown = near.startsWith('..') || near === '' ? file : near;
  return `${shown}:${line}${column === undefined ? '' : `:${column}`}`;
}

/** What the engine said besides its message, as far as the error that wraps it has not said it already. */
function databaseFacts(error: unknown, said: readonly string[]): string[] {
  const source = error instanceof TidemarkError ? error.cause : error;
  if (!(source instanceof DatabaseError)) return [];
  const facts: [string, string | undefined][] = [
    ['detail', source.detail],
    ['context', source.context],
    ['sqlstate', source.sqlstate || undefined],
  ];
  if (error !== source) facts.splice(1, 0, ['server hint', source.hint]);
  return facts.flatMap(([name, value]) =>
    value && !said.some((text) => text.includes(value)) ? [`${name}: ${value}`] : [],
  );
}

function stackOf(error: unknown): string {
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const cause = error instanceof Error ? error.cause : undefined;
  return cause === undefined ? stack : `${stack}\ncaused by: ${stackOf(cause)}`;
}

function indent(text: string): string {
  return text.replace(/^(?=.)/gm, '  ');
}
