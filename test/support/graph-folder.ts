import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type InProcessOptions, inProcess } from './cli-in-process.js';

/**
 * A project in `cwd` with a migration for each line of `graph`: `id name`, with `<a,b` for parents (`<base`), `~a`
 * for dependencies and `[label]`. Each makes a table `t_<id>`.
 */
export async function writeGraph(cwd: string, graph: string): Promise<void> {
  mkdirSync(join(cwd, 'migrations'), { recursive: true });
  for (const line of graph.split('\n').filter((text) => text.trim() !== '')) {
    const [id, name, ...rest] = line.trim().split(/\s+/);
    const directives = rest.map((word) => {
      if (word.startsWith('<')) return `-- tidemark:parent ${word.slice(1).replaceAll(',', ' ')}`;
      if (word.startsWith('~')) return `-- tidemark:depends-on ${word.slice(1)}`;
      return `-- tidemark:branch ${word.slice(1, -1)}`;
    });
    const file = join(cwd, 'migrations', `${id}_${name}`);
    writeFileSync(`${file}.sql`, [...directives, `CREATE TABLE t_${id} (id integer);`, ''].join('\n'));
    writeFileSync(`${file}.down.sql`, `DROP TABLE t_${id};\n`);
  }
  await inProcess(['migrate', 'hash'], { cwd });
}

/** `run('migrate heads --check')` in a folder, on its SQLite database. */
export function runner(cwd: () => string, url = 'sqlite:app.db') {
  return (line: string, options: Partial<InProcessOptions> = {}) =>
    inProcess([...line.split(' '), '--url', url], { cwd: cwd(), ...options });
}

/** b and c follow a; c is a labelled branch. */
export const FORK = `
  1000 start
  2000 main <1000
  2001 side <1000 [reports]
  2002 more <2001
`;
