import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import type { S3Client } from '@aws-sdk/client-s3';
import type { RequestFate, S3Mishap } from './actor.ts';

/** Ways in which a store can be broken, one at a time: each must be caught by an invariant. */
export type S3Defect = 'ignores-conditions' | 'truncates' | 'forgets' | 'keeps-uploads' | 'alters-receipts';

/** Who sends the requests; `Actor` is one that takes its time and fails. */
export interface S3Caller {
  readonly killed: boolean;
  drawS3Mishap(operation: string): S3Mishap | undefined;
  request<T>(effect: (delivery: RequestFate) => T, mishap?: Error, signal?: AbortSignal): Promise<T>;
}

/** Requests are answered at once, and never fail. */
export const PROMPT_CALLER: S3Caller = {
  killed: false,
  drawS3Mishap: () => undefined,
  request: async (effect) => {
    const delivery = { answered: false };
    // rejects, as a client does, instead of throwing
    const value = await Promise.resolve(delivery).then(effect);
    delivery.answered = true;
    return value;
  },
};

export interface StoredObject {
  readonly body: Buffer;
  /** As the store states it, base64; `-N` at its end for N parts. */
  readonly checksum: string;
  /** Bytes as the store states them. */
  readonly size: number;
  readonly metadata: Readonly<Record<string, string>>;
  readonly contentType: string;
  readonly etag: string;
  readonly lastModified: number;
}

interface Upload {
  readonly key: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly contentType: string;
  readonly parts: Map<number, Buffer>;
  /** The answer that named it was lost, or its owner was killed: nobody can abort it. */
  readonly ownerless: () => boolean;
}

interface Input {
  readonly Key?: string;
  readonly Body?: Buffer;
  readonly ChecksumSHA256?: string;
  readonly IfNoneMatch?: string;
  readonly IfMatch?: string;
  readonly Metadata?: Record<string, string>;
  readonly ContentType?: string;
  readonly UploadId?: string;
  readonly PartNumber?: number;
  readonly MpuObjectSize?: number;
  readonly MultipartUpload?: { readonly Parts?: readonly { readonly PartNumber?: number }[] };
}

const failure = (name: string, status?: number, code?: string) =>
  Object.assign(new Error('simulated'), {
    name,
    ...(code === undefined ? {} : { code }),
    $metadata: { httpStatusCode: status },
  });

const MISHAPS = {
  throttled: () => failure('SlowDown', 503),
  internal: () => failure('InternalError', 500),
  reset: () => failure('Error', undefined, 'ECONNRESET'),
  conflict: () => failure('ConditionalRequestConflict', 409),
  lost: () => failure('Error', undefined, 'ECONNRESET'),
} satisfies Record<S3Mishap, () => Error>;

/** S3 as the product's store sees it, in memory, with conditional writes, multipart uploads and everybody's mishaps. */
export class MemoryS3 {
  readonly objects = new Map<string, StoredObject>();
  readonly uploads = new Map<string, Upload>();
  /** Keys of objects that were written where one stood already. */
  readonly overwritten: string[] = [];
  readonly now: () => number;
  /** Told of every object that a client has stored. */
  onPut: (key: string, object: StoredObject) => void = () => {};
  readonly #defect: S3Defect | undefined;
  #serial = 0;

  constructor(now: () => number, defect?: S3Defect) {
    this.now = now;
    this.#defect = defect;
  }

  /** The client of one process: its requests take time, fail, and are never answered once it is dead. */
  client(actor: S3Caller): S3Client {
    const send = async (command: object, options: { readonly abortSignal?: AbortSignal } = {}) => {
      const operation = command.constructor.name.replace(/Command$/, '');
      const { input } = command as { readonly input: Input };
      // the memory of a part is used again once its request is over
      const copy = input.Body === undefined ? input : { ...input, Body: Buffer.from(input.Body) };
      const mishap = actor.drawS3Mishap(operation);
      return actor.request(
        mishap === undefined || mishap === 'lost'
          ? (delivery) => this.#apply(operation, copy, () => !delivery.answered || actor.killed)
          : () => undefined,
        mishap === undefined ? undefined : MISHAPS[mishap](),
        options.abortSignal,
      );
    };
    return { send } as unknown as S3Client;
  }

  /** Uploads that somebody should have ended. */
  leakedUploads(): string[] {
    return [...this.uploads.values()].filter((upload) => !upload.ownerless()).map(({ key }) => key);
  }

