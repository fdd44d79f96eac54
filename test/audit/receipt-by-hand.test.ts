import { randomBytes } from 'node:crypto';
import { execFileSync, spawnSync } from 'node:child_process';
import { createPublicKey } from 'node:crypto';
import { chmod, copyFile, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FINDING_KINDS } from '../../src/audit/compare-with-receipt.ts';
import { formatReceipt, signingKeyId } from '../../src/record/receipt/receipt.ts';
import { parseReceipt, receiptJsonSchema } from '../../src/record/receipt/schema.ts';
import { LEAF_BYTES, LeafHasher } from '../../src/record/leaf-hasher.ts';
import { receiptKey } from '../../src/record/object-key.ts';
import { markMetadata } from '../../src/record/writer-mark.ts';
import { readReceiptKeys, readSigner } from '../../src/signing-keys.ts';
import { makeSealedArchive, type SealedArchive } from '../archive/sealed-archive.ts';

const document = readFileSync(new URL('../../docs/format.md', import.meta.url), 'utf8');
const hasOpenssl3 = /^OpenSSL [3-9]/.test(
  spawnSync('openssl', ['version'], { encoding: 'utf8' }).stdout ?? '',
);

/** A command of the document, word for word. */
function snippet(name: string, language = 'sh'): string {
  const [, code] =
    new RegExp(`<!-- tested: ${name} -->\\n\`\`\`${language}\\n([^\`]+)\`\`\``).exec(document) ?? [];
  if (code === undefined) throw new Error(`docs/format.md has no tested command ${name}`);
  return code;
}

let archive: SealedArchive;
let dir: string;
beforeEach(async () => {
  archive = await makeSealedArchive(1);
  dir = await mkdtemp(path.join(tmpdir(), 'receipt-'));
});
afterEach(async () => {
  await Promise.all([archive.remove(), rm(dir, { recursive: true, force: true })]);
});
const shell = (name: string) =>
  execFileSync('sh', ['-eu', '-c', snippet(name)], {
    cwd: dir,
    env: { PATH: process.env['PATH'] ?? '' },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });

describe.skipIf(!hasOpenssl3)('docs/format.md, section 11, with openssl alone', () => {
  it('verifies a receipt and its object, and refuses a receipt that was changed', async () => {
    const key = archive.recordings[0]?.key ?? '';
    const receipt = path.join(dir, 'receipt.json');
    await writeFile(path.join(dir, 'receipts-public.pem'), archive.publicKeyPem);
    await copyFile(archive.fileOf(receiptKey(key)), receipt);
    await copyFile(archive.fileOf(key), path.join(dir, 'call.enc'));
    expect(shell('receipt-signature')).toContain('Signature Verified Successfully');
    const parsed = parseReceipt(await readFile(receipt, 'utf8'), 'receipt');
    expect(shell('receipt-key-id')).toBe(parsed.signature?.keyId);
    expect(shell('receipt-object')).toBe(parsed.ciphertext?.sha256);
    expect(shell('receipt-leaves')).toBe(`${parsed.ciphertext?.leaves?.join('\n')}\n`);
    const long = randomBytes(2 * LEAF_BYTES + 5);
    const hasher = LeafHasher.leavesOnly();
    hasher.update(long);
    await writeFile(path.join(dir, 'call.enc'), long);
    const leaves = hasher.finish().leaves.map((leaf) => `${leaf.toString('hex')}\n`);
    expect(shell('receipt-leaves')).toBe(leaves.join(''));
    const text = await readFile(receipt, 'utf8');
    await writeFile(receipt, text.replace('"bytes":616', '"bytes":617'));
    expect(() => shell('receipt-signature')).toThrow('Command failed');
  });

  it('verifies the mark of an object by its metadata, and refuses other ids', async () => {
    const signer = await makeKeys();
    const ids = { recordingId: 'r1', conversationId: 'c1', channel: '0' };
    const key = 'archive/2026/05/20/r1.0.enc';
    for (const wrap of [{}, { 'x-amz-3': 'dw==', 'x-amz-t': '{"a":"b \\\\ c"}' }]) {
      const own = { 'x-amz-i': 'aQ==', 'gca-v': '1', 'gca-idem': 'i', ...wrap };
      const marked = { kind: 'media', key, ids, organizationId: 'o1', metadata: own } as const;
      const metadata = { ...own, ...(await markMetadata(signer, marked)) };
      await writeFile(path.join(dir, 'metadata.json'), JSON.stringify(metadata, undefined, 2));
      const by = (recording: string) => {
        const IDS = JSON.stringify({ recording, conversation: 'c1', organization: 'o1', channel: '0' });
        execFileSync('python3', ['-c', snippet('mark-statement', 'python')], {
          cwd: dir,
          env: { PATH: process.env['PATH'] ?? '', KIND: 'media', OBJECT_KEY: key, IDS },
        });
        return shell('mark-signature');
      };
      expect(by('r1')).toContain('Signature Verified Successfully');
      expect(() => by('r2')).toThrow('Command failed');
    }
  });

  it('is not misled by text that looks like a signature', async () => {
    const signer = await makeKeys();
    const parsed = parseReceipt(
      await readFile(archive.fileOf(receiptKey(archive.recordings[0]?.key ?? '')), 'utf8'),
      'receipt',
    );
    const { signature: _, ...rest } = parsed;
    const source = { etag: '"signature":{"value":"x"},', resumes: 0, restarts: 0 };
    await writeFile(path.join(dir, 'receipt.json'), await formatReceipt({ ...rest, source }, signer));
    expect(shell('receipt-signature')).toContain('Signature Verified Successfully');
  });

  it('makes keys that the settings take', async () => {
    const signer = await makeKeys();
    const publicFile = path.join(dir, 'receipts-public.pem');
    const keys = await readReceiptKeys([publicFile]);
    expect([...keys.keys()]).toEqual([signer.keyId]);
    expect(signingKeyId(createPublicKey(await readFile(publicFile)))).toBe(signer.keyId);
  });

  async function makeKeys() {
    shell('receipt-keys');
    return readSigner(path.join(dir, 'receipts-private.pem'));
  }
});

