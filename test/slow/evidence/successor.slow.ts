import { generateKeyPairSync } from 'node:crypto';
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { unlimited } from '../../../src/clock.ts';
import { loadConfig } from '../../../src/config/config.ts';
import { createArchiver } from '../../../src/create/archiver.ts';
import { parseEvent } from '../../../src/events/parse-event.ts';
import { receiptKey } from '../../../src/record/object-key.ts';
import { readReceipt } from '../../../src/record/receipt/read-receipt.ts';
import { signingKeyId } from '../../../src/record/receipt/receipt.ts';
import { ORGANIZATION, startKeyedArchive } from '../../e2e/keyed-archive.ts';
import { runHere } from '../../cli/run-here.ts';
import { HAS_OPENSSL, runScript } from '../../proof/run-script.ts';
import { sealArchive } from '../../proof/sealed-log.ts';

/** A signed recording that was archived twice more, each time because the platform served something else, in a sealed log. */
async function start(written: Record<string, string>) {
  const { keys, stores, base, dir, simulator, clock, logger } = await startKeyedArchive();
  await mkdir(dir, { recursive: true });
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const [signing, listed] = [path.join(dir, 'signing.pem'), path.join(dir, 'receipts.pem')];
  await writeFile(signing, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  await writeFile(listed, publicKey.export({ type: 'spki', format: 'pem' }));
  const env = {
    ...base,
    ARCHIVE_STORE: stores['directory'] ?? '',
    GENESYS_ORGANIZATION_ID: ORGANIZATION,
    ARCHIVE_SIGNING_KEY_FILE: signing,
    ARCHIVE_RECEIPT_PUBLIC_KEYS: listed,
    ...keys.aes.write,
    ...written,
  };
  const archiver = await createArchiver(loadConfig({ env }, 'archive'), { clock, logger });
  const { store } = archiver;
  const [recording] = simulator.recordings;
  const parsed = parseEvent(simulator.event(recording?.id ?? '', 'eventbridge'));
  const [request] = parsed.kind === 'requests' ? parsed.requests : [];
  if (request === undefined) throw new Error('the event names nothing');
  const [first] = await archiver.archive(request);
  if (first?.state !== 'archived') throw new Error(`not archived: ${first?.state}`);
  const locate = () => Promise.reject(new Error('it is stated'));
  for (const reason of ['the call was redacted', 'and once more']) {
    simulator.faults.add({ on: 'download', fault: { kind: 'change-etag', etag: 'changed' } });
    await archiver.again(request, { reason, locate });
  }
  archiver.close();
  const receipt = await readReceipt(store, receiptKey(first.key), unlimited);
  const at = Date.parse(receipt?.times.recorded ?? '');
  const sealed = await sealArchive(
    {
      store,
      recordings: [{ ids: first.ids, at }],
      ports: { keys: new Map([[signingKeyId(publicKey), publicKey]]) },
    },
    {
      organization: ORGANIZATION,
      first: new Date(at).toISOString().slice(0, 10),
      now: at + 3 * 86_400_000,
    },
  );
  const all = { ...env, ...sealed.env };
  const cli = (...args: string[]) => runHere(args, { env: all });
  return { cli, dir, id: first.ids.recordingId, key: first.key };
}

async function hashesOf(folder: string): Promise<string> {
  const { output } = await runScript(
    'sh',
    ['-c', 'find . -type f ! -name MANIFEST.sha256 | sed "s,^./,," | LC_ALL=C sort | xargs sha256sum'],
    folder,
  );
  return output;
}

describe.each([
  ['metadata', {}],
  ['key records', { ARCHIVE_KEY_PLACEMENT: 'records' }],
])('an evidence package of a recording that was archived again, with data keys in %s', (_where, written) => {
  it('holds every version, verifies, and names the current one in the README, by the script and by verify-proof', async () => {
    const { cli, dir, id, key } = await start(written);
    const before = key.replace(/\.enc$/, '.v2.enc');
    for (const more of [[], ['--decrypt']]) {
      const out = path.join(dir, `case${more.length}`);
      expect(await cli('evidence', id, ...more, '-o', out)).toMatchObject({ code: 0 });
      const names = (await readdir(path.join(out, 'media'))).filter((name) => !name.endsWith('.json'));
      const ending = more.length === 0 ? 'enc' : 'wav';
      expect(new Set(names)).toEqual(
        new Set(['', '.v2', '.v3'].map((version) => `${id}${version}.${ending}`)),
      );
      expect(await readFile(path.join(out, 'README.txt'), 'utf8')).toContain(
        `    ${id}.v3  takes the place of ${before}\n\nWHAT IT DOES NOT SHOW`,
      );
      const verified = await cli('verify-proof', out);
      expect([verified.code, verified.stdout]).toEqual([
        0,
        `CURRENT  ${id}.v3  takes the place of ${before}\n`,
      ]);
      if (!HAS_OPENSSL) continue;
      const { code, output } = await runScript('sh', ['verify-proof.sh'], out);
      expect([code, output]).toEqual([
        0,
        expect.stringMatching(
          new RegExp(
            `^CURRENT: ${id}\\.v3 takes the place of ${before}\nOK: 4 files are in the log of \\d+ entries\n$`,
            'm',
          ),
        ),
      ]);
    }
  });

  it('is refused where one version stands under the name of another, or a recording without a receipt', async () => {
    const { cli, dir, id } = await start(written);
    const out = path.join(dir, 'case');
    const made = await cli('evidence', id, '-o', out);
    expect(made).toMatchObject({ code: 0 });
    const media = (version: string) => path.join(out, `media/${id}${version}.enc`);
    const check = async (file: string, problem: string) => {
      // the list of hashes is as good as the package
      await writeFile(path.join(out, 'MANIFEST.sha256'), await hashesOf(out));
      const verified = await cli('verify-proof', out);
      expect([verified.code, verified.stdout]).toEqual([
        5,
        expect.stringContaining(`FAIL  ${file}: ${problem}`),
      ]);
      if (!HAS_OPENSSL) return;
      const { code, output } = await runScript('sh', ['verify-proof.sh'], out);
      expect([code, output]).toEqual([1, expect.stringContaining(`FAIL: ${file}: ${problem}`)]);
    };
    await rename(media(''), media('.kept'));
    await rename(media('.v2'), media(''));
    await rename(media('.kept'), media('.v2'));
    await check(`media/${id}.enc`, 'not the recording that the receipt describes');
    await rename(media(''), media('.kept'));
    await rename(media('.v2'), media(''));
    await rename(media('.kept'), media('.v2'));
    await writeFile(media('.v4'), 'planted');
    await check(`media/${id}.v4.enc`, 'no receipt describes it');
  });
});
