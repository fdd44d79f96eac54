import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { canonicalJson, type Json } from '../../../src/record/canonical-json.ts';
import { receiptKey } from '../../../src/record/object-key.ts';
import { signingKeyId } from '../../../src/record/receipt/receipt.ts';
import { makeSealedArchive, type SealedArchive } from '../../archive/sealed-archive.ts';
import { makeDirectory } from '../run-cli.ts';
import { runHere } from '../run-here.ts';

let sealed: SealedArchive;
let dir: string;
let remove: () => Promise<void>;
beforeEach(async () => {
  sealed = await makeSealedArchive(2);
  ({ dir, remove } = await makeDirectory());
  await writeFile(path.join(dir, 'public.pem'), sealed.publicKeyPem);
});
afterEach(async () => {
  await sealed.remove();
  await remove();
});

const first = () => sealed.recordings[0] as SealedArchive['recordings'][number];
/** No key that decrypts anything. */
const env = (more: Readonly<Record<string, string>> = {}) => ({
  ARCHIVE_STORE: `file:${sealed.dir}`,
  ...more,
});
const withKeys = () => env({ ARCHIVE_RECEIPT_PUBLIC_KEYS: path.join(dir, 'public.pem') });
const inspect = async (given: Readonly<Record<string, string>>, ...args: string[]) => {
  const { code, stderr, records } = await runHere(['inspect', first().key, '--json', ...args], {
    env: given,
  });
  return { code, stderr, record: records()[0] ?? {} };
};
const keyId = () => signingKeyId(createPublicKey(sealed.publicKeyPem));

/** Changes members of the receipt, which breaks its signature. */
const amend = (members: Readonly<Record<string, Json | undefined>>) =>
  sealed.editReceipt(first().key, (text) => {
    const receipt = { ...(JSON.parse(text) as Record<string, Json>), ...members };
    return `${canonicalJson(receipt)}\n`;
  });

describe('inspect shows the call', () => {
  it('with conversation, time and real content type, and its receipt with a verdict on the signature', async () => {
    const { code, record } = await inspect(withKeys());
    expect(code).toBe(0);
    expect(record).toMatchObject({
      recordingId: first().ids.recordingId,
      conversationId: first().ids.conversationId,
      organizationId: 'org',
      recordedAt: new Date(first().at).toISOString(),
      kind: 'audio',
      contentType: 'audio/wav',
      objectContentType: 'application/octet-stream',
      plaintextSha256: expect.stringMatching(/^[0-9a-f]{64}$/) as unknown,
      lengthProof: 'stated',
      receipt: 'signed',
      receiptKey: receiptKey(first().key),
      receiptKind: 'archived',
      signature: 'valid',
      signingKeyId: keyId(),
      wrapStanding: 'none',
    });
    expect(record).not.toHaveProperty('completion');
  });

  it('as text too, without any key', async () => {
    const { code, stdout } = await runHere(['inspect', first().key], { env: env() });
    expect(code).toBe(0);
    const facts = Object.fromEntries(
      stdout
        .split('\n')
        .filter((line) => /^\w+ {2,}\S/.test(line))
        .map((line) => [line.slice(0, 19).trim(), line.slice(19)]),
    );
    expect(facts).toMatchObject({
      conversationId: first().ids.conversationId,
      recordedAt: new Date(first().at).toISOString(),
      contentType: 'audio/wav',
      receipt: 'unsigned',
      receiptKind: 'archived',
      signature: 'not-checked',
      signingKeyId: keyId(),
    });
  });

  it('tells how a receipt was completed, and what proved the length of the download', async () => {
    await amend({
      kind: 'completed',
      completion: { proof: 'mark', plaintext: 'decrypted' },
      source: { contentType: 'audio/ogg', length: 'framing+second-download', resumes: 0, restarts: 0 },
    });
    const { code, record } = await inspect(env());
    expect(code).toBe(0);
    expect(record).toMatchObject({
      receiptKind: 'completed',
      completion: { proof: 'mark', plaintext: 'decrypted' },
      lengthProof: 'framing+second-download',
      contentType: 'audio/ogg',
    });
  });

  it('a signature that does not fit, one of an unknown key, none: the verdict, and exit 5', async () => {
    const { publicKey } = generateKeyPairSync('ed25519');
    await writeFile(path.join(dir, 'other.pem'), publicKey.export({ type: 'spki', format: 'pem' }));
    const other = await inspect(env({ ARCHIVE_RECEIPT_PUBLIC_KEYS: path.join(dir, 'other.pem') }));
    expect(other).toMatchObject({ code: 5, record: { signature: 'unknown-key', signingKeyId: keyId() } });
    await amend({ reason: 'changed' });
    const changed = await inspect(withKeys());
    expect(changed).toMatchObject({ code: 5, record: { signature: 'invalid', receipt: 'unverified' } });
    expect((await inspect(withKeys(), '--unverified')).code).toBe(0);
    await amend({ signature: undefined });
    expect(await inspect(withKeys())).toMatchObject({ code: 5, record: { signature: 'unsigned' } });
    expect(await inspect(env())).toMatchObject({ code: 0, record: { signature: 'unsigned' } });
  });

  it('never shows another call in its place: nothing of a receipt that does not fit', async () => {
    const other = sealed.recordings[1] as SealedArchive['recordings'][number];
    const [here, there] = [first().key, other.key].map((key) => sealed.fileOf(receiptKey(key)));
    await rename(there ?? '', here ?? '');
    const { code, record } = await inspect(withKeys());
    expect(code).toBe(5);
    expect(record).toMatchObject({ receipt: 'unverified', signature: 'valid', receiptKind: 'archived' });
    expect(JSON.stringify({ ...record, notes: [] })).not.toContain(other.ids.conversationId);
    expect(record).not.toHaveProperty('plaintextSha256');
  });

  it('without a receipt shows what the object says, and that nothing proves it', async () => {
    await rm(sealed.fileOf(receiptKey(first().key)));
    const { record } = await inspect(env(), '--unverified');
    expect(record).toMatchObject({ contentType: 'application/octet-stream', receipt: 'unverified' });
    expect(record).not.toHaveProperty('signature');
    expect(record['notes']).toEqual([expect.stringContaining('receipt')]);
  });
});
