import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { ExportTarget } from './write-export.ts';

/** Writes an export below a directory, keys as paths. Files that are there already are kept: the platform exports once. */
export function exportDirectory(dir: string): ExportTarget {
  return {
    async put(key, _contentType, bytes) {
      const file = path.join(dir, ...key.split('/'));
      await mkdir(path.dirname(file), { recursive: true });
      await writeFile(file, bytes, { flag: 'wx' }).catch((error: unknown) => {
        if ((error as { code?: unknown }).code !== 'EEXIST') throw error;
      });
    },
  };
}
