import { createReadStream } from 'node:fs';
import { appendFile, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { SortSpool } from '../../backfill/sources/inventory.ts';

/** Lines that are written together. */
const BUFFERED_LINES = 2_000;

/** Keeps a long list in files of the temporary directory, which only this user can read, until it is cleared. */
export async function openSortSpool(): Promise<SortSpool> {
  const dir = await mkdtemp(path.join(tmpdir(), 'genesys-archive-plan-'));
  const buffered = new Map<string, string[]>();
  let lines = 0;
  const flush = async () => {
    for (const [part, texts] of buffered) {
      await appendFile(path.join(dir, part), texts.join(''), { mode: 0o600 });
    }
    buffered.clear();
    lines = 0;
  };
  return {
    async append(part, line) {
      const texts = buffered.get(part) ?? [];
      texts.push(`${line}\n`);
      buffered.set(part, texts);
      lines += 1;
      if (lines >= BUFFERED_LINES) await flush();
    },
    async parts() {
      await flush();
      return (await readdir(dir)).toSorted();
    },
    read: (part) => createInterface({ input: createReadStream(path.join(dir, part)) }),
    clear: () => rm(dir, { recursive: true, force: true }),
  };
}
