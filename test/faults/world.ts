import { generateKeyPairSync, randomBytes } from 'node:crypto';
import type { ArchivePorts } from '../../src/archive/ports.ts';
import type { ArchiveResult, DeliveryHints } from '../../src/archive/archive-request.ts';
import { linkKey, receiptKey } from '../../src/record/object-key.ts';
import { createReceiptSigner, type ReceiptSigner, signingKeyId } from '../../src/record/receipt/receipt.ts';
import type { Budget } from '../../src/clock.ts';
import { createEnvelopeReader } from '../../src/envelope/envelope-reader.ts';
import { createKmsWrap, type DataKeyService } from '../../src/envelope/key-wrap.ts';
import { createS3ecEnvelope } from '../../src/envelope/s3ec/envelope.ts';
import { createStaticEnvelope, createStaticReader } from '../../src/envelope/static-gcm.ts';
import { ArchiveError } from '../../src/errors.ts';
import { createHandler } from '../../src/lambda/handle-event.ts';
import { silentLogger } from '../../src/log.ts';
import type { ArchiveRequest, Envelope, RecordingIds } from '../../src/ports.ts';
import { UUID_PATTERN } from '../../src/recording/id.ts';
import { MIN_PART_BYTES } from '../../src/store/s3/part-size.ts';
import { createS3Store } from '../../src/store/s3/s3-store.ts';
import { memoryKeyService } from '../envelope/memory-key-service.ts';
import type { Actor } from './actor.ts';
import { brokenInvariants } from './invariants.ts';
import { brokenKeys, whyKeyless } from './key-invariants.ts';
import { MemoryS3, type S3Defect } from './memory-s3.ts';
import { fileId, SimulatedPlatform, type SourceEvent } from './simulated-platform.ts';
import { brokenSignatures, type HonestWork } from './signed-truth.ts';
import type { SimulatedTime } from './simulated-time.ts';

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
export const signingKeys = new Map([[signingKeyId(publicKey), publicKey]]);
const organizationId = '8d4d3f1e-7a55-4b39-9a6c-0d7f9f2f5c11';

export interface WorldOptions {
  readonly time: SimulatedTime;
  readonly events: readonly SourceEvent[];
  /** Data keys of a key service, or the one static key. */
  readonly usesKms: boolean;
  /** Data keys of a key service are kept in key records. */
  readonly keepsRecords?: boolean | undefined;
  readonly defect?: S3Defect | undefined;
}

export type Archive = (
  request: ArchiveRequest,
  budget: Budget,
  hints: DeliveryHints | undefined,
) => Promise<readonly ArchiveResult[]>;

/** What all simulated processes share: one bucket, one platform, one key service, and the notes of what happened. */
export class World {
  readonly time: SimulatedTime;
  readonly s3: MemoryS3;
  readonly platform: SimulatedPlatform;
  readonly staticKey = randomBytes(32);
  /** IVs and message ids of all attempts. */
  readonly nonces: string[] = [];
  /** Keys that were linked or reported too early. */
  readonly premature: string[] = [];
  /** Keys whose link marker could not be written beside the work, which is warned of. */
  readonly unmarked = new Set<string>();
  readonly honest: HonestWork = { signed: [], puts: new Map() };
  readonly signer: ReceiptSigner = this.#notedSigner();
  readonly #keys = memoryKeyService();
  readonly #usesKms: boolean;
  readonly #keepsRecords: boolean;
  /** Objects that came to stand without their key record. */
  readonly #keyless: string[] = [];

