import { createPrivateKey } from 'node:crypto';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { unlimited } from '../../../src/clock.ts';
import { sealDays } from '../../../src/proof/seal-days.ts';
import { createReceiptSigner, formatSigned } from '../../../src/record/receipt/receipt.ts';
import { putSmall } from '../../../src/record/small-object.ts';
import { SOURCE_DELETION_SCHEMA, sourceDeletionKey } from '../../../src/record/source-deletion.ts';
import { makeSealedLog, type SealedLog } from '../../proof/sealed-log.ts';
import { runHere } from '../../cli/run-here.ts';

let log: SealedLog;
let dir: string;
beforeAll(async () => {
  log = await makeSealedLog(6, 200);
  dir = await mkdtemp(path.join(tmpdir(), 'proofs-outlive-'));
});
afterAll(async () => {
  await log.remove();
  await rm(dir, { recursive: true });
});

it('verifies every proof that was made before a deletion at the source and an erasure, and every one that is made after', async () => {
  const { recordings, store, privateKeyPem } = log.archive;
  const prove = async (id: string, name: string) => {
    const out = path.join(dir, name);
    const done = await runHere(['prove', id, '-o', out], { env: log.env });
    expect(`${done.code} ${done.stderr}`).toMatch(/^0 /);
    return out;
  };
  const verify = async (out: string) => {
    const found = (await readdir(out)).filter((one) => one.endsWith('.receipt.json'));
    expect(found.length).toBeGreaterThan(0);
    for (const one of found) {
      const done = await runHere(['verify-proof', path.join(out, one)], { env: log.env });
      expect(`${one} ${done.code} ${done.stderr}`).toMatch(/ 0 /);
    }
  };
  const before: string[] = [];
  for (const { ids } of recordings) before.push(await prove(ids.recordingId, `before-${ids.recordingId}`));
  for (const out of before) await verify(out);

  // the first two are deleted at the platform, which lists them no more; the second is erased here as well
  const signer = createReceiptSigner(createPrivateKey(privateKeyPem));
  const gone = recordings.slice(0, 2);
  for (const { ids, at } of gone) {
    const day = new Date(at).toISOString().slice(0, 10);
    const step = {
      schema: SOURCE_DELETION_SCHEMA,
      n: 1,
      step: 'gone',
      day,
      ids: { conversation: ids.conversationId, recording: ids.recordingId },
      by: 'A. Brandt',
      answer: 'DELETED',
      times: { issued: '2026-05-30T00:00:00.000Z' },
      tool: { name: 'genesys-media-archive', version: '1' },
    };
    const key = sourceDeletionKey({ day, recording: ids.recordingId, n: 1 });
    await putSmall(store, key, await formatSigned(step, signer), unlimited);
  }
  const erased = gone[1]?.ids.recordingId ?? '';
  const pem = path.join(dir, 'receipts.pem');
  await writeFile(pem, privateKeyPem, { mode: 0o600 });
  const env = { ...log.env, ARCHIVE_SIGNING_KEY_FILE: pem };
  const plan = await runHere(['erase', erased, '--reason', 'request 31', '--json'], { env });
  const named = plan.records().find(({ type }) => type === 'plan');
  const done = await runHere(['erase', '--confirm', String(named?.['plan']), '--yes', '1'], { env });
  expect(`${done.code} ${done.stderr}`).toMatch(/^0 /);
  const listDay = log.ports.source.listDay.bind(log.ports.source);
  const ids = new Set(gone.map((one) => one.ids.recordingId));
  const source = {
    listDay: async (day: string) => {
      const listed = await listDay(day, unlimited);
      return { ...listed, recordings: listed.recordings.filter(({ recordingId }) => !ids.has(recordingId)) };
    },
  };
  const now = () => log.ports.now() + 5 * 86_400_000;
  const days = new Set(gone.map(({ at }) => new Date(at).toISOString().slice(0, 10)));
  const { statements } = await sealDays({ ...log.ports, source, now }, {}, unlimited);
  const reasons = statements
    .filter(({ day }) => days.has(day))
    .map(({ differences }) => differences?.unexpected.byReason ?? {});
  expect(reasons).toContainEqual({ 'deleted-by-archive': 1 });

  for (const out of before) await verify(out);
  for (const {
    ids: { recordingId },
  } of recordings) {
    if (recordingId === erased) continue;
    await verify(await prove(recordingId, `after-${recordingId}`));
  }
  expect((await runHere(['verify-proof', '--all'], { env: log.env })).code).toBe(0);
}, 60_000);
