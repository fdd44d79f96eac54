import { execFile, spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { signingKeyId } from '../../src/record/receipt/receipt.ts';
import { parseKeyList } from '../../src/signing/key-list.ts';
import { type Simulator, startSimulator } from '../../packages/simulator/src/simulator.ts';

const page = readFileSync('docs/keys.md', 'utf8');
const run = promisify(execFile);
const hasOpenssl3 = /^OpenSSL [3-9]/.test(
  spawnSync('openssl', ['version'], { encoding: 'utf8' }).stdout ?? '',
);

/** A command of the page, word for word. */
function snippet(name: string): string {
  const [, code] = new RegExp(`<!-- tested: ${name} -->\\n *\`\`\`sh\\n([^\`]+)\`\`\``).exec(page) ?? [];
  if (code === undefined) throw new Error(`docs/keys.md has no tested command ${name}`);
  // the theft of the page may be in time to come for the clock of this machine
  return code.replaceAll('2026-11-28T09:', '2026-01-02T09:');
}

/** `aws kms` as far as the page asks for it, by the SDK: `--some-name value` becomes `SomeName`. */
const AWS = `#!/usr/bin/env node
const kms = require(process.env.SDK);
const [, operation, ...args] = process.argv.slice(2);
const input = {}, shown = {};
const camel = (text) => text.split('-').map((part) => part[0].toUpperCase() + part.slice(1)).join('');
for (let at = 0; at < args.length; at += 2) {
  const name = args[at].slice(2);
  (['query', 'output'].includes(name) ? shown : input)[name === 'query' ? 'query' : camel(name)] = args[at + 1];
}
(async () => {
  const client = new kms.KMSClient({ endpoint: process.env.AWS_ENDPOINT_URL_KMS, region: 'us-east-1',
    credentials: { accessKeyId: 'simulator', secretAccessKey: 'simulator-secret-key' } });
  const answer = await client.send(new kms[camel(operation) + 'Command'](input));
  let value = answer;
  for (const part of (shown.query ?? '').split('.').filter(Boolean)) value = value[part];
  if (value instanceof Uint8Array) value = Buffer.from(value).toString('base64');
  if (typeof value === 'string') process.stdout.write(value + '\\n');
})();
`;

let simulator: Simulator;
let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'keys-page-'));
  simulator = await startSimulator({ recordings: 2, kms: { dir: path.join(dir, 'kms') } });
  await mkdir(path.join(dir, 'bin'));
  await writeFile(path.join(dir, 'bin/aws'), AWS);
  const cli = path.resolve('dist/cli.mjs');
  await writeFile(
    path.join(dir, 'bin/genesys-archive'),
    `#!/bin/sh\nexec '${process.execPath}' '${cli}' "$@"\n`,
  );
  for (const name of ['aws', 'genesys-archive']) await chmod(path.join(dir, 'bin', name), 0o755);
});
afterEach(async () => {
  await simulator.close();
  await rm(dir, { recursive: true, force: true });
});

async function shell(names: string | readonly string[], env: Readonly<Record<string, string>> = {}) {
  const script = [names].flat().map(snippet).join('\n');
  const { stdout } = await run('sh', ['-eu', '-c', script], {
    cwd: dir,
    env: {
      ...simulator.environment(),
      ENCRYPTION_KEY_HEX: '0f1e'.repeat(16),
      ARCHIVE_STORE: 'file:store',
      NODE_NO_WARNINGS: '1',
      SDK: path.resolve('node_modules/@aws-sdk/client-kms'),
      PATH: `${path.join(dir, 'bin')}:${path.dirname(process.execPath)}:${process.env['PATH'] ?? ''}`,
      ...env,
    },
  });
  return stdout;
}
const archive = async (index: number, env: Readonly<Record<string, string>>) => {
  await writeFile(
    path.join(dir, 'event.json'),
    JSON.stringify(simulator.event(simulator.recordings[index]?.id ?? '', 'bare')),
  );
  const script = 'genesys-archive archive --event event.json';
  await run('sh', ['-eu', '-c', script], {
    cwd: dir,
    env: {
      ...simulator.environment(),
      ENCRYPTION_KEY_HEX: '0f1e'.repeat(16),
      ARCHIVE_STORE: 'file:store',
      NODE_NO_WARNINGS: '1',
      PATH: `${path.join(dir, 'bin')}:${process.env['PATH'] ?? ''}`,
      ...env,
    },
  });
};
const list = async () => parseKeyList(await readFile(path.join(dir, 'receipt-keys.json'), 'utf8'), 'it').keys;

