import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { unlimited } from '../../../src/clock.ts';
import { readKeyringFile, writeKeyringFile } from '../../../src/envelope/keys/files.ts';
import { addKey, keyringWrapper } from '../../../src/envelope/keys/keyring.ts';
import { createS3ecEnvelope } from '../../../src/envelope/s3ec/envelope.ts';
import { keyRecordFolder } from '../../../src/record/key-record.ts';
import { runHere } from '../../cli/run-here.ts';
import { makeSealedLog, type SealedLog } from '../../proof/sealed-log.ts';

let log: SealedLog;
let dir: string;
let env: Record<string, string>;
beforeAll(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'evidence-'));
  const keyring = path.join(dir, 'keyring.json');
  await writeKeyringFile(keyring, addKey(undefined, 'k1'));
  const wrapper = keyringWrapper(await readKeyringFile(keyring));
  log = await makeSealedLog(
    4,
    300,
    createS3ecEnvelope({ format: 's3ec-v3', wrapper, organizationId: 'org', placement: 'instruction' }),
  );
  const { ENCRYPTION_KEY_HEX: _static, ...rest } = log.env;
  const signing = path.join(dir, 'signing.pem');
  await writeFile(signing, log.archive.privateKeyPem, { mode: 0o600 });
  env = {
    ...rest,
    ARCHIVE_KEYRING_FILE: keyring,
    ARCHIVE_KEY_PLACEMENT: 'records',
    ARCHIVE_SIGNING_KEY_FILE: signing,
  };
});
afterAll(async () => {
  await log.remove();
  await rm(dir, { recursive: true });
});

const idAt = (index: number): string => log.archive.recordings[index]?.ids.recordingId ?? '';
const cli = (...args: string[]) => runHere(args, { env });

describe('evidence of recordings whose data keys are kept in records', () => {
  it('verifies, needs no instruction file, and has no wrapped data key in it', async () => {
    const out = path.join(dir, 'sealed');
    expect(await cli('evidence', idAt(0), idAt(1), '-o', out)).toMatchObject({ code: 0 });
    expect(await cli('verify-proof', out)).toMatchObject({ code: 0 });
    const files = await readdir(out, { recursive: true });
    expect(files.filter((name) => name.endsWith('.instruction'))).toEqual([]);
    const { store, recordings } = log.archive;
    for await (const { key } of store.list(keyRecordFolder(recordings[0]?.key ?? ''), unlimited)) {
      const record = JSON.parse(await readFile(log.archive.fileOf(key), 'utf8')) as {
        wrap: Record<string, string>;
      };
      for (const name of files.filter((one) => /\.\w+$/.test(one))) {
        const text = await readFile(path.join(out, name), 'latin1');
        expect(`${name} ${text.includes(record.wrap['x-amz-3'] ?? 'none')}`).toBe(`${name} false`);
      }
    }
  });

  it('can hold them decrypted', async () => {
    const out = path.join(dir, 'open');
    expect(await cli('evidence', idAt(2), '--decrypt', '-o', out)).toMatchObject({ code: 0 });
    expect(await cli('verify-proof', out)).toMatchObject({ code: 0 });
    expect(await readdir(path.join(out, 'media'))).toHaveLength(1);
  });

  it('says of one whose record is gone that it is missing, and of an erased one that it was erased; the others go on', async () => {
    const { store, recordings, fileOf } = log.archive;
    for await (const { key } of store.list(keyRecordFolder(recordings[3]?.key ?? ''), unlimited))
      await rm(fileOf(key));
    const lost = await cli('evidence', idAt(3), '--decrypt', '-o', path.join(dir, 'lost'));
    expect(lost.stderr).toContain('[KEY_RECORD_MISSING]');
    expect(lost.code).not.toBe(0);
    const planned = await cli('erase', idAt(0), '--reason', 'request 3', '--json');
    const plan = String(planned.records().find(({ type }) => type === 'plan')?.['plan']);
    expect(await cli('erase', '--confirm', plan, '--yes', '1')).toMatchObject({ code: 0 });
    expect((await cli('evidence', idAt(0), '-o', path.join(dir, 'erased'))).stderr).toContain(
      '[RECORDING_ERASED]',
    );
    const left: string[] = [];
    for await (const { key } of store.list(keyRecordFolder(recordings[0]?.key ?? ''), unlimited))
      left.push(key);
    expect(left).toEqual([]);
    expect(await cli('evidence', idAt(1), '--decrypt', '-o', path.join(dir, 'other'))).toMatchObject({
      code: 0,
    });
  });
});
