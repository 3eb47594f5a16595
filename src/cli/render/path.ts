import { isAbsolute, join, relative } from 'node:path';

/** A file of a folder as the user would type it: relative to the working folder where that is shorter. */
export function relativePath(folder: string, file: string, cwd: string): string {
  const full = isAbsolute(file) ? file : join(folder, file);
  const short = relative(cwd, full);
  return short === '' || short.length > full.length ? full : short;
}