describe.skipIf(!hasOpenssl3)('docs/keys.md', () => {
  it('has no command that is not tested, but for shred and what AWS is asked in passing', () => {
    const blocks = [...page.matchAll(/(<!-- tested: [a-z-]+ -->\n *)?```sh\n/g)];
    expect(blocks.length).toBeGreaterThan(8);
    expect(blocks.filter(([, tested]) => tested === undefined)).toEqual([]);
  });

  it('has a list that is accepted', () => {
    const [, example = ''] = /```json\n([^`]+)```/.exec(page) ?? [];
    expect(parseKeyList(example, 'the example').keys).toHaveLength(1);
  });

  it('makes a key with openssl, lists it, adds another, and retires the first', async () => {
    const keyId = await shell('make-with-openssl');
    const shown = await shell('list');
    expect(shown).toContain(`${keyId}  validFrom 2026-01-01T00:00:00Z  ceremony of 2026-01-01`);
    const next = generateKeyPairSync('ed25519').publicKey;
    await writeFile(path.join(dir, 'new-public.pem'), next.export({ type: 'spki', format: 'pem' }));
    await shell('rotate-add');
    expect(await shell('inline')).toBe(next.export({ type: 'spki', format: 'der' }).toString('base64'));
    await shell('rotate-retire', { OLD_KEY_ID: keyId });
    expect(await list()).toMatchObject([
      { keyId, validUntil: '2028-01-01T01:00:00Z' },
      { keyId: signingKeyId(next), validFrom: '2028-01-01T00:00:00Z' },
    ]);
  });

  it('makes a key in KMS, and shows the public half that receipts are verified with', async () => {
    const keyId = await shell(['make-in-kms', 'public-from-kms']);
    await shell('list');
    expect((await list())[0]?.keyId).toBe(keyId.trim().slice(-16));
    await archive(0, { ARCHIVE_SIGNING_KMS_KEY_ID: 'alias/receipts' });
    const env = { ARCHIVE_RECEIPT_PUBLIC_KEYS: 'receipt-keys.json' };
    expect(await shell('look', env)).toContain('"findings":0');
  });

  it('moves the keys of stored recordings into records', async () => {
    const env = { ARCHIVE_KEYRING_FILE: 'keyring.json' };
    const make = ['keys', 'generate', '--keyring-file', 'keyring.json'];
    await run(path.join(dir, 'bin/genesys-archive'), make, { cwd: dir });
    await archive(0, env);
    await shell('move-keys', env);
    const records = (await readdir(path.join(dir, 'store/keys'), { recursive: true })).filter((name) =>
      /^\d{4}.*\.json$/.test(name),
    );
    expect(records.filter((name) => !name.endsWith('.metadata.json'))).toHaveLength(1);
  });

  it('revokes a stolen key, finds what it may have signed, and has it signed again with another', async () => {
    const stolen = await shell('make-with-openssl');
    await shell('list');
    await archive(0, { ARCHIVE_SIGNING_KEY_FILE: 'receipts-private.pem' });
    await shell('revoke', { STOLEN_KEY_ID: stolen });
    const env = { ARCHIVE_RECEIPT_PUBLIC_KEYS: 'receipt-keys.json' };
    await expect(shell('look', env)).rejects.toMatchObject({ code: 5 });
    const report = JSON.parse(await readFile(path.join(dir, 'suspects.json'), 'utf8')) as { counts: object };
    expect(report.counts).toEqual({ 'revoked-key': 1 });

    const next = generateKeyPairSync('ed25519');
    await writeFile(path.join(dir, 'new-public.pem'), next.publicKey.export({ type: 'spki', format: 'pem' }));
    const pem = next.privateKey.export({ type: 'pkcs8', format: 'pem' });
    await writeFile(path.join(dir, 'new.pem'), pem, { mode: 0o600 });
    // the page's time is to come
    await run(
      path.join(dir, 'bin/genesys-archive'),
      ['keys', 'receipts', '--list', 'receipt-keys.json', '--add', 'new-public.pem'],
      { cwd: dir },
    );
    const receipts = await readdir(path.join(dir, 'store/receipts'), { recursive: true });
    for (const name of receipts.filter((each) => /\.json/.test(each))) {
      await rename(path.join(dir, 'store/receipts', name), path.join(dir, path.basename(name)));
    }
    await shell('sign-again', {
      ...env,
      ARCHIVE_SIGNING_KEY_FILE: 'new.pem',
      RECORDING_ID: simulator.recordings[0]?.id ?? '',
      CONVERSATION_ID: simulator.recordings[0]?.interactionId ?? '',
    });
    expect(await shell('look', env)).toContain('"findings":0');
  });
});
