import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { PGlite } from '@electric-sql/pglite';
import { BUNDLES, bundlePath, EMBEDDED_EXTENSIONS } from './embedded-extensions.js';
import { readTar } from './tar.js';

const ROOT = '/pglite';
const CONTROL_FILES = `${ROOT}/share/postgresql/extension`;
const LIBRARIES = `${ROOT}/lib/postgresql`;

/** A folder of Emscripten's in-memory file system, as far as it is touched here. */
interface FolderNode {
  node_ops: {
    lookup(parent: FolderNode, name: string): unknown;
    readdir(folder: FolderNode): string[];
  };
}

interface FileSystem {
  lookupPath(path: string): { node: FolderNode };
  mkdirTree(path: string): void;
  writeFile(path: string, data: Uint8Array): void;
}

/**
 * Brings the files of an extension into the engine when it first looks for one of them. PGlite itself takes
 * extensions only when an instance is created, but what a database needs is not known then: a migration
 * creates the extension later, from a DO block or with CASCADE, or it is in the folder since last week.
 *
 * The engine always begins with a file it does not find: CREATE EXTENSION reads `NAME.control`, a call of a
 * function loads its `.so`. The look-up in those two folders is where Emscripten's file system asks for a
 * name, so a bundle is unpacked there, in about 5 ms, and nothing is paid for extensions nobody uses.
 */
export function loadExtensionsOnDemand(engine: PGlite): void {
  const files = engine.Module.FS as unknown as FileSystem;
  const pending = new Map<string, string>(); // File name to archive.
  for (const bundle of BUNDLES) {
    const archive = bundlePath(bundle);
    for (const name of bundle.extensions) pending.set(`${name}.control`, archive);
    for (const name of bundle.libraries ?? bundle.extensions) pending.set(`${name}.so`, archive);
  }

  const unpack = (archive: string) => {
    for (const [name, from] of pending) if (from === archive) pending.delete(name);
    for (const entry of readTar(gunzipSync(readFileSync(archive)))) {
      const path = `${ROOT}/${entry.name}`;
      if (!entry.folder && !entry.name.startsWith('include/')) {
        files.mkdirTree(path.slice(0, path.lastIndexOf('/')));
        files.writeFile(path, entry.data);
      }
    }
  };

  for (const path of [CONTROL_FILES, LIBRARIES]) {
    const folder = files.lookupPath(path).node;
    const { lookup, readdir } = folder.node_ops;
    folder.node_ops = {
      ...folder.node_ops,
      lookup(parent, name) {
        const archive = pending.get(name);
        if (archive === undefined) return lookup(parent, name);
        unpack(archive);
        return files.lookupPath(`${path}/${name}`).node;
      },
      // pg_available_extensions lists the folder: what is not unpacked yet is there all the same.
      readdir(node) {
        const waiting = EMBEDDED_EXTENSIONS.map((name) => `${name}.control`).filter((name) =>
          pending.has(name),
        );
        return [...readdir(node), ...(path === CONTROL_FILES ? waiting : [])];
      },
    };
  }
}
