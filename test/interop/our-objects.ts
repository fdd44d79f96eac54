import { createHash, generateKeyPairSync, randomBytes, randomInt, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { keepKey } from '../../src/archive/keep-key.ts';
import { adoptRecording } from '../../src/rekey/adopt-recordings.ts';
import { publishInstruction } from '../../src/rekey/publish-instruction.ts';
import { systemClock, unlimited } from '../../src/clock.ts';
import { createAdopter } from '../../src/envelope/adopt.ts';
import { createKmsWrap, type KeyUnwrapper, type KeyWrapper } from '../../src/envelope/key-wrap.ts';
import { createKmsDataKeys } from '../../src/envelope/kms/data-keys.ts';
import {
  createAesUnwrapper,
  createAesWrapper,
  createRsaUnwrapper,
  createRsaWrapper,
} from '../../src/envelope/raw-wrap.ts';
import { createS3ecEnvelope, recordingContext } from '../../src/envelope/s3ec/envelope.ts';
import { createStaticEnvelope } from '../../src/envelope/static-gcm.ts';
import { silentLogger } from '../../src/log.ts';
import type { Envelope } from '../../src/ports.ts';
import { DEFAULT_ALIAS, startKms } from '../../packages/simulator/src/kms/kms.ts';
import { startS3 } from '../../packages/simulator/src/s3/s3.ts';
import { createS3Client } from '../../src/store/s3/client.ts';
import { createS3Store } from '../../src/store/s3/s3-store.ts';

export type Wrap = 'kms' | 'aes' | 'rsa';
/** `published`: `s3ec-v3` whose data key is in a key record, with the instruction file that `keys publish` derives. */
export type Format = 's3ec-v2' | 's3ec-v3' | 'adopted' | 'published' | 'static-gcm';

export interface OurObject {
  readonly key: string;
  readonly wrap: Wrap;
  readonly format: Format;
  readonly bytes: number;
  /** What a reader of a KMS wrap has to pass. */
  readonly context: Readonly<Record<string, string>>;
  /** Of the plaintext, hex. */
  readonly sha256: string;
}

export const ORGANIZATION = '0c2f9a6e-52a4-4a8b-9c55-1f3f6a1a9b77';
const BUCKET = 'recordings';
/** Bytes: of our store's parts. */
const PART = 5 * 1024 * 1024;
const SMALL_EDGES = [0, 1, 15, 16, 17, 65_535, 65_536, 65_537];
const LARGE_EDGES = [PART - 1, PART, PART + 1, 16 * 1024 * 1024 + randomInt(1, 100_000)];

/** The edge sizes, filled up with random ones; the large ones only where asked for, for their sum is 40 MiB. */
export function sizes(count: number, large: boolean): number[] {
  const edges = large ? [...SMALL_EDGES, ...LARGE_EDGES] : SMALL_EDGES;
  return Array.from({ length: count }, (_, index) => edges[index] ?? randomInt(0, 200_000));
}

/** An archive in the simulator's S3, with a key of every kind. */
export async function startArchive() {
  const dir = await mkdtemp(path.join(tmpdir(), 'interop-'));
  const s3 = await startS3({ dir: path.join(dir, 's3'), buckets: [BUCKET] });
  const kms = await startKms({ dir: path.join(dir, 'kms') });
  const credentials = { accessKeyId: 'simulator', secretAccessKey: 'simulator-secret-key' };
  const access = { region: 'us-east-1', credentials };
  const client = createS3Client({ endpoint: s3.url, forcePathStyle: true, ...access });
  const tools = { clock: systemClock, logger: silentLogger };
  const store = createS3Store({ client, bucket: BUCKET, partSizeBytes: PART, ...tools });
  const dataKeys = createKmsDataKeys({ keyId: DEFAULT_ALIAS, endpoint: kms.url, ...access, ...tools });
  const kmsWrap = createKmsWrap(dataKeys);
  const aes = { kid: 'k1', key: randomBytes(32) };
  const pair = generateKeyPairSync('rsa', { modulusLength: 3072 });
  const staticKey = randomBytes(32);
  const wrappers: Readonly<Record<Wrap, KeyWrapper>> = {
    kms: kmsWrap,
    aes: createAesWrapper(aes),
    rsa: createRsaWrapper(pair.publicKey),
  };
  const unwrappers: KeyUnwrapper[] = [
    kmsWrap,
    // objects of other writers describe their keys as they like
    createAesUnwrapper([{ key: aes.key }]),
    createRsaUnwrapper([{ key: pair.privateKey }]),
  ];

  const envelopeOf = (format: Format, wrap: Wrap): Envelope => {
    if (format === 'adopted' || format === 'static-gcm') return createStaticEnvelope(staticKey);
    const wrapper = wrappers[wrap];
    if (format === 'published') {
      const options = { format: 's3ec-v3', placement: 'instruction', organizationId: ORGANIZATION } as const;
      return createS3ecEnvelope({ ...options, wrapper });
    }
    return createS3ecEnvelope({ format, wrapper, organizationId: ORGANIZATION });
  };

  /** Writes one object as the archive does. */
  const write = async (format: Format, wrap: Wrap, bytes: number): Promise<OurObject> => {
    const ids = { recordingId: randomUUID(), conversationId: randomUUID() };
    const key = `archive/2026/05/20/${ids.recordingId}.enc`;
    const plaintext = randomBytes(bytes);
    const sealer = await envelopeOf(format, wrap).seal(ids, unlimited);
    async function* ciphertext() {
      for (let at = 0; at < bytes; at += 65_536) {
        yield await Promise.resolve(sealer.update(plaintext.subarray(at, at + 65_536)));
      }
      yield sealer.final();
    }
    const keptKey = keepKey({ store, organizationId: ORGANIZATION }, sealer, { ids, key }, unlimited);
    const metadata = { ...sealer.metadata, ...keptKey.metadata };
    const options = { metadata, contentType: 'application/octet-stream' };
    await keptKey.confirm();
    await store.put(key, ciphertext(), options, unlimited);
    if (format === 'published') await publishInstruction({ store }, key, { dryRun: false }, unlimited);
    if (format === 'adopted') {
      const adopter = createAdopter({ staticKey, wrapper: wrappers[wrap], organizationId: ORGANIZATION });
      await adoptRecording({ store, adopter }, key, { dryRun: false }, unlimited);
    }
    const { 'conversation-id': _, ...withoutConversation } = recordingContext(ORGANIZATION, ids);
    const context = format === 'adopted' ? withoutConversation : recordingContext(ORGANIZATION, ids);
    const sha256 = createHash('sha256').update(plaintext).digest('hex');
    return { key, wrap, format, bytes, context, sha256 };
  };

  const writeAll = async (format: Format, wrap: Wrap, list: readonly number[]): Promise<OurObject[]> => {
    const objects: OurObject[] = [];
    for (const bytes of list) objects.push(await write(format, wrap, bytes));
    return objects;
  };

  return {
    dir,
    store,
    unwrappers,
    envelopeOf,
    writeAll,
    /** For other people's clients. */
    settings: {
      s3: s3.url,
      kms: kms.url,
      bucket: BUCKET,
      kmsKeyId: DEFAULT_ALIAS,
      aes: aes.key.toString('base64'),
      rsa: pair.privateKey.export({ type: 'pkcs1', format: 'pem' }) as string,
      static: staticKey.toString('hex'),
    },
    close: async () => {
      dataKeys.close();
      client.destroy();
      await s3.close();
      await kms.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
