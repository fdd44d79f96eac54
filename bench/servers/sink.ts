/**
 * The S3 sink of the benchmark: keeps what it is told about objects and drops their bytes. It checks no signature and no checksum;
 * it states those that the client declared, as S3 does. A process of its own. Usage: node sink.mjs [certificate file, key file]
 */
import { createHash } from 'node:crypto';
import type net from 'node:net';
import { announce, certificateOf, listen, RequestCounts } from './listen.ts';
import { formatAnswer, formatHead, type Headers, type WireRequest } from './request-reader.ts';

interface Part {
  readonly size: number;
  readonly etag: string;
  readonly checksums: Readonly<Record<string, string>>;
}

interface StoredObject extends Part {
  readonly metadata: Readonly<Record<string, string>>;
  readonly contentType: string;
  readonly lastModified: string;
  readonly composite: boolean;
  /** Only of objects of at most 64 KiB. */
  readonly body: Buffer;
}

interface Upload {
  readonly metadata: Readonly<Record<string, string>>;
  readonly contentType: string;
  readonly parts: Map<number, Part>;
}

const CHECKSUM = /^x-amz-checksum-(?:sha\d+|crc\d+\w*)$/;
const XML = { 'content-type': 'application/xml' };
const counts = new RequestCounts();
const objects = new Map<string, StoredObject>();
const uploads = new Map<string, Upload>();
let serial = 0;

announce(await listen(answer, certificateOf(process.argv.slice(2))));

function answer(socket: net.Socket, request: WireRequest): void {
  const { method, target } = request;
  const mark = target.indexOf('?');
  const path = mark < 0 ? target : target.slice(0, mark);
  const query = new URLSearchParams(mark < 0 ? '' : target.slice(mark + 1));
  const uploadId = query.get('uploadId');
  if (path === '/-/counts') {
    socket.write(formatAnswer(200, { 'content-type': 'application/json' }, counts.toJson()));
  } else if (path === '/-/reset') {
    counts.clear();
    objects.clear();
    uploads.clear();
    socket.write(formatAnswer(200));
  } else if (method === 'PUT' && uploadId !== null) {
    counts.add('PUT part');
    socket.write(putPart(request, uploadId, Number(query.get('partNumber'))));
  } else if (method === 'POST' && uploadId !== null) {
    counts.add('POST complete upload');
    socket.write(completeUpload(request, path, uploadId));
  } else if (method === 'DELETE' && uploadId !== null) {
    counts.add('DELETE upload');
    uploads.delete(uploadId);
    socket.write(formatAnswer(204));
  } else if (method === 'POST' && query.has('uploads')) {
    counts.add('POST create upload');
    socket.write(createUpload(request, path));
  } else {
    counts.add(`${method} ${kindOf(path)}`);
    answerObject(socket, request, path);
  }
}

/** By the folder the key stands in, as the product lays its keys out. */
function kindOf(path: string): string {
  const [, , folder] = path.split('/');
  if (folder === undefined || folder === '') return 'bucket';
  const kinds: Readonly<Record<string, string>> = {
    archive: 'recording',
    receipts: 'receipt',
    links: 'link marker',
    erasures: 'tombstone',
    keys: 'key record',
    claims: 'claim',
  };
  return kinds[folder] ?? 'object';
}

function answerObject(socket: net.Socket, request: WireRequest, path: string): void {
  const object = objects.get(path);
  switch (request.method) {
    case 'PUT': {
      socket.write(putObject(request, path));
      return;
    }
    case 'HEAD': {
      if (kindOf(path) === 'bucket') socket.write(formatAnswer(200));
      else if (object === undefined) socket.write(formatHead(404, { 'transfer-encoding': 'chunked' }));
      else socket.write(formatHead(200, describe(object)));
      return;
    }
    case 'GET': {
      if (object === undefined) socket.write(refusal(404, 'NoSuchKey'));
      else if (object.body.length !== object.size) socket.write(refusal(501, 'NotImplemented'));
      else
        socket.write(Buffer.concat([Buffer.from(formatHead(200, describe(object)), 'latin1'), object.body]));
      return;
    }
    case 'DELETE': {
      objects.delete(path);
      socket.write(formatAnswer(204));
      return;
    }
    default:
      socket.write(refusal(501, 'NotImplemented'));
  }
}

function putObject(request: WireRequest, path: string): string {
  if (isTaken(request, path)) return refusal(412, 'PreconditionFailed');
  const part = receive(request);
  objects.set(path, {
    ...part,
    ...about(request),
    lastModified: now(),
    composite: false,
    body: request.body,
  });
  return formatAnswer(200, { etag: part.etag, ...part.checksums, 'x-amz-checksum-type': 'FULL_OBJECT' });
}

