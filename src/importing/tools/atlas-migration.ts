import { hasStatements } from '../../migrations/sql-comments.js';
import { unsupported } from '../import-error.js';
import { lineAt } from '../source-file.js';
import { endStatement, trimSection } from '../statement-end.js';

/** A file of an Atlas folder taken apart. */
export interface AtlasMigration {
  readonly up: string;
  readonly down: string | undefined;
  readonly transaction: 'file' | 'none';
  /** It stands for all files before it. */
  readonly checkpoint: boolean;
  /** It had assertions that run before it. */
  readonly checks: boolean;
}

const DIRECTIVE = /^[ \t]*(?:--|#)[ \t]*atlas:(\w+)(?:[ \t]+(.*?))?[ \t]*$/;

/**
 * Reads a file's directives and takes them out. Atlas itself overlooks a directive without a blank line after it;
 * what its author meant counts here. Throws TidemarkError (`import-unsupported`) for what cannot be converted.
 */
export function readAtlasMigration(path: string, text: string): AtlasMigration {
  const foreign = /^--\s*(?:\+goose|migrate:(?:up|down)|liquibase\s+formatted)\b/m.exec(text);
  if (foreign !== null) {
    throw unsupported(path, lineAt(text, foreign.index), 'the file is in the format of another tool', [
      'Import the folder with --from goose, dbmate or liquibase-sql: Atlas reads their files, too.',
    ]);
  }
  return /^\s*--[ \t]*atlas:txtar\b/.test(text) ? readArchive(path, text) : readPlain(path, text);
}

function readPlain(path: string, text: string): AtlasMigration {
  const found = new Map<string, string>();
  const lines = text.split('\n');
  const kept: string[] = [];
  let begun = false;
  for (const [index, line] of lines.entries()) {
    const [, name, argument = ''] = DIRECTIVE.exec(line) ?? [];
    if (!begun && name !== undefined) {
      if (name === 'import') {
        throw unsupported(path, index + 1, '"atlas:import" cannot be converted', [
          'Put the SQL of the imported file in its place.',
        ]);
      }
      found.set(name, argument);
    } else if (!begun && /^\s*#/.test(line)) kept.push(line.replace('#', '--'));
    else if (name !== 'nolint') kept.push(line);
    begun ||= !/^\s*(?:(?:--|#).*)?$/.test(line);
  }
  const body = trimSection(kept.join('\n'));
  const delimiter = found.get('delimiter')?.replace(/\\([nrt])/g, (_, letter: string) => ESCAPES[letter]!);
  return {
    up: delimiter === undefined ? body : withSemicolons(body, delimiter),
    down: undefined,
    transaction: found.get('txmode') === 'none' ? 'none' : 'file',
    checkpoint: found.has('checkpoint'),
    checks: false,
  };
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };

function withSemicolons(body: string, delimiter: string): string {
  if (delimiter === '') return body;
  const statements = body.split(delimiter).map((part) => endStatement(trimSection(part)));
  return statements.filter(hasStatements).join('\n');
}

/** A txtar archive: parts that each begin with `-- name --`. */
function readArchive(path: string, text: string): AtlasMigration {
  const parts = new Map<string, string>();
  const markers = [...text.matchAll(/^-- (\S.*?) --[ \t]*$/gm)];
  for (const [at, marker] of markers.entries()) {
    parts.set(marker[1]!, text.slice(marker.index + marker[0].length, markers[at + 1]?.index));
  }
  const head = readPlain(path, text.slice(0, markers[0]?.index));
  const migration = parts.get('migration.sql');
  if (migration === undefined) {
    throw unsupported(path, 1, 'the archive has no part "migration.sql"', ['Atlas refuses it too.']);
  }
  const up = readPlain(path, migration);
  const down = parts.get('down.sql');
  return {
    up: up.up,
    down: down === undefined ? undefined : readPlain(path, down).up,
    transaction: head.transaction === 'none' ? 'none' : up.transaction,
    checkpoint: head.checkpoint,
    checks: [...parts.keys()].some((name) => name.startsWith('checks')),
  };
}
