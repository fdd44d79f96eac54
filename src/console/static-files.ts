import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { ArchiveError, describeForeign } from '../errors.ts';
import type { ConsoleAnswer, ConsoleRequest } from './exchange.ts';
import { present } from '../present.ts';

export interface StaticFiles {
  /** `undefined` for a path of no file. */
  answer(request: Pick<ConsoleRequest, 'path' | 'headers'>): Promise<ConsoleAnswer | undefined>;
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
};

/** Its name changes with its content. */
const HASHED = /[.-][A-Za-z0-9]{8,}\.(?:js|css)$/;

/** Shown where the package was made without the page. */
const NO_PAGE =
  '<!doctype html><html lang="en"><meta charset="utf-8"><title>genesys-archive console</title><p>The page was not built: run <code>npm run build</code>, and start the console again. Its API answers all the same.</p>';

/**
 * The files of the page, read once: no path of a request ever becomes a path of the disk. `NAME.br` is sent in the place of `NAME` to
 * who takes Brotli.
 *
 * @throws `OUTPUT_FAILED` when the folder is there and cannot be read.
 */
export async function readStaticFiles(folder: string): Promise<StaticFiles> {
  const files = new Map<string, Buffer>();
  try {
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      if (entry.isFile()) files.set(`/${entry.name}`, await readFile(path.join(folder, entry.name)));
    }
  } catch (error) {
    const isMissing = (error as { code?: unknown }).code === 'ENOENT';
    if (!isMissing)
      throw new ArchiveError('OUTPUT_FAILED', `the console’s page cannot be read: ${describeForeign(error)}`);
  }
  if (!files.has('/index.html')) files.set('/index.html', Buffer.from(NO_PAGE));
  return {
    answer: ({ path: asked, headers }) => {
      const name = asked === '/' ? '/index.html' : asked;
      const plain = files.get(name);
      const type = TYPES[path.extname(name)];
      if (plain === undefined || type === undefined) return Promise.resolve(undefined);
      const packed = takesBrotli(headers['accept-encoding']) ? files.get(`${name}.br`) : undefined;
      const isHashed = HASHED.test(name);
      const etag = `"${createHash('sha256').update(plain).digest('base64url').slice(0, 22)}"`;
      const known = {
        'content-type': type,
        vary: 'accept-encoding',
        ...(isHashed
          ? { 'cache-control': 'public, max-age=31536000, immutable' }
          : { 'cache-control': 'no-store' }),
        ...present({ 'content-encoding': packed === undefined ? undefined : 'br' }),
      };
      if (isHashed && headers['if-none-match'] === etag)
        return Promise.resolve({ status: 304, headers: { ...known, etag } });
      return Promise.resolve({
        status: 200,
        headers: isHashed ? { ...known, etag } : known,
        body: packed ?? plain,
      });
    },
  };
}

const takesBrotli = (header: string | undefined) =>
  (header ?? '').split(',').some((one) => /^\s*br\s*(?:;\s*q=(?!0(?:\.0*)?\s*$)[\d.]+\s*)?$/.test(one));
