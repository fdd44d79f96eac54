/**
 * A process that archives one recording with everything real, prints what came of it and how many boundaries between effects it
 * passed, and may be killed (SIGKILL) at one of them. Told by its environment; CRASH_AT=n names the boundary, from 1. There is
 * one before and one after every request to the platform, the media host and S3, at the end of every download, and around
 * every change to the file system.
 */
import { createPrivateKey } from 'node:crypto';
import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import type { S3Client } from '@aws-sdk/client-s3';
import { archiveRequest } from '../../src/archive/archive-request.ts';
import { createReceiptSigner } from '../../src/record/receipt/receipt.ts';
import { startBudget, systemClock } from '../../src/clock.ts';
import { createEnvelopeReader } from '../../src/envelope/envelope-reader.ts';
import { keyringUnwrapper, keyringWrapper, parseKeyring } from '../../src/envelope/keys/keyring.ts';
import { createS3ecEnvelope } from '../../src/envelope/s3ec/envelope.ts';
import { createStaticEnvelope, createStaticReader } from '../../src/envelope/static-gcm.ts';
import { toArchiveError } from '../../src/errors.ts';
import { createGenesysApi } from '../../src/genesys/api-client.ts';
import { createInteractionWriter } from '../../src/genesys/write-back/interaction-writer.ts';
import { createMediaApi, MEDIA_SCOPES } from '../../src/genesys/media/api.ts';
import { createMediaOpener } from '../../src/genesys/media/download.ts';
import { createTokenSource } from '../../src/genesys/oauth.ts';
import { createTransport, type Transport } from '../../src/http/transport.ts';
import { silentLogger } from '../../src/log.ts';
import type { ObjectStore } from '../../src/ports.ts';
import { createDirectoryStore } from '../../src/store/directory/directory-store.ts';
import { MIN_PART_BYTES } from '../../src/store/s3/part-size.ts';
import { createS3Client } from '../../src/store/s3/client.ts';
import { createS3Store } from '../../src/store/s3/s3-store.ts';
import { fixedCredentials } from '../genesys/fixed-credentials.ts';

const { API_URL = '', STORE = '', S3_URL, KEY = '', MEDIA_ID = '', INTERACTION_ID = '' } = process.env;
const { SIGNING_KEY = '', KEYRING } = process.env;
const crashAt = Number(process.env['CRASH_AT'] ?? '0');
let boundaries = 0;

function boundary(): void {
  boundaries += 1;
  if (boundaries === crashAt) process.kill(process.pid, 'SIGKILL');
}

type Call = (...args: unknown[]) => Promise<unknown>;

function surround(
  target: object,
  name: string,
  changing: (...args: unknown[]) => boolean = () => true,
): void {
  const functions = target as Record<string, Call>;
  const original = functions[name];
  if (original === undefined) throw new Error(`there is no ${name}`);
  functions[name] = async function surrounded(this: unknown, ...args) {
    if (!changing(...args)) return original.apply(this, args);
    boundary();
    const result = await original.apply(this, args);
    boundary();
    return result;
  };
}

async function surroundFileSystem(): Promise<void> {
  const handle = await fs.open(process.execPath, 'r');
  const handles = Object.getPrototypeOf(handle) as object;
  await handle.close();
  for (const name of ['write', 'writeFile', 'sync']) surround(handles, name);
  for (const name of ['link', 'rename', 'unlink', 'mkdir']) surround(fs, name);
  surround(fs, 'open', (_path, flags) => flags === 'wx');
  syncBuiltinESMExports();
}

function surroundTransport(transport: Transport): Transport {
  return {
    close: () => transport.close(),
    async send(request) {
      boundary();
      const response = await transport.send(request);
      boundary();
      return { ...response, body: ended(response.body) };
    },
  };
}

async function* ended(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  yield* body;
  boundary();
}

async function openStore(): Promise<ObjectStore> {
  if (S3_URL === undefined) {
    await surroundFileSystem();
    return createDirectoryStore(STORE);
  }
  const { AWS_ACCESS_KEY_ID = '', AWS_SECRET_ACCESS_KEY = '' } = process.env;
  const client: S3Client = createS3Client({
    endpoint: S3_URL,
    region: 'us-east-1',
    credentials: { accessKeyId: AWS_ACCESS_KEY_ID, secretAccessKey: AWS_SECRET_ACCESS_KEY },
    forcePathStyle: true,
  });
  // requests of the SDK here, the others through their transport
  surround(client.config.requestHandler, 'handle');
  return createS3Store({
    client,
    bucket: STORE,
    clock: systemClock,
    logger: silentLogger,
    partSizeBytes: MIN_PART_BYTES,
    transport: surroundTransport(createTransport()),
  });
}

/** The static key; with a keyring, data keys that are kept in key records (`ARCHIVE_KEY_PLACEMENT=records`). */
function openKeys(keyring: string | undefined) {
  if (keyring === undefined) {
    const key = Buffer.from(KEY, 'hex');
    return {
      envelope: createStaticEnvelope(key),
      reader: createStaticReader(key),
      opens: new Set(['static'] as const),
    };
  }
  const keys = parseKeyring(keyring);
  const wrapper = keyringWrapper(keys);
  return {
    envelope: createS3ecEnvelope({
      format: 's3ec-v3',
      wrapper,
      organizationId: 'crash-lab',
      placement: 'instruction',
    }),
    reader: createEnvelopeReader({ unwrappers: [keyringUnwrapper(keys)], organizationId: 'crash-lab' }),
    opens: new Set(['AES/GCM'] as const),
    organizationId: 'crash-lab',
  };
}

const logger = silentLogger;
const clock = systemClock;
const store = await openStore();
const apiTransport = surroundTransport(createTransport());
const mediaTransport = surroundTransport(createTransport({ guard: { allowLoopback: true } }));
const tokens = createTokenSource({
  loginUrl: API_URL,
  credentials: fixedCredentials(),
  scope: MEDIA_SCOPES,
  transport: apiTransport,
  clock,
  logger,
});
const api = createGenesysApi({ apiUrl: API_URL, tokens, transport: apiTransport, clock, logger });
const ports = {
  resolver: createMediaApi(api),
  opener: createMediaOpener({
    transport: mediaTransport,
    policy: { hosts: [], allowLoopback: true },
    clock,
    logger,
  }),
  references: createInteractionWriter(api),
  ...openKeys(KEYRING),
  signer: createReceiptSigner(createPrivateKey(SIGNING_KEY)),
  store,
  clock,
  logger,
};
const { budget, end } = startBudget(clock, clock.now() + 60_000);
try {
  const request = { dialect: 'media', mediaId: MEDIA_ID, interactionId: INTERACTION_ID } as const;
  const [result] = await archiveRequest(ports, request, budget);
  process.stdout.write(JSON.stringify({ state: result?.state, boundaries }));
} catch (error) {
  process.stdout.write(JSON.stringify({ error: toArchiveError(error) }));
} finally {
  end();
  apiTransport.close();
  mediaTransport.close();
}
