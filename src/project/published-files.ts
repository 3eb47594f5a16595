import { execFile } from 'node:child_process';

/** A question to git that takes longer is not worth its answer. */
const TIMEOUT_MS = 3_000;

/**
 * The files of a folder that are on the upstream branch, as far as this clone knows (nothing is fetched): names within
 * the folder, and below it with their path. Undefined where git cannot say: no work tree, no upstream, no git.
 */
export async function publishedFiles(folder: string): Promise<ReadonlySet<string> | undefined> {
  for (const branch of ['@{upstream}', 'origin/HEAD']) {
    const listed = await git(folder, ['ls-tree', '-r', '-z', '--name-only', branch, '--', '.']);
    if (listed !== undefined) return new Set(listed.split('\0').filter((name) => name !== ''));
  }
  return undefined;
}

function git(cwd: string, args: readonly string[]): Promise<string | undefined> {
  return new Promise((resolve) => {
    const options = { cwd, timeout: TIMEOUT_MS, windowsHide: true, maxBuffer: 64 * 1024 * 1024 };
    execFile('git', [...args], options, (error, stdout) => resolve(error === null ? stdout : undefined));
  });
}
