import { createHash, randomUUID } from 'node:crypto';
import type { ObjectRecord, OpenUpload, PartRecord } from './records.ts';
import { assertKey, quote, readDescription, readNumber, readWriteCondition } from './call.ts';
import type { S3Answer, S3Call } from './call.ts';
import {
  type Checksum,
  type ChecksumAlgorithm,
  checksumElement,
  checksumElements,
  checksumHeaders,
  compositeChecksum,
  parseAlgorithm,
  readChecksumHeader,
} from './checksum.ts';
import { readLockHeaders } from './object-lock.ts';
import { preconditionFailed, readTags } from './objects.ts';
import { notImplemented, S3Refusal } from './refusal.ts';
import { type ListedPart, readPartList, renderDocument } from './xml.ts';
import { present } from '../present.ts';

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html: 1 to 10,000 parts, all but the last at least 5 MiB. */
const MAX_PARTS = 10_000;
const MIN_PART_BYTES = 5 * 1024 * 1024;
/** Bytes; 10,000 parts with entity tag and SHA-256 stay below it. */
const MAX_PART_LIST_BYTES = 4 * 1024 * 1024;

export function findUpload(call: S3Call): OpenUpload {
  const uploadId = call.query.get('uploadId') ?? '';
  const upload = call.bucket.upload(uploadId);
  if (upload === undefined || upload.record.key !== call.key) {
    throw new S3Refusal('NoSuchUpload', undefined, { UploadId: uploadId });
  }
  return upload;
}

export async function createMultipartUpload(call: S3Call): Promise<S3Answer> {
  assertKey(call.key);
  const stated = call.headers.get('x-amz-checksum-algorithm');
  const type = call.headers.get('x-amz-checksum-type');
  if (type !== undefined && stated === undefined) {
    throw new S3Refusal(
      'InvalidRequest',
      'The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.',
    );
  }
  if (type !== undefined && type !== 'COMPOSITE')
    throw notImplemented(`checksum type ${type} for multipart uploads`);
  const algorithm = stated === undefined ? undefined : parseAlgorithm(stated);
  const uploadId = randomUUID().replaceAll('-', '');
  await call.bucket.createUpload({
    uploadId,
    key: call.key,
    initiated: call.now,
    ...readDescription(call.headers),
    ...readLockHeaders(call),
    ...readTags(call),
    ...present({ algorithm }),
  });
  return {
    status: 200,
    headers:
      algorithm === undefined
        ? {}
        : { 'x-amz-checksum-algorithm': algorithm, 'x-amz-checksum-type': 'COMPOSITE' },
    body: renderDocument('InitiateMultipartUploadResult', {
      Bucket: call.bucketName,
      Key: call.key,
      UploadId: uploadId,
    }),
  };
}

export async function uploadPart(call: S3Call): Promise<S3Answer> {
  const { record } = findUpload(call);
  const partNumber = readNumber(call.query.get('partNumber') ?? '', {
    name: 'partNumber',
    least: 1,
    most: MAX_PARTS,
    absent: 0,
  });
  const body = call.body();
  const segment = await call.bucket.store(body.chunks);
  const { md5, checksum } = body.facts();
  if (record.algorithm !== undefined && checksum?.algorithm !== record.algorithm) {
    await call.bucket.discard([segment]);
    const actual = checksum?.algorithm.toLowerCase() ?? 'null';
    throw new S3Refusal(
      'InvalidRequest',
      `Checksum Type mismatch occurred, expected checksum Type: ${record.algorithm.toLowerCase()}, actual checksum Type: ${actual}`,
    );
  }
  const part: PartRecord = {
    uploadId: record.uploadId,
    partNumber,
    etag: md5.toString('hex'),
    lastModified: call.now,
    segment,
    ...present({ checksum }),
  };
  if (!(await call.bucket.commitPart(part))) throw new S3Refusal('NoSuchUpload');
  return {
    status: 200,
    headers: {
      etag: quote(part.etag),
      ...checksumHeaders(checksum),
    },
  };
}

/** The uploaded parts that the list names, each checked against what the list says of it. */
function selectParts(upload: OpenUpload, listed: readonly ListedPart[]): readonly PartRecord[] {
  const { algorithm } = upload.record;
  let previous = 0;
  return listed.map(({ partNumber, etag, checksums }) => {
    if (partNumber <= previous) throw new S3Refusal('InvalidPartOrder');
    previous = partNumber;
    const part = upload.parts.get(partNumber);
    const invalid = new S3Refusal('InvalidPart', undefined, { PartNumber: partNumber, ETag: etag });
    if (part === undefined || part.etag !== etag) throw invalid;
    if (algorithm !== undefined && checksums[checksumElement(algorithm)] === undefined) {
      throw new S3Refusal(
        'InvalidRequest',
        `The upload was created using a ${algorithm.toLowerCase()} checksum. The complete request must include the checksum for each part. It was missing for part ${partNumber} in the request.`,
      );
    }
    for (const [element, value] of Object.entries(checksums)) {
      if (!element.startsWith('Checksum')) throw new S3Refusal('MalformedXML');
      const known = part.checksum;
      if (known === undefined || checksumElement(known.algorithm) !== element || known.value !== value) {
        throw invalid;
      }
    }
    return part;
  });
}