  #apply(operation: string, input: Input, ownerless: () => boolean): unknown {
    const { Key = '', UploadId = '' } = input;
    switch (operation) {
      case 'HeadBucket':
        return {};
      case 'HeadObject':
        return this.#describe(this.#get(Key, 'NotFound'));
      case 'GetObject': {
        const found = this.#get(Key, 'NoSuchKey');
        const Body = Readable.from([found.body], { objectMode: false });
        return { ...this.#describe(found), Body, ContentLength: found.body.length };
      }
      case 'PutObject': {
        const body = input.Body ?? Buffer.alloc(0);
        const checksum = digest(body);
        if (input.ChecksumSHA256 !== checksum) throw failure('BadDigest', 400);
        return this.#store(Key, input, body, checksum);
      }
      case 'CreateMultipartUpload': {
        this.#serial += 1;
        const id = `upload-${this.#serial}`;
        const { Metadata = {}, ContentType = '' } = input;
        const upload = {
          key: Key,
          metadata: Metadata,
          contentType: ContentType,
          parts: new Map(),
          ownerless,
        };
        this.uploads.set(id, upload);
        return { UploadId: id };
      }
      case 'UploadPart': {
        const body = input.Body ?? Buffer.alloc(0);
        const checksum = digest(body);
        if (input.ChecksumSHA256 !== checksum) throw failure('BadDigest', 400);
        this.#upload(UploadId).parts.set(input.PartNumber ?? 0, body);
        return { ETag: `"${checksum}"`, ChecksumSHA256: checksum };
      }
      case 'CompleteMultipartUpload': {
        const upload = this.#upload(UploadId);
        const parts = (input.MultipartUpload?.Parts ?? []).map(
          ({ PartNumber = 0 }) => upload.parts.get(PartNumber) ?? Buffer.alloc(0),
        );
        const body = Buffer.concat(parts);
        if (body.length !== input.MpuObjectSize) throw failure('InvalidRequest', 400);
        const whole = createHash('sha256');
        for (const part of parts) whole.update(Buffer.from(digest(part), 'base64'));
        const checksum = `${whole.digest('base64')}-${parts.length}`;
        const answer = this.#store(
          Key,
          { ...input, Metadata: { ...upload.metadata }, ContentType: upload.contentType },
          body,
          checksum,
        );
        this.uploads.delete(UploadId);
        return answer;
      }
      case 'AbortMultipartUpload':
        this.#upload(UploadId);
        if (this.#defect !== 'keeps-uploads') this.uploads.delete(UploadId);
        return {};
      case 'DeleteObject':
        if (this.objects.get(Key)?.etag === input.IfMatch) this.objects.delete(Key);
        return {};
      default:
        throw new Error(`nobody has simulated ${operation}`);
    }
  }

  #store(key: string, input: Input, body: Buffer, checksum: string): unknown {
    if (this.objects.has(key)) {
      if (input.IfNoneMatch === '*' && this.#defect !== 'ignores-conditions') {
        throw failure('PreconditionFailed', 412);
      }
      this.overwritten.push(key);
    }
    this.#serial += 1;
    const object: StoredObject = {
      body: this.#damage(key, body),
      checksum,
      size: body.length,
      metadata: { ...input.Metadata },
      contentType: input.ContentType ?? '',
      etag: `"${this.#serial}"`,
      lastModified: this.now(),
    };
    this.objects.set(key, object);
    this.onPut(key, object);
    return { ETag: object.etag, ChecksumSHA256: checksum };
  }

  /** The end of the story: a forgetful store has lost by now what was there for whoever looked at once. */
  settle(): void {
    if (this.#defect !== 'forgets') return;
    for (const key of this.objects.keys()) if (key.startsWith('archive/')) this.objects.delete(key);
  }

  #damage(key: string, body: Buffer): Buffer {
    if (this.#defect === 'truncates' && key.startsWith('archive/')) return body.subarray(0, body.length - 1);
    if (this.#defect !== 'alters-receipts' || !key.startsWith('receipts/')) return body;
    return Buffer.from(body.toString('utf8').replace(/"bytes":(\d)/, '"bytes":1$1'));
  }

  #get(key: string, error: string): StoredObject {
    const found = this.objects.get(key);
    if (found === undefined) throw failure(error, 404);
    return found;
  }

  #upload(id: string): Upload {
    const upload = this.uploads.get(id);
    if (upload === undefined) throw failure('NoSuchUpload', 404);
    return upload;
  }

  #describe({ size, checksum, metadata, contentType, etag, lastModified }: StoredObject) {
    return {
      ContentLength: size,
      ChecksumSHA256: checksum,
      Metadata: { ...metadata },
      ContentType: contentType,
      ETag: etag,
      LastModified: new Date(lastModified),
    };
  }
}

function digest(body: Uint8Array): string {
  return createHash('sha256').update(body).digest('base64');
}