function createUpload(request: WireRequest, path: string): string {
  const id = `upload-${next()}`;
  uploads.set(id, { ...about(request), parts: new Map() });
  const { 'x-amz-checksum-algorithm': algorithm, 'x-amz-checksum-type': type } = request.headers;
  const [, bucket = '', ...key] = path.split('/');
  return formatAnswer(
    200,
    { ...XML, 'x-amz-checksum-algorithm': algorithm, 'x-amz-checksum-type': type },
    document('InitiateMultipartUploadResult', { Bucket: bucket, Key: key.join('/'), UploadId: id }),
  );
}

function putPart(request: WireRequest, uploadId: string, number: number): string {
  const upload = uploads.get(uploadId);
  if (upload === undefined) return refusal(404, 'NoSuchUpload');
  const part = receive(request);
  upload.parts.set(number, part);
  return formatAnswer(200, { etag: part.etag, ...part.checksums });
}

/** The parts are taken from the request, in its order; their SHA-256 make the composite one of the object. */
function completeUpload(request: WireRequest, path: string, uploadId: string): string {
  const upload = uploads.get(uploadId);
  if (upload === undefined) return refusal(404, 'NoSuchUpload');
  if (isTaken(request, path)) return refusal(412, 'PreconditionFailed');
  const listed = [...request.body.toString('latin1').matchAll(/<PartNumber>(\d+)<\/PartNumber>/g)];
  const parts = listed.flatMap(([, number]) => upload.parts.get(Number(number)) ?? []);
  if (parts.length === 0 || parts.length !== listed.length) return refusal(400, 'InvalidPart');
  const size = parts.reduce((sum, part) => sum + part.size, 0);
  const announced = request.headers['x-amz-mp-object-size'];
  if (announced !== undefined && Number(announced) !== size) return refusal(400, 'InvalidRequest');
  const declared = pick(request.headers, CHECKSUM);
  const isFull = request.headers['x-amz-checksum-type'] === 'FULL_OBJECT';
  const checksums = isFull ? declared : compositeOf(parts);
  const etag = `"${next()}-${parts.length}"`;
  uploads.delete(uploadId);
  objects.set(path, {
    size,
    etag,
    metadata: upload.metadata,
    contentType: upload.contentType,
    checksums,
    lastModified: now(),
    composite: !isFull,
    body: Buffer.alloc(0),
  });
  const stated = Object.entries(checksums).map(([name, value]) => [
    `Checksum${name.slice('x-amz-checksum-'.length).toUpperCase()}`,
    value,
  ]);
  return formatAnswer(
    200,
    XML,
    document('CompleteMultipartUploadResult', {
      ETag: etag.replaceAll('"', '&quot;'),
      ...Object.fromEntries(stated),
      ChecksumType: isFull ? 'FULL_OBJECT' : 'COMPOSITE',
    }),
  );
}

/** Of the parts' SHA-256, where all of them declared one. */
function compositeOf(parts: readonly Part[]): Record<string, string> {
  const whole = createHash('sha256');
  for (const { checksums } of parts) {
    const sha256 = checksums['x-amz-checksum-sha256'];
    if (sha256 === undefined) return {};
    whole.update(sha256, 'base64');
  }
  return { 'x-amz-checksum-sha256': `${whole.digest('base64')}-${parts.length}` };
}

function isTaken({ headers }: WireRequest, path: string): boolean {
  return headers['if-none-match'] === '*' && objects.has(path);
}

/** A body in `aws-chunked` framing states its true length apart; its checksum comes at its end and is not kept. */
function receive({ headers, bodyBytes }: WireRequest): Part {
  const size = Number(headers['x-amz-decoded-content-length'] ?? bodyBytes);
  return { size, etag: `"${next()}"`, checksums: pick(headers, CHECKSUM) };
}

function about({ headers }: WireRequest): Pick<Upload, 'metadata' | 'contentType'> {
  return {
    metadata: pick(headers, /^x-amz-meta-/),
    contentType: headers['content-type'] ?? 'binary/octet-stream',
  };
}

function pick(headers: WireRequest['headers'], names: RegExp): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => names.test(name)));
}

function describe(object: StoredObject): Headers {
  return {
    'content-length': object.size,
    'content-type': object.contentType,
    etag: object.etag,
    'last-modified': object.lastModified,
    ...object.metadata,
    ...object.checksums,
    'x-amz-checksum-type': object.composite ? 'COMPOSITE' : 'FULL_OBJECT',
  };
}

function refusal(status: number, code: string): string {
  return formatAnswer(status, XML, document('Error', { Code: code, Message: code }));
}

function document(root: string, fields: Readonly<Record<string, string>>): string {
  const lines = Object.entries(fields).map(([name, value]) => `<${name}>${value}</${name}>`);
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${root}>${lines.join('')}</${root}>`;
}

const now = () => new Date().toUTCString();

function next(): string {
  serial += 1;
  return serial.toString(16).padStart(32, '0');
}