function assembleObject(call: S3Call, upload: OpenUpload, parts: readonly PartRecord[]): ObjectRecord {
  const { record } = upload;
  requirePartSizes(parts);
  const size = requireSize(call, parts);
  const checksum = requireChecksum(call, record.algorithm, parts);
  const md5 = createHash('md5');
  for (const { etag } of parts) md5.update(Buffer.from(etag, 'hex'));
  return {
    key: call.key,
    size,
    etag: `${md5.digest('hex')}-${parts.length}`,
    lastModified: call.now,
    metadata: record.metadata,
    headers: record.headers,
    ...present({
      retention: record.retention,
      tags: record.tags,
      checksum: checksum === undefined ? undefined : { ...checksum, type: 'COMPOSITE' as const },
    }),
    segments: parts.map((part) => ({
      ...part.segment,
      ...present({ checksum: part.checksum?.value }),
    })),
    uploadId: record.uploadId,
  };
}

function requirePartSizes(parts: readonly PartRecord[]): void {
  const small = parts.slice(0, -1).find(({ segment }) => segment.size < MIN_PART_BYTES);
  if (small === undefined) return;
  throw new S3Refusal('EntityTooSmall', undefined, {
    PartNumber: small.partNumber,
    ProposedSize: small.segment.size,
    MinSizeAllowed: MIN_PART_BYTES,
  });
}

/** @returns that of the object. */
function requireSize(call: S3Call, parts: readonly PartRecord[]): number {
  const size = parts.reduce((sum, { segment }) => sum + segment.size, 0);
  const stated = call.headers.get('x-amz-mp-object-size');
  if (stated === undefined || stated === String(size)) return size;
  throw new S3Refusal(
    'InvalidRequest',
    "The provided 'x-amz-mp-object-size' header value does not match what was computed.",
  );
}

/** @returns that of the object, where the upload was created with an algorithm. */
function requireChecksum(
  call: S3Call,
  algorithm: ChecksumAlgorithm | undefined,
  parts: readonly PartRecord[],
): Checksum | undefined {
  const ofParts = parts.map((part) => part.checksum?.value ?? '');
  const checksum: Checksum | undefined =
    algorithm === undefined ? undefined : { algorithm, value: compositeChecksum(algorithm, ofParts) };
  const expected = readChecksumHeader(call.headers);
  if (expected === undefined) return checksum;
  if (expected.algorithm !== checksum?.algorithm) {
    throw new S3Refusal(
      'InvalidRequest',
      'The upload was not created with the checksum algorithm that is stated.',
    );
  }
  // S3 takes the composite value with and without the number of parts.
  if (checksum.value.replace(/-\d+$/, '') !== expected.value.replace(/-\d+$/, '')) {
    throw new S3Refusal('BadDigest');
  }
  return checksum;
}

async function readText(chunks: AsyncIterable<Uint8Array>, most: number): Promise<string> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    size += chunk.length;
    if (size > most) throw new S3Refusal('EntityTooLarge');
    parts.push(chunk);
  }
  return Buffer.concat(parts).toString('utf8');
}

export async function completeMultipartUpload(call: S3Call): Promise<S3Answer> {
  const { ifAbsent, ifMatch } = readWriteCondition(call.headers);
  if (ifMatch !== undefined) throw notImplemented('If-Match on CompleteMultipartUpload');
  findUpload(call);
  // Here the checksum headers are of the object, not of this body.
  const listed = readPartList(
    await readText(call.body({ ignoreChecksums: true }).chunks, MAX_PART_LIST_BYTES),
  );
  return call.bucket.exclusive(`upload ${call.query.get('uploadId') ?? ''}`, async () => {
    const upload = findUpload(call);
    const object = assembleObject(call, upload, selectParts(upload, listed));
    // A refused upload stays open: only an abort frees its parts.
    if (!(await call.bucket.commit(object, ifAbsent))) throw preconditionFailed();
    await call.bucket.dropUpload(upload.record.uploadId, object.segments);
    const { checksum, versionId } = object;
    return {
      status: 200,
      ...present({ headers: versionId === undefined ? undefined : { 'x-amz-version-id': versionId } }),
      body: renderDocument('CompleteMultipartUploadResult', {
        Location: `/${call.bucketName}/${call.key}`,
        Bucket: call.bucketName,
        Key: call.key,
        ETag: quote(object.etag),
        ...checksumElements(checksum),
        ...present({ ChecksumType: checksum?.type }),
      }),
    };
  });
}

export async function abortMultipartUpload(call: S3Call): Promise<S3Answer> {
  return call.bucket.exclusive(`upload ${call.query.get('uploadId') ?? ''}`, async () => {
    await call.bucket.dropUpload(findUpload(call).record.uploadId);
    return { status: 204 };
  });
}
