const BLOCK = 512;

export interface TarEntry {
  /** Path without a leading slash. */
  readonly name: string;
  readonly folder: boolean;
  readonly data: Buffer;
}

/** Lists the files and folders of a plain tar (ustar; what PGlite and its extension bundles are made of). */
export function* readTar(tar: Buffer): Generator<TarEntry> {
  for (let at = 0; at + BLOCK <= tar.length && tar[at] !== 0; ) {
    const header = tar.subarray(at, at + BLOCK);
    const size = Number.parseInt(text(header, 124, 12), 8);
    const prefix = text(header, 345, 155);
    const name = (prefix === '' ? '' : `${prefix}/`) + text(header, 0, 100);
    const folder = text(header, 156, 1) === '5' || name.endsWith('/');
    const start = at + BLOCK;
    yield { name: name.replace(/^\/+|\/+$/g, ''), folder, data: tar.subarray(start, start + size) };
    at = start + Math.ceil(size / BLOCK) * BLOCK;
  }
}

function text(header: Buffer, offset: number, length: number): string {
  const field = header.subarray(offset, offset + length);
  const end = field.indexOf(0);
  return field.toString('utf8', 0, end === -1 ? length : end).trim();
}
