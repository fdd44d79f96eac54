import { copyFile, readFile, rm, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { receiptKey } from '../../src/record/object-key.ts';
import { verifyArchive } from '../../src/audit/verify-archive.ts';
import type { VerifyDepth } from '../../src/audit/verify-recording.ts';
import { unlimited } from '../../src/clock.ts';
import { makeSealedArchive, type SealedArchive } from './sealed-archive.ts';

async function scrub(archive: SealedArchive, depth: VerifyDepth): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>();
  let seen = 0;
  await verifyArchive(
    archive.ports,
    { depth, concurrency: 8 },
    {
      onVerified: (verified) => {
        seen += 1;
        if (verified.state === 'failed') throw verified.error;
        const { key, findings } = verified.verification;
        if (findings.length > 0)
          found.set(
            key,
            findings.map(({ kind }) => kind),
          );
      },
    },
    unlimited,
  );
  expect(seen).toBe(archive.recordings.length);
  return found;
}

/** Injects 50 faults into an archive of `count` recordings, ten of each kind, and scrubs it at every depth. */
export function describeScrub(count: number): void {
  describe(`a scrub of ${count} recordings with 50 faults`, () => {
    let archive: SealedArchive;
    const injected = new Map<string, string>();
    beforeAll(async () => {
      archive = await makeSealedArchive(count, 300);
      const { recordings, fileOf, recordOf, store } = archive;
      // ten of each kind, spread over the days; of as many recordings in a row one is damaged
      const apart = count / 50;
      const targets = recordings.filter((_, index) => index % apart === Math.floor(index / apart) % apart);
      const kinds = ['bit flip', 'delete', 'swap', 'metadata edit', 'rollback'];
      for (const [index, { key, ids, at }] of targets.entries()) {
        const kind = kinds[index % kinds.length] ?? '';
        injected.set(key, kind);
        if (kind === 'bit flip') {
          const body = await readFile(fileOf(key));
          const place = (index * 7919) % body.length;
          body.writeUInt8(body.readUInt8(place) ^ (1 << (index % 8)), place);
          await writeFile(fileOf(key), body);
        } else if (kind === 'delete') {
          await Promise.all([rm(fileOf(key)), rm(recordOf(key))]);
        } else if (kind === 'swap') {
          const other = recordings[index * apart + ((index + 2) % apart)]?.key ?? '';
          await copyFile(fileOf(other), fileOf(key));
          await copyFile(recordOf(other), recordOf(key));
        } else if (kind === 'metadata edit') {
          const text = await readFile(recordOf(key), 'utf8');
          await writeFile(recordOf(key), text.replace('"gca-v": "1"', '"gca-v": "2"'));
        } else {
          const [body, record] = [await readFile(fileOf(key)), await readFile(recordOf(key))];
          for (const name of [key, receiptKey(key)]) {
            await Promise.all([rm(fileOf(name)), rm(recordOf(name))]);
          }
          await archive.add(ids, at, { bytes: 300 });
          await Promise.all([writeFile(fileOf(key), body), writeFile(recordOf(key), record)]);
        }
      }
      expect(injected.size).toBe(50);
      expect(await store.head(recordings[0]?.key ?? '', unlimited)).toBeDefined();
    }, 120_000);
    afterAll(() => archive.remove());

    it.each(['ciphertext', 'full'] as const)('at depth %s: 50 found, 0 false alarms', async (depth) => {
      const found = await scrub(archive, depth);
      expect([...found.keys()].toSorted()).toEqual([...injected.keys()].toSorted());
      const telling = {
        'bit flip': 'ciphertext-sha256',
        delete: 'missing-object',
        swap: 'swapped',
        'metadata edit': 'metadata',
        rollback: 'checksum',
      };
      for (const [key, kind] of injected) {
        expect(found.get(key)).toContain(telling[kind as keyof typeof telling]);
      }
    });

    it('at depth head: the 40 that show without reading, 0 false alarms', async () => {
      const found = await scrub(archive, 'head');
      const visible = [...injected].filter(([, kind]) => kind !== 'bit flip').map(([key]) => key);
      expect([...found.keys()].toSorted()).toEqual(visible.toSorted());
    });
  });
}
