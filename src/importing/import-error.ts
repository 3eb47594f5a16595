import { TidemarkError } from '../errors.js';

/** `import-not-found` (exit code 2): the path is no project of the tool. */
export function notFound(message: string, hints: readonly string[]): TidemarkError {
  return new TidemarkError('import-not-found', message, { exitCode: 2, hints });
}

/** `import-checksum`: the project's own checksums do not hold. */
export function wrongChecksum(
  message: string,
  hints: readonly string[],
  details: Readonly<Record<string, unknown>> = {},
): TidemarkError {
  return new TidemarkError('import-checksum', message, { hints, details });
}

/** `import-unsupported`: something that cannot be converted, with its place. */
export function unsupported(
  file: string,
  line: number,
  message: string,
  hints: readonly string[],
): TidemarkError {
  return new TidemarkError('import-unsupported', `${file}:${line}: ${message}`, {
    location: { file, line },
    hints,
  });
}
