import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  checkTimestamp,
  createTimestamper,
  readCertificates,
  timestampRequest,
} from '../../src/anchor/rfc3161.ts';
import { unlimited } from '../../src/clock.ts';
import { createTransport } from '../../src/http/transport.ts';
import { failure } from '../failure.ts';
import { type LocalAuthority, startAuthority } from '../proof/local-authority.ts';
import { plainStore } from '../proof/plain-store.ts';
import { HAS_OPENSSL, runScript } from '../proof/run-script.ts';

const NOTE = 'recordings.example.com/proof/org\n3\nroot\n\n— recordings.example.com/proof/org signature\n';
const CHECKPOINT = { size: 3, root: 'root', note: NOTE };

describe.skipIf(!HAS_OPENSSL)('time stamps of an authority', () => {
  let authority: LocalAuthority;
  const transport = createTransport({});
  beforeAll(async () => {
    authority = await startAuthority();
  });
  afterAll(async () => {
    transport.close();
    await authority.close();
  });
  const stamper = (store = plainStore(), ca = authority.ca) => ({
    store,
    anchor: createTimestamper({
      url: authority.url,
      trusted: readCertificates(ca),
      transport,
      store,
      keyOf: (size, name) => `checkpoints/${size}.${name}.tsr`,
    }),
  });

  it('are asked for with the hash of the checkpoint, stored, and verified by openssl', async () => {
    const { store, anchor } = stamper();
    const { time = 0 } = await anchor.keep(CHECKPOINT, unlimited);
    expect(Math.abs(time - Date.now())).toBeLessThan(120_000);
    const [key = ''] = store.objects.keys();
    expect(key).toBe('checkpoints/3.127.0.0.1.tsr');
    await writeFile(path.join(authority.dir, 'note'), NOTE);
    await writeFile(path.join(authority.dir, 'token.tsr'), store.bodyOf(key));
    const args = ['ts', '-verify', '-data', 'note', '-in', 'token.tsr', '-CAfile', 'root.pem'];
    expect((await runScript('openssl', args, authority.dir)).output).toContain('Verification: OK');
    expect(timestampRequest(Buffer.from(NOTE))).toHaveLength(59);
  });

  it('are asked for once', async () => {
    const { anchor } = stamper();
    const first = await anchor.keep(CHECKPOINT, unlimited);
    authority.answer.status = 500;
    expect(await anchor.keep(CHECKPOINT, unlimited)).toEqual(first);
    expect((await failure(anchor.keep({ ...CHECKPOINT, size: 4 }, unlimited))).code).toBe(
      'ANCHOR_UNAVAILABLE',
    );
    authority.answer.status = 200;
  });

  it('of another document, another root, another purpose, or changed by a byte are refused and not stored', async () => {
    const { store, anchor } = stamper();
    const request = timestampRequest(Buffer.from(NOTE));
    const good = await authority.stamp(request);
    const run = (command: string, ...args: string[]) => runScript(command, args, authority.dir);
    await run(
      'openssl',
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      'web.key',
      '-out',
      'web.pem',
      '-subj',
      '/CN=web',
      '-days',
      '3',
      '-config',
      'tsa.cnf',
      '-extensions',
      'ca',
    );
    const other = readCertificates(
      await import('node:fs').then(({ readFileSync }) =>
        readFileSync(path.join(authority.dir, 'web.pem'), 'utf8'),
      ),
    );
    expect(() => checkTimestamp(good, Buffer.from(NOTE), other)).toThrow(/does not lead to/);
    const answers = [
      await authority.stamp(timestampRequest(Buffer.from('another document'))),
      Buffer.from('no time stamp'),
      Buffer.alloc(0),
      Buffer.from('3005300302010', 'hex'),
      Buffer.concat([good.subarray(0, -1), Buffer.from([(good.at(-1) as number) ^ 1])]),
    ];
    for (const answer of answers) {
      authority.answer.override = () => answer;
      expect((await failure(anchor.keep(CHECKPOINT, unlimited))).code).toBe('ANCHOR_REFUSED');
    }
    authority.answer.override = undefined;
    expect([...store.objects.keys()]).toEqual([]);
  });

  it('of an expired certificate count as long as it was valid at the stated time', async () => {
    const good = await authority.stamp(timestampRequest(Buffer.from(NOTE)));
    expect(checkTimestamp(good, Buffer.from(NOTE), readCertificates(authority.ca))).toBeGreaterThan(0);
    expect(() => readCertificates('nothing')).toThrow(/holds no certificate/);
  });
});
