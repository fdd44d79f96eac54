import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { adoptRecording } from '../../../src/rekey/adopt-recordings.ts';
import { putInstruction } from '../../../src/record/instruction-file.ts';
import { unlimited } from '../../../src/clock.ts';
import { createAdopter } from '../../../src/envelope/adopt.ts';
import { createKmsWrap, type KeyWrapper } from '../../../src/envelope/key-wrap.ts';
import { createAesWrapper, createRsaWrapper } from '../../../src/envelope/raw-wrap.ts';
import { createS3ecEnvelope } from '../../../src/envelope/s3ec/envelope.ts';
import { createStaticEnvelope } from '../../../src/envelope/static-gcm.ts';
import type { InstructionContent, Sealer } from '../../../src/ports.ts';
import { createDirectoryStore } from '../../../src/store/directory/directory-store.ts';
import { memoryKeyService } from '../../envelope/memory-key-service.ts';
import { pair3072 } from '../../envelope/rsa-pairs.ts';
import { makeDirectory, runCli } from '../../cli/run-cli.ts';
import { runHere } from '../../cli/run-here.ts';

const ids = {
  recordingId: '6f1a4c7e-3f0b-4f3a-9a53-3c7d5b2f7a10',
  conversationId: '0b7a3e51-8f0f-4a0f-8d5e-6a8d3e1c2b4f',
};
const KEY = `archive/2026/05/20/${ids.recordingId}.enc`;
const kms = createKmsWrap(memoryKeyService());
const wrappingKey = randomBytes(32);
const aes = createAesWrapper({ kid: 'k7', key: wrappingKey });
const staticKey = randomBytes(32);

async function* once(body: Uint8Array) {
  yield await Promise.resolve(body);
}

async function archived(
  sealer: Sealer & { instruction?: InstructionContent },
  adoptedBy?: KeyWrapper,
  change: (metadata: Record<string, string>) => void = () => {},
) {
  const { dir, remove } = await makeDirectory();
  onTestFinished(remove);
  const root = path.join(dir, 'store');
  const store = createDirectoryStore(root);
  const plaintext = randomBytes(100);
  const body = Buffer.concat([sealer.update(plaintext), sealer.final()]);
  const metadata = { ...sealer.metadata };
  change(metadata);
  await store.put(KEY, once(body), { metadata, contentType: 'audio/wav' }, unlimited);
  if (sealer.instruction !== undefined) await putInstruction(store, KEY, sealer.instruction, unlimited);
  if (adoptedBy !== undefined) {
    const adopter = createAdopter({ staticKey, wrapper: adoptedBy, organizationId: 'org' });
    await adoptRecording({ store, adopter }, KEY, { dryRun: false }, unlimited);
  }
  const env = { ARCHIVE_STORE: `file:${root}` };
  const [text, json] = [
    await runCli(['inspect', KEY], { env }),
    await runHere(['inspect', KEY, '--json'], { env }),
  ];
  const snippets = (json.records()[0]?.['snippets'] ?? []) as { title: string; code: string }[];
  return {
    text,
    dir,
    plaintext,
    body,
    record: json.records()[0],
    titles: snippets.map(({ title }) => title.split(',')[0]),
    snippets,
  };
}

describe('inspect', () => {
  it('shows wrap, context and commitment, and how each client of AWS reads it', async () => {
    const envelope = createS3ecEnvelope({ format: 's3ec-v3', wrapper: kms, organizationId: 'org' });
    const sealer = await envelope.seal(ids);
    const { text, record, titles, snippets } = await archived(sealer);
    expect(text.code).toBe(0);
    const context = {
      'genesys-cloud-organization-id': 'org',
      'conversation-id': ids.conversationId,
      'recording-id': ids.recordingId,
    };
    expect(record).toMatchObject({
      format: 's3ec-v3',
      placement: 'metadata',
      wrap: 'kms+context',
      context,
      commitment: sealer.metadata['x-amz-d'],
    });
    expect(titles).toEqual(['Java', 'Go', '.NET', 'Python', 'Ruby', 'C++', 'PHP', 'openssl 3']);
    for (const { title, code } of snippets.slice(0, -1)) {
      expect([title, code.includes(KEY)]).toEqual([title, true]);
      // the Go and C++ clients go by the context that is stored
      if (!/^(?:Go|C\+\+)/.test(title)) expect(code).toContain(ids.conversationId);
      expect(code).not.toMatch(/undefined|ALLOW_DECRYPT|AllowDecrypt/);
      expect(text.stdout).toContain(code.split('\n')[0]);
    }
    expect(text.stdout).toContain('docs/format.md, section 10');
  });

  it('shows the key id of an AES wrap, and the clients that have it', async () => {
    const envelope = createS3ecEnvelope({ format: 's3ec-v2', wrapper: aes });
    const { record, titles, snippets } = await archived(await envelope.seal(ids));
    expect(record).toMatchObject({ format: 's3ec-v2', wrap: 'AES/GCM', keyId: 'k7', commitment: 'none' });
    expect(record).not.toHaveProperty('context');
    expect(titles).toEqual(['Java', '.NET', 'Ruby', 'openssl 3']);
    expect(snippets[0]?.code).toContain('REQUIRE_ENCRYPT_ALLOW_DECRYPT');
  });

  it('looks into instruction files, those of adopted objects too', async () => {
    const split = createS3ecEnvelope({ format: 's3ec-v3', wrapper: aes, placement: 'instruction' });
    const one = await archived(await split.seal(ids));
    expect(one.record).toMatchObject({ format: 's3ec-v3', placement: 'instruction', keyId: 'k7' });
    const adopted = await archived(await createStaticEnvelope(staticKey).seal(ids), kms);
    expect(adopted.record).toMatchObject({
      format: 'static-gcm',
      placement: 'instruction',
      wrap: 'kms+context',
      commitment: 'none',
    });
    expect(adopted.titles).toHaveLength(8);
    expect(adopted.text.stdout).toContain('InstructionFileMetadataStrategy');
    expect(adopted.text.stdout).toContain("createDecipheriv('aes-256-gcm'");
  });

  it.each(['a', 'kms_cmk_id'])('makes no code of a context that is none of ours, in %s', async (name) => {
    const envelope = createS3ecEnvelope({ format: 's3ec-v3', wrapper: kms, organizationId: 'org' });
    const { text, titles } = await archived(await envelope.seal(ids), undefined, (metadata) => {
      metadata['x-amz-t'] = JSON.stringify({ [name]: "'; system('id'); '", 'aws:x-amz-cek-alg': '115' });
    });
    expect(text.code).toBe(0);
    expect(titles).toEqual([]);
    expect(text.stdout).not.toContain('EncryptionV3::Client');
  });
});

