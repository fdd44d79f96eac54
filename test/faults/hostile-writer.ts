import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';
import { hashMetadata, idempotencyMetadata } from '../../src/record/identity.ts';
import { claimKey, contextKey, linkKey, objectKey, receiptKey } from '../../src/record/object-key.ts';
import { RECEIPT_SCHEMA, type Receipt } from '../../src/record/receipt/schema.ts';
import { createReceiptSigner, formatReceipt } from '../../src/record/receipt/receipt.ts';
import { MARK, markMetadata } from '../../src/record/writer-mark.ts';
import type { RecordingIds } from '../../src/ports.ts';
import type { MemoryS3, StoredObject } from './memory-s3.ts';
import { fileId, type SourceEvent } from './simulated-platform.ts';
import { STORY_BEGINS } from './story.ts';

/** Not the archive's: whoever may write to the bucket does not have its signing key. */
const stranger = createReceiptSigner(generateKeyPairSync('ed25519').privateKey);
const ORGANIZATION = '8d4d3f1e-7a55-4b39-9a6c-0d7f9f2f5c11';
const DAY_MS = 86_400_000;

interface Target {
  readonly ids: RecordingIds;
  readonly key: string;
}

/**
 * Somebody who may put, copy and delete every object of the bucket, knows the code and the formats, and has neither the signing key nor
 * any data key. Everything that is stood there once is kept, and may be put back anywhere.
 */
export class HostileWriter {
  readonly #s3: MemoryS3;
  readonly #events: readonly SourceEvent[];
  readonly #random: () => number;
  readonly #seen = new Map<string, StoredObject>();

  constructor(s3: MemoryS3, events: readonly SourceEvent[], random: () => number) {
    this.#s3 = s3;
    this.#events = events;
    this.#random = random;
  }

  /** One act of a random kind. @returns what it was. */
  async strike(): Promise<string> {
    for (const [key, object] of this.#s3.objects) this.#seen.set(`${key} ${object.etag}`, object);
    const target = this.#target();
    const other = this.#target();
    const acts: Readonly<Record<string, () => void | Promise<void>>> = {
      'copies an object': () => this.#plant(target, this.#copyOf(other)),
      'copies an object under its own hash of ids': () =>
        this.#plant(target, withIds(this.#copyOf(other), target.ids)),
      'copies an object under its own mark': async () =>
        this.#plant(target, await markedBy(target, withIds(this.#copyOf(other), target.ids))),
      'copies a context in the place of its recording': () =>
        this.#plant(
          target,
          this.#any((key) => key === contextKey(target.key)),
        ),
      'puts an object of its own': () => this.#plant(target, this.#forged(target.ids)),
      'puts an object of its own under a real mark': () => this.#plant(target, this.#forgedWithMark(target)),
      'puts an object of its own and a receipt for it': async () => {
        this.#plant(target, this.#forged(target.ids));
        await this.#writeReceipt(target);
      },
      'moves an object to another day': () => this.#move(target),
      'removes the receipt': () => this.#remove(receiptKey(target.key)),
      'removes the object': () => this.#remove(target.key),
      'removes object and receipt': () => this.#remove(target.key, receiptKey(target.key)),
      'removes the link marker': () => this.#remove(linkKey(target.key)),
      'copies a receipt': () =>
        this.#put(
          receiptKey(target.key),
          this.#any((key) => key.startsWith('receipts/')),
        ),
      'writes a receipt': () => this.#writeReceipt(target),
      'exchanges the body': () =>
        this.#change(target.key, ({ body }) => ({ body: randomBytes(body.length) })),
      'puts another body there': () =>
        this.#change(target.key, ({ body }) => ({ body: this.#copyOf(other)?.body ?? body })),
      'takes the mark away': () => this.#metadata(target, MARK, undefined),
      'changes the wrap': () => this.#metadata(target, 'x-amz-3', 'AAAA'),
      'changes the IV': () => this.#metadata(target, 'iv', randomBytes(12).toString('base64')),
      'changes the message id': () => this.#metadata(target, 'x-amz-i', randomBytes(28).toString('base64')),
    };
    const names = Object.keys(acts);
    const name = names[Math.floor(this.#random() * names.length)] ?? '';
    await acts[name]?.();
    return `${name} ${fileId(target.ids)}`;
  }

  #target(): Target {
    const files = this.#events.flatMap((event) => event.files.map((file) => ({ event, file })));
    const chosen = files[Math.floor(this.#random() * files.length)];
    if (chosen === undefined) throw new Error('nothing is recorded');
    const { ids, recordedAt } = chosen.file;
    const present = [...this.#s3.objects.keys()].find(
      (key) => key.startsWith('archive/') && key.endsWith(`/${fileId(ids)}.enc`),
    );
    const { request } = chosen.event;
    const at = (request.dialect === 'media' ? request.occurredAt : undefined) ?? recordedAt ?? STORY_BEGINS;
    return { ids, key: present ?? objectKey({ ...ids, at }) };
  }

  #any(wanted: (key: string) => boolean): StoredObject | undefined {
    const found = [...this.#seen].filter(([key]) => wanted(key.split(' ')[0] ?? ''));
    return found[Math.floor(this.#random() * found.length)]?.[1];
  }

  #copyOf({ ids }: Target): StoredObject | undefined {
    return this.#any((key) => key.startsWith('archive/') && key.endsWith(`/${fileId(ids)}.enc`));
  }

  /** In place of what stands there, without a receipt. */
  #plant({ key }: Target, object: StoredObject | undefined): void {
    if (object === undefined) return;
    this.#remove(key, receiptKey(key), linkKey(key));
    this.#put(key, object);
  }

  #put(key: string, object: Partial<StoredObject> | undefined): void {
    if (object?.body === undefined) return;
    const { body, metadata = {}, contentType = 'application/octet-stream' } = object;
    const checksum = createHash('sha256').update(body).digest('base64');
    const etag = `"${createHash('md5').update(`${key} ${checksum} ${this.#s3.now()}`).digest('hex')}"`;
    const lastModified = this.#s3.now();
    this.#s3.objects.set(key, {
      body,
      metadata,
      contentType,
      checksum,
      etag,
      lastModified,
      size: body.length,
    });
  }