describe('the signing key file', () => {
  const codeOf = async (work: Promise<unknown>) => {
    const error: unknown = await work.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    return error instanceof Error && 'code' in error ? `${String(error.code)}: ${error.message}` : 'accepted';
  };

  it('is refused when others can read it, when it is none, and without telling what it holds', async () => {
    const file = path.join(dir, 'private.pem');
    await writeFile(file, archive.privateKeyPem, { mode: 0o600 });
    expect((await readSigner(file)).keyId).toMatch(/^[0-9a-f]{16}$/);
    if (process.platform !== 'win32') {
      for (const mode of [0o640, 0o604, 0o620]) {
        await chmod(file, mode);
        expect((await stat(file)).mode & 0o777).toBe(mode);
        expect(await codeOf(readSigner(file))).toBe(
          'CONFIG_INVALID: others than its owner can read or write the signing key file',
        );
      }
      await chmod(file, 0o600);
    }
    for (const text of ['canary', archive.publicKeyPem, 'x'.repeat(20_000)]) {
      await writeFile(file, text);
      const refusal = await codeOf(readSigner(file));
      expect(refusal).toMatch(/^CONFIG_INVALID: the signing key file /);
      expect(refusal).not.toContain('canary');
    }
    expect(await codeOf(readSigner(path.join(dir, 'none.pem')))).toContain('cannot be read: Error ENOENT');
  });
});

describe('docs/format.md, section 11', () => {
  it('has every member of the schema, and every kind of finding', () => {
    const section = document.slice(document.indexOf('## 11. Receipts'));
    const { properties } = receiptJsonSchema() as { properties: Record<string, { properties?: object }> };
    expect(Object.keys(properties).length).toBeGreaterThan(8);
    for (const [name, { properties: inner = {} }] of Object.entries(properties)) {
      expect(section).toMatch(new RegExp(`^\\| \`${name}[\`.]`, 'm'));
      for (const member of Object.keys(inner)) expect(section).toMatch(new RegExp(`[\`.]${member}\``));
    }
    for (const [kind, meaning] of Object.entries(FINDING_KINDS)) {
      expect(section).toContain(`| \`${kind}\` | ${meaning} |\n`);
    }
  });
});
