import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { unlimited } from '../../../src/clock.ts';
import { createStaticEnvelope } from '../../../src/envelope/static-gcm.ts';
import { createAesWrapper } from '../../../src/envelope/raw-wrap.ts';
import { createS3ecEnvelope } from '../../../src/envelope/s3ec/envelope.ts';
import { formatKeyring } from '../../../src/envelope/keys/keyring.ts';
import type { Envelope } from '../../../src/ports.ts';
import { createDirectoryStore } from '../../../src/store/directory/directory-store.ts';
import { makeDirectory } from '../run-cli.ts';
import { runHere } from '../run-here.ts';

const ID = '6f1a4c7e-3f0b-4f3a-9a53-3c7d5b2f7a10';
const KEY = `archive/2026/05/20/${ID}.enc`;
const bytes = randomBytes(32);
const wrapper = createAesWrapper({ kid: 'k7', key: bytes });
const ENVELOPES: readonly (readonly [string, Envelope])[] = [
  ['static-gcm', createStaticEnvelope(bytes)],
  ['s3ec-v2', createS3ecEnvelope({ format: 's3ec-v2', wrapper })],
  ['s3ec-v3', createS3ecEnvelope({ format: 's3ec-v3', wrapper })],
];

/** An archive of one object, whose metadata another tool has then copied in its own way. */
async function copied(envelope: Envelope, change: (metadata: Record<string, string>) => object) {
  const { dir, remove } = await makeDirectory();
  onTestFinished(remove);
  const root = path.join(dir, 'store');
  const plaintext = randomBytes(200);
  const sealer = await envelope.seal({ recordingId: ID, conversationId: 'c' }, unlimited);
  const body = Buffer.concat([sealer.update(plaintext), sealer.final()]);
  const store = createDirectoryStore(root);
  const options = { metadata: sealer.metadata, contentType: 'audio/wav' };
  await store.put(
    KEY,
    (async function* () {
      yield await Promise.resolve(body);
    })(),
    options,
    unlimited,
  );
  const file = path.join(root, `${KEY}.metadata.json`);
  const record = JSON.parse(await readFile(file, 'utf8')) as { metadata: Record<string, string> };
  await writeFile(file, JSON.stringify({ ...record, metadata: change(record.metadata) }));
  const keyring = path.join(dir, 'keyring.json');
  await writeFile(keyring, formatKeyring({ active: 'k7', keys: [{ kid: 'k7', key: bytes }] }), {
    mode: 0o600,
  });
  const env = {
    ARCHIVE_STORE: `file:${root}`,
    ENCRYPTION_KEY_HEX: bytes.toString('hex'),
    ARCHIVE_KEYRING_FILE: keyring,
  };
  return { env, dir, plaintext };
}

const renameAll = (spell: (name: string) => string) => (metadata: Record<string, string>) =>
  Object.fromEntries(Object.entries(metadata).map(([name, value]) => [spell(name), value]));
const capitalised = renameAll((name) => name.replaceAll(/(^|-)[a-z]/g, (letter) => letter.toUpperCase()));
const prefixed = renameAll((name) => `x-amz-meta-${name}`);

describe('an object whose metadata another tool has renamed', () => {
  it.each(ENVELOPES)('%s: is restored, verified and shown, each with a note', async (format, envelope) => {
    for (const change of [capitalised, prefixed]) {
      const { env, dir, plaintext } = await copied(envelope, change);
      const out = path.join(dir, 'out.wav');
      expect((await runHere(['restore', KEY, '-o', out], { env })).code).toBe(0);
      expect(await readFile(out)).toEqual(plaintext);
      const shown = await runHere(['inspect', KEY, '--json'], { env });
      expect(shown.records()[0]).toMatchObject({ format, note: expect.stringContaining('another tool') });
      const text = await runHere(['verify', KEY, '--depth', 'full'], { env });
      expect([text.code, text.stderr]).toEqual([0, expect.stringContaining(`note     ${KEY}  names of`)]);
      const json = await runHere(['verify', KEY, '--depth', 'full', '--json'], { env });
      expect(json.records()).toContainEqual(expect.objectContaining({ type: 'note', key: KEY }));
    }
  });

  it.each(ENVELOPES)('%s: is refused when two spellings of one name disagree', async (_, envelope) => {
    const { env, dir } = await copied(envelope, (metadata) => {
      const [name = ''] = Object.keys(metadata);
      return { [name.toUpperCase()]: 'other', ...metadata };
    });
    const restored = await runHere(['restore', KEY, '-o', path.join(dir, 'out.wav')], { env });
    expect([restored.code, restored.stderr]).toEqual([5, expect.stringContaining('two spellings')]);
    expect((await runHere(['inspect', KEY], { env })).code).toBe(5);
    const verified = await runHere(['verify', KEY], { env });
    expect([verified.code, verified.stdout]).toEqual([5, expect.stringContaining('two spellings')]);
  });
});