  constructor({ time, events, usesKms, keepsRecords = false, defect }: WorldOptions) {
    this.time = time;
    this.s3 = new MemoryS3(() => time.now, defect);
    this.platform = new SimulatedPlatform(events, () => time.now);
    this.platform.onReference = ({ reference: { key } }) => {
      if (!this.s3.objects.has(key) || !this.s3.objects.has(receiptKey(key))) this.premature.push(key);
    };
    this.#usesKms = usesKms || keepsRecords;
    this.#keepsRecords = keepsRecords;
    this.s3.onPut = (key, object) => {
      this.honest.puts.set(key, [...(this.honest.puts.get(key) ?? []), object]);
      if (this.#keepsRecords && whyKeyless(this.s3, key, object) !== undefined) this.#keyless.push(key);
    };
  }

  /** The ports of one process: the real store and envelope, and the simulated far ends. */
  portsOf(actor: Actor): ArchivePorts {
    const { clock } = this.time;
    const envelope = this.#usesKms ? this.#kmsEnvelope(actor) : createStaticEnvelope(this.staticKey);
    return {
      resolver: this.platform.resolver(actor),
      opener: this.platform.opener(actor),
      references: this.platform.references(actor),
      envelope: this.noted(envelope),
      store: createS3Store({
        client: this.s3.client(actor),
        bucket: 'bucket',
        clock,
        logger: silentLogger,
        partSizeBytes: MIN_PART_BYTES,
      }),
      signer: this.signer,
      // who may only make data keys can open nothing
      ...(this.#usesKms
        ? {}
        : { reader: createStaticReader(this.staticKey), opens: new Set(['static'] as const) }),
      organizationId,
      clock,
      logger: {
        log: (_level, message, fields) => {
          if (message.startsWith('no link marker')) this.unmarked.add(fields?.key ?? '');
        },
      },
    };
  }

  /** The Lambda handler of one process around `archive`. */
  handlerOf(archive: Archive): ReturnType<typeof createHandler> {
    return createHandler({
      archiver: { archive: async (request, budget, hints) => archive(request, budget ?? fail(), hints) },
      config: { webhook: { secrets: [], open: false }, idPattern: UUID_PATTERN },
      clock: this.time.clock,
      logger: silentLogger,
      onLambda: true,
    });
  }

  /** Do object, receipt and link marker of the file stand? */
  isArchived(ids: RecordingIds): boolean {
    const keys = [...this.s3.objects.keys()];
    const key = keys.find((found) => found.startsWith('archive/') && found.endsWith(`/${fileId(ids)}.enc`));
    return key !== undefined && this.s3.objects.has(receiptKey(key)) && this.s3.objects.has(linkKey(key));
  }

  noted(envelope: Envelope): Envelope {
    return {
      format: envelope.format,
      seal: async (ids, budget) => {
        const sealer = await envelope.seal(ids, budget);
        const metadata: Readonly<Record<string, string>> = sealer.metadata;
        this.nonces.push(metadata['x-amz-i'] ?? metadata['iv'] ?? '');
        return sealer;
      },
    };
  }

  /** Those of I1 to I8 that do not hold, once everything has come to rest. */
  async brokenInvariants(lostMessages: readonly string[]): Promise<string[]> {
    this.s3.settle();
    const { s3, platform, nonces, premature, unmarked, staticKey } = this;
    const reader = createEnvelopeReader({ staticKey, unwrappers: [createKmsWrap(this.#keys)] });
    const state = { s3, platform, reader, signingKeys, nonces, premature, unmarked, lostMessages };
    const keyless = this.#keepsRecords
      ? [...this.#keyless.map((key) => `I10 ${key} stood without its key record`), ...brokenKeys(s3)]
      : [];
    return [...(await brokenInvariants(state)), ...brokenSignatures(this), ...keyless];
  }

  #notedSigner(): ReceiptSigner {
    const signer = createReceiptSigner(privateKey);
    return {
      ...signer,
      sign: (bytes) => {
        this.honest.signed.push(Buffer.from(bytes));
        return signer.sign(bytes);
      },
    };
  }

  #kmsEnvelope(actor: Actor): Envelope {
    const service: DataKeyService = {
      decrypt: async (...asked) => this.#keys.decrypt(...asked),
      generate: async (context, budget) => {
        const mishap = actor.strikes() ? new ArchiveError('KMS_THROTTLED', 'simulated') : undefined;
        await actor.request(() => {}, mishap, budget?.signal);
        return this.#keys.generate(context);
      },
    };
    return createS3ecEnvelope({
      format: 's3ec-v3',
      wrapper: createKmsWrap(service),
      organizationId,
      placement: this.#keepsRecords ? 'instruction' : 'metadata',
    });
  }
}

function fail(): never {
  throw new Error('the handler always states a budget');
}
