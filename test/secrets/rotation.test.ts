import { createHmac, generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { unlimited } from '../../src/clock.ts';
import { loadConfig } from '../../src/config/config.ts';
import { createArchiver } from '../../src/create/archiver.ts';
import { createHandler } from '../../src/lambda/handle-event.ts';
import { readWebhookSecrets } from '../../src/secrets/contents.ts';
import { signerOf } from '../../src/signing-keys.ts';
import { type Simulator, startSimulator } from '../../packages/simulator/src/simulator.ts';
import { passTime, startSecretValues } from './secrets-fixture.ts';

const TOKEN = 'POST /oauth/token';
const newKey = () =>
  generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const client = (clientSecret: string) => JSON.stringify({ clientId: 'simulator-client', clientSecret });

/** A handler whose every secret stands in Secrets Manager, as one warm function has it. */
async function start(clientSecret = 'simulator-secret') {
  const { endpoint, secrets, clock, logger } = await startSecretValues();
  const simulator: Simulator = await startSimulator({ recordings: 4, now: () => clock.now() });
  const dir = await mkdtemp(join(tmpdir(), 'rotation-'));
  const pem = newKey();
  const { GENESYS_CLIENT_ID: _id, GENESYS_CLIENT_SECRET: _secret, ...base } = simulator.environment();
  const env = {
    ...base,
    GENESYS_SECRET_ARN: endpoint.put('genesys', client(clientSecret)),
    ARCHIVE_SIGNING_KEY_SECRET_ARN: endpoint.put('receipts', pem),
    ARCHIVE_WEBHOOK_SECRET_ARN: endpoint.put('webhook', 'the-first-webhook-secret'),
    ENCRYPTION_KEY_HEX: randomBytes(32).toString('hex'),
    ARCHIVE_STORE: `file:${dir}`,
  };
  const config = loadConfig({ env }, 'archive');
  const archiver = await createArchiver(config, { clock, logger, secrets });
  const webhookSecrets = readWebhookSecrets(config.webhook, secrets);
  const handle = createHandler({ archiver, config, webhookSecrets, clock, logger, onLambda: true });
  onTestFinished(async () => {
    archiver.close();
    await simulator.close();
    await rm(dir, { recursive: true, force: true });
  });
  const [first, second, third] = simulator.recordings.map(({ id }) => id);
  if (first === undefined || second === undefined || third === undefined) throw new Error('there are four');
  const archive = (id: string) => handle(simulator.event(id, 'bare'));
  const post = (id: string, secret: string) => {
    const body = JSON.stringify(simulator.event(id, 'webhook'));
    const signature = createHmac('sha256', secret).update(body).digest('hex');
    return handle({
      requestContext: { http: { method: 'POST' } },
      headers: { 'x-hub-signature-256': `sha256=${signature}` },
      body,
    });
  };
  const signedBy = async (id: string) => {
    const files = await readdir(join(dir, 'receipts'), { recursive: true });
    const file = files.find((name) => name.includes(id) && name.endsWith('.json'));
    const receipt = JSON.parse(await readFile(join(dir, 'receipts', file ?? ''), 'utf8')) as {
      signature?: { keyId: string };
    };
    return receipt.signature?.keyId;
  };
  const count = (route: string) => simulator.requests.filter((request) => request.route === route).length;
  return {
    endpoint,
    simulator,
    logger,
    archiver,
    archive,
    post,
    signedBy,
    count,
    pem,
    ids: [first, second, third] as const,
  };
}

describe('a secret that is exchanged while the function is warm', () => {
  it('of the OAuth client: the next token is asked for with the new one, and the recording is archived', async () => {
    const { endpoint, archive, simulator, count, ids, logger } = await start();
    await archive(ids[0]);
    expect(endpoint.requests.filter(({ secretId }) => secretId.includes('genesys'))).toHaveLength(1);
    // rotated at the platform, and in Secrets Manager; the tokens of the old client are void
    simulator.setClientSecret('rotated-secret');
    simulator.revokeTokens();
    endpoint.put('genesys', client('rotated-secret'));
    expect(await archive(ids[1])).toMatchObject({ statusCode: 200 });
    expect(endpoint.requests.filter(({ secretId }) => secretId.includes('genesys'))).toHaveLength(2);
    expect(count(TOKEN)).toBe(2);
    expect(logger.lines.join('\n')).not.toMatch(/rotated-secret|simulator-secret/);
  });

  it('of the OAuth client, when its token has expired: what was read is refused, read again and taken', async () => {
    const { endpoint, archiver, simulator, count } = await start('an-old-secret');
    endpoint.put('genesys', client('an-old-secret'));
    const early = archiver.checkCredentials(unlimited);
    await expect(early).rejects.toMatchObject({ code: 'GENESYS_AUTH_REJECTED' });
    // once with what was cached, and not again with the same
    expect(count(TOKEN)).toBe(1);
    simulator.setClientSecret('rotated-secret');
    endpoint.put('genesys', client('rotated-secret'));
    await archiver.checkCredentials(unlimited);
    expect(count(TOKEN)).toBe(3);
  });

  it('of the HTTP entry: another one is in force when five minutes have passed', async () => {
    const { endpoint, post, ids } = await start();
    expect(await post(ids[0], 'the-first-webhook-secret')).toMatchObject({ statusCode: 200 });
    endpoint.put('webhook', 'the-second-webhook-secret');
    expect(await post(ids[1], 'the-second-webhook-secret')).toMatchObject({ statusCode: 401 });
    passTime(301_000);
    expect(await post(ids[1], 'the-second-webhook-secret')).toMatchObject({ statusCode: 200 });
    expect(await post(ids[2], 'the-first-webhook-secret')).toMatchObject({ statusCode: 401 });
  });

  it('of receipts: they are signed with the key that stands there then', async () => {
    const { endpoint, archive, signedBy, pem, ids } = await start();
    await archive(ids[0]);
    const next = newKey();
    endpoint.put('receipts', next);
    passTime(301_000);
    await archive(ids[1]);
    expect([await signedBy(ids[0]), await signedBy(ids[1])]).toEqual([
      signerOf(pem, 'x').keyId,
      signerOf(next, 'x').keyId,
    ]);
  });
});

describe('a secret that is not available', () => {
  it('of receipts: nothing is downloaded that could not be signed', async () => {
    const { endpoint, archive, simulator, ids } = await start();
    endpoint.put('receipts', 'canary: no key');
    await expect(archive(ids[0])).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    endpoint.faults.add('AccessDeniedException', Number.POSITIVE_INFINITY);
    passTime(301_000);
    await expect(archive(ids[0])).rejects.toMatchObject({ code: 'SECRET_DENIED', retryable: false });
    expect(simulator.requests).toEqual([]);
  });

  it('of the HTTP entry: a request is neither accepted nor told why', async () => {
    const { endpoint, post, ids, simulator } = await start();
    endpoint.faults.add('AccessDeniedException');
    const denied = await post(ids[0], 'the-first-webhook-secret');
    expect(denied).toMatchObject({
      statusCode: 500,
      body: expect.stringContaining('SECRET_DENIED') as unknown,
    });
    endpoint.faults.add('ThrottlingException', 5);
    expect(await post(ids[0], 'the-first-webhook-secret')).toMatchObject({ statusCode: 503 });
    expect(simulator.requests).toEqual([]);
    expect(await post(ids[0], 'the-first-webhook-secret')).toMatchObject({ statusCode: 200 });
  });
});
