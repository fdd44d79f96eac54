import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { checkTimestamp, createTimestamper, readCertificates } from '../../src/anchor/rfc3161.ts';
import { unlimited } from '../../src/clock.ts';
import { createTransport } from '../../src/http/transport.ts';
import { makeMutantLog } from '../proof/mutant-log.ts';
import { placeIn } from '../proof/log-fixture.ts';
import { startAuthority } from '../proof/local-authority.ts';
import { HAS_OPENSSL } from '../proof/run-script.ts';
import { auditLog } from '../../src/proof/verify/audit-log.ts';

/**
 * A few bits carry nothing: those that fill up the last byte of what is packed, and those of a time stamp that its signature does not
 * cover. Then what is stated has to be the same, to the bit.
 */
function saysTheSame(
  key: string,
  kept: Buffer,
  body: Buffer,
  timeOf: (token: Buffer) => number | undefined,
): boolean {
  if (key.endsWith('.gz')) return gunzipSync(kept).equals(gunzipSync(body));
  return key.endsWith('.tsr') && timeOf(kept) !== undefined && timeOf(kept) === timeOf(body);
}

const MUTANTS = 5_000;
/** Of a gzip file (RFC 1952): time, flags and system of who packed it, which are no part of what is packed. */
const GZIP_HEADER = 10;

describe.skipIf(!HAS_OPENSSL)('a log of which one bit is changed', () => {
  it('is found to be changed in each of 5000 cases, over entries, tiles, statements, staged seals, keys, lists, access entries, notes and time stamps', async () => {
    const authority = await startAuthority();
    const transport = createTransport({});
    const trusted = readCertificates(authority.ca);
    const checkToken = (token: Buffer, note: Buffer): void => {
      checkTimestamp(token, note, trusted);
    };
    try {
      const { store, place } = await makeMutantLog((archive) => [
        createTimestamper({
          url: authority.url,
          trusted,
          transport,
          store: archive,
          keyOf: (size, name) => placeIn(archive).keys.token(size, name),
        }),
      ]);
      expect((await auditLog(place, [], unlimited, checkToken)).findings).toEqual([]);
      const timeOf = (key: string) => (token: Buffer) => {
        const size = /(\d{12})\.[^/]+$/.exec(key)?.[1] ?? '';
        const note = store.bodyOf(key.replace(/[^/]+$/, `${size}.note`));
        try {
          return checkTimestamp(token, note, trusted);
        } catch {
          return undefined;
        }
      };
      const keys = [...store.objects.keys()].filter(
        (key) => key.startsWith('proof/') && !key.endsWith('log.json'),
      );
      const kinds = new Map<string, number>();
      const unnoticed: string[] = [];
      for (let mutant = 0; mutant < MUTANTS; mutant += 1) {
        const key = keys[mutant % keys.length] ?? '';
        const kept = store.objects.get(key);
        if (kept === undefined) throw new Error(`no ${key}`);
        const first = key.endsWith('.gz') ? GZIP_HEADER : 0;
        const at = first + ((mutant * 7_919) % (kept.body.length - first));
        const body = Buffer.from(kept.body);
        body.writeUInt8((body[at] ?? 0) ^ (1 << (mutant % 8)), at);
        store.objects.set(key, { ...kept, body });
        const kind = key.endsWith('.tsr') ? 'tokens' : (key.split('/')[2] ?? '');
        kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
        const found = await auditLog(
          place,
          [],
          unlimited,
          key.endsWith('.tsr') || key.endsWith('.note') ? checkToken : undefined,
        ).then(
          ({ findings }) => findings.length > 0,
          () => true,
        );
        if (!found && !saysTheSame(key, kept.body, body, timeOf(key)))
          unnoticed.push(`${key} byte ${at} bit ${mutant % 8}`);
        store.objects.set(key, kept);
      }
      expect(unnoticed).toEqual([]);
      expect([...kinds.keys()].sort()).toEqual([
        'access',
        'checkpoint',
        'checkpoints',
        'days',
        'keys',
        'lists',
        'seals',
        'tile',
        'tokens',
      ]);
      // none of them is there for the name alone
      for (const [kind, count] of kinds) expect([kind, count >= 100]).toEqual([kind, true]);
    } finally {
      transport.close();
      await authority.close();
    }
  }, 600_000);
});