const noOpenssl = spawnSync('openssl', ['kdf', '-help']).status !== 0;

describe.skipIf(noOpenssl)('what inspect prints for openssl [needs: openssl 3]', () => {
  type Archived = Awaited<ReturnType<typeof archived>>;
  /** Pasted into a shell, beside a copy of the object. */
  function runSnippet({ dir, body, snippets }: Archived, env: Record<string, string>, searched = ''): string {
    const code = snippets.find(({ title }) => title.startsWith('openssl'))?.code ?? 'exit 1';
    writeFileSync(path.join(dir, 'object.enc'), body);
    writeFileSync(
      path.join(dir, 'private.pem'),
      pair3072.privateKey.export({ type: 'pkcs8', format: 'pem' }),
      {
        mode: 0o600,
      },
    );
    const PATH = `${searched}:${process.env['PATH'] ?? ''}`;
    return execFileSync('sh', ['-eu', '-c', `{ ${code}\n} 2>&1`], {
      cwd: dir,
      env: { PATH, ...env },
      encoding: 'utf8',
    });
  }
  const recording = ({ dir }: Archived) => readFileSync(path.join(dir, 'recording.wav'));
  const rsa = createRsaWrapper(pair3072.publicKey);
  const keys = { WRAPPING_KEY: wrappingKey.toString('hex') };

  it.each([
    ['s3ec-v2', 'AES/GCM', aes],
    ['s3ec-v3', 'AES/GCM', aes],
    ['s3ec-v2', 'RSA-OAEP-SHA1', rsa],
    ['s3ec-v3', 'RSA-OAEP-SHA1', rsa],
  ] as const)('decrypts an object of %s wrapped by %s', async (format, _, wrapper) => {
    const sealed = await archived(await createS3ecEnvelope({ format, wrapper }).seal(ids));
    expect(runSnippet(sealed, keys)).toBe('');
    expect(recording(sealed).equals(sealed.plaintext)).toBe(true);
  });

  it('decrypts one of the static key, before and after its adoption', async () => {
    const plain = await archived(await createStaticEnvelope(staticKey).seal(ids));
    expect(plain.titles).toEqual(['openssl 3']);
    runSnippet(plain, { ENCRYPTION_KEY_HEX: staticKey.toString('hex') });
    expect(recording(plain).equals(plain.plaintext)).toBe(true);
    const adopted = await archived(await createStaticEnvelope(staticKey).seal(ids), aes);
    runSnippet(adopted, keys);
    expect(recording(adopted).equals(adopted.plaintext)).toBe(true);
  });

  it('asks the AWS CLI for a data key of KMS, with the whole context', async () => {
    const service = memoryKeyService();
    const wrapper = createKmsWrap(service);
    const envelope = createS3ecEnvelope({ format: 's3ec-v3', wrapper, organizationId: 'org' });
    const sealer = await envelope.seal(ids);
    const sealed = await archived(sealer);
    // stands in for the AWS CLI: takes what it must be given, and gives what KMS would
    const aws = path.join(sealed.dir, 'aws');
    const key = service.dataKeys[0]?.toString('base64') ?? '';
    writeFileSync(
      aws,
      `#!/bin/sh\nfor argument; do printf '%s\\n' "$argument" >> asked; done\ncp wrapped.bin given\necho ${key}\n`,
    );
    chmodSync(aws, 0o755);
    expect(runSnippet(sealed, {}, sealed.dir)).toBe('');
    expect(recording(sealed).equals(sealed.plaintext)).toBe(true);
    expect(readFileSync(path.join(sealed.dir, 'asked'), 'utf8')).toContain(sealer.metadata['x-amz-t']);
    expect(readFileSync(path.join(sealed.dir, 'given')).toString('base64')).toBe(sealer.metadata['x-amz-3']);
  });

  it('refuses another data key than the object commits to, and writes nothing', async () => {
    const sealed = await archived(
      await createS3ecEnvelope({ format: 's3ec-v3', wrapper: aes }).seal(ids),
      undefined,
      (metadata) => {
        metadata['x-amz-d'] = randomBytes(28).toString('base64');
      },
    );
    expect(runSnippet(sealed, keys)).toContain('this data key does not belong to this object');
    expect(() => recording(sealed)).toThrow('ENOENT');
  });
});
