import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { idempotencyMetadata } from '../../src/record/identity.ts';
import { keepKey } from '../../src/archive/keep-key.ts';
import { issueReceipt } from '../../src/archive/issue-receipt.ts';
import { LeafHasher } from '../../src/record/leaf-hasher.ts';
import { objectKey, receiptKey } from '../../src/record/object-key.ts';
import { createReceiptSigner, signingKeyId } from '../../src/record/receipt/receipt.ts';
import { markMetadata } from '../../src/record/writer-mark.ts';
import { systemClock, unlimited } from '../../src/clock.ts';
import { createStaticEnvelope, createStaticReader } from '../../src/envelope/static-gcm.ts';
import type { Envelope, ObjectStore, RecordingIds } from '../../src/ports.ts';
import { createDirectoryStore } from '../../src/store/directory/directory-store.ts';

const FIRST_DAY = Date.UTC(2026, 4, 20, 12);
const DAY_MS = 86_400_000;

export interface SealedArchive {
  readonly dir: string;
  readonly store: ObjectStore;
  readonly secret: Buffer;
  readonly recordings: readonly { readonly ids: RecordingIds; readonly key: string; readonly at: number }[];
  readonly ports: {
    readonly store: ObjectStore;
    readonly reader: ReturnType<typeof createStaticReader>;
    readonly keys: ReadonlyMap<string, ReturnType<typeof generateKeyPairSync>['publicKey']>;
  };
  readonly publicKeyPem: string;
  readonly privateKeyPem: string;
  /** Files of an object (or receipt) and of its metadata. */
  readonly fileOf: (key: string) => string;
  readonly recordOf: (key: string) => string;
  /** Stores and receipts one more recording, or only stores it. */
  readonly add: (ids: RecordingIds, at: number, options?: AddOptions) => Promise<string>;
  readonly editReceipt: (key: string, change: (text: string) => string) => Promise<void>;
  readonly remove: () => Promise<void>;
}

interface AddOptions {
  readonly receipt?: boolean;
  readonly signed?: boolean;
  readonly bytes?: number;
  /** The receipt states hashes of pieces of so many bytes, and none of the whole, as of a large recording. */
  readonly leafBytes?: number;
}

export function idsAt(index: number): RecordingIds {
  const tail = index.toString(16).padStart(12, '0');
  return {
    recordingId: `aaaaaaaa-0000-4000-8000-${tail}`,
    conversationId: `cccccccc-0000-4000-8000-${tail}`,
  };
}

/**
 * An archive of small recordings as the use case leaves it, over ten days: sealed, receipted, signed.
 *
 * @param recorded seals them, and leaves the wrapped data keys to key records; without it, all have one key.
 */
export async function makeSealedArchive(
  count: number,
  bytes = 600,
  recorded?: Envelope,
): Promise<SealedArchive> {
  const dir = await mkdtemp(path.join(tmpdir(), 'sealed-'));
  const store = createDirectoryStore(dir);
  const secret = randomBytes(32);
  const envelope = recorded ?? createStaticEnvelope(secret);
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const signer = createReceiptSigner(privateKey);

  const add = async (ids: RecordingIds, at: number, options: AddOptions = {}) => {
    const key = objectKey({ ...ids, at });
    const plaintext = randomBytes(options.bytes ?? bytes);
    const sealer = await envelope.seal(ids, unlimited);
    const body = Buffer.concat([sealer.update(plaintext), sealer.final()]);
    const leaves =
      options.leafBytes === undefined ? LeafHasher.full() : LeafHasher.leavesOnly(options.leafBytes);
    leaves.update(body);
    const kept = keepKey({ store, organizationId: 'org' }, sealer, { ids, key }, unlimited);
    await kept.confirm();
    const own = { ...sealer.metadata, ...kept.metadata, ...idempotencyMetadata(ids) };
    const mark = await markMetadata(signer, {
      kind: 'media',
      key,
      ids,
      organizationId: 'org',
      metadata: own,
    });
    const result = await store.put(
      key,
      once(body),
      {
        metadata: { ...own, ...mark },
        contentType: 'application/octet-stream',
      },
      unlimited,
    );
    if (result.outcome !== 'stored') throw new Error('there is one already');
    if (options.receipt === false) return key;
    const issuer = {
      store,
      clock: systemClock,
      format: envelope.format,
      signer: options.signed === false ? undefined : signer,
      organizationId: 'org',
    };
    const facts = {
      source: { contentType: 'audio/wav', contentLength: plaintext.length, etag: undefined },
      plaintext: { bytes: plaintext.length, sha256: createHash('sha256').update(plaintext).digest() },
      ciphertext: leaves.finish(),
    };
    await issueReceipt(issuer, { ids, stat: result.stat, at, facts, resumes: 0, restarts: 0 }, unlimited);
    return key;
  };

  const wanted = Array.from({ length: count }, (_, index) => {
    const [ids, at] = [idsAt(index), FIRST_DAY + (index % 10) * DAY_MS];
    return { ids, at, key: objectKey({ ...ids, at }) };
  });
  // each waits for the disk several times, so many at once
  const queue = wanted.values();
  const work = async () => {
    for (const { ids, at } of queue) await add(ids, at);
  };
  await Promise.all(Array.from({ length: 32 }, work));
  const recordings = wanted;
  const fileOf = (key: string) => path.join(dir, key);
  return {
    dir,
    store,
    secret,
    recordings,
    ports: {
      store,
      reader: createStaticReader(secret),
      keys: new Map([[signingKeyId(publicKey), publicKey]]),
    },
    publicKeyPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    privateKeyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    fileOf,
    recordOf: (key) => `${fileOf(key)}.metadata.json`,
    add,
    editReceipt: async (key, change) => {
      const file = fileOf(receiptKey(key));
      await writeFile(file, change(await readFile(file, 'utf8')));
    },
    remove: () => rm(dir, { recursive: true, force: true }),
  };
}

// oxlint-disable-next-line typescript/require-await -- a body is an async iterable
async function* once(chunk: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield chunk;
}