  #remove(...keys: readonly string[]): void {
    for (const key of keys) this.#s3.objects.delete(key);
  }

  #change(key: string, change: (object: StoredObject) => Partial<StoredObject>): void {
    const object = this.#s3.objects.get(key);
    if (object === undefined) return;
    this.#put(key, { ...object, ...change(object) });
    if (this.#random() < 0.7) this.#remove(receiptKey(key));
  }

  #metadata({ key }: Target, name: string, value: string | undefined): void {
    this.#change(key, ({ metadata }) => {
      const { [name]: _old, ...rest } = metadata;
      return { metadata: value === undefined ? rest : { ...rest, [name]: value } };
    });
  }

  #forged(ids: RecordingIds): StoredObject {
    const metadata = {
      encryption: 'aes-256-gcm',
      iv: randomBytes(12).toString('base64'),
      ...idempotencyMetadata(ids),
    };
    return { ...EMPTY, body: randomBytes(200), metadata };
  }

  #forgedWithMark(target: Target): StoredObject {
    const forged = this.#forged(target.ids);
    const mark = this.#any((key) => key.startsWith('archive/'))?.metadata[MARK];
    return mark === undefined ? forged : { ...forged, metadata: { ...forged.metadata, [MARK]: mark } };
  }

  /** For recordings whose day only a claim states. */
  #move(target: Target): void {
    const object = this.#copyOf(target);
    const at = STORY_BEGINS - 3 * DAY_MS;
    if (object === undefined || !this.#s3.objects.has(claimKey(target.ids.recordingId))) return;
    this.#remove(target.key, receiptKey(target.key));
    const claim = `${JSON.stringify({ firstSeen: new Date(at).toISOString() })}\n`;
    this.#put(claimKey(target.ids.recordingId), { body: Buffer.from(claim) });
    this.#plant({ ...target, key: objectKey({ ...target.ids, at }) }, object);
  }

  /** One that fits the object there in every member, and is not signed by the archive. */
  async #writeReceipt({ ids, key }: Target): Promise<void> {
    const { size: bytes, metadata, checksum: sha256 } = this.#s3.objects.get(key) ?? EMPTY;
    const { recordingId: recording, conversationId: conversation, channel } = ids;
    const time = new Date(this.#s3.now()).toISOString();
    const receipt: Receipt = {
      schema: RECEIPT_SCHEMA,
      kind: 'archived',
      ids: {
        organization: ORGANIZATION,
        conversation,
        recording,
        ...(channel === undefined ? {} : { channel }),
      },
      ciphertext: { bytes },
      object: { key, store: 's3://bucket', checksum: { type: 'full', sha256 } },
      envelope: { format: 'static-gcm', metadataSha256: hashMetadata({ metadata }) },
      times: { recorded: time, stored: time, issued: time },
      tool: { name: 'genesys-media-archive', version: '0.0.0' },
    };
    const signer = this.#random() < 0.5 ? stranger : undefined;
    this.#put(receiptKey(key), { body: await formatReceipt(receipt, signer) });
  }
}

const EMPTY: StoredObject = {
  body: Buffer.alloc(0),
  checksum: '',
  size: 0,
  metadata: {},
  contentType: 'application/octet-stream',
  etag: '',
  lastModified: 0,
};

function withIds(object: StoredObject | undefined, ids: RecordingIds): StoredObject | undefined {
  return object && { ...object, metadata: { ...object.metadata, ...idempotencyMetadata(ids) } };
}

async function markedBy({ ids, key }: Target, object: StoredObject | undefined) {
  if (object === undefined) return undefined;
  const { metadata } = object;
  const mark = await markMetadata(stranger, {
    kind: 'media',
    key,
    ids,
    organizationId: ORGANIZATION,
    metadata,
  });
  return { ...object, metadata: { ...metadata, ...mark } };
}
