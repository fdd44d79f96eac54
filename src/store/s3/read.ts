import { GetObjectCommand, type GetObjectCommandOutput } from '@aws-sdk/client-s3';
import { Readable } from 'node:stream';
import { abortReason, type Budget } from '../../clock.ts';
import { ArchiveError, describeForeign } from '../../errors.ts';
import type { ObjectStat, ObjectStore } from '../../ports.ts';
import { present } from '../../present.ts';
import { assertObjectKey, assertRange, type ByteRange, rangeNotSatisfiable } from '../object-rules.ts';
import { callS3, type S3Access } from './call.ts';

/** Opens objects for reading. */
export function getFrom(access: S3Access): ObjectStore['get'] {
  const { client, bucket, prefix } = access;
  return async (key, budget, range) => {
    assertObjectKey(key);
    assertRange(range);
    const Range = range === undefined ? undefined : `bytes=${range.first}-${range.last}`;
    const reply = await callS3(access, 'GET object', budget, (send) =>
      client.send(new GetObjectCommand({ ...bucket, Key: prefix + key, ...present({ Range }) }), send),
    );
    if (reply.ok) return readObject(key, reply.value, range, budget);
    if (reply.refusal === 'range') throw rangeNotSatisfiable(key, range?.first ?? 0);
    throw new ArchiveError('OBJECT_NOT_FOUND', 'there is no such object', { details: { key } });
  };
}

/**
 * The answer to a GET as the port states it. The bytes are counted: an answer that ends early is an error of the iteration.
 * A body that is not read holds its connection until the client's idle timeout.
 */
function readObject(
  key: string,
  answer: GetObjectCommandOutput,
  range: ByteRange | undefined,
  budget: Budget,
): { readonly stat: ObjectStat; readonly body: AsyncIterable<Uint8Array> } {
  const { Body, ContentLength } = answer;
  const size = range === undefined ? ContentLength : totalOf(answer.ContentRange, range.first);
  if (!(Body instanceof Readable) || ContentLength === undefined || size === undefined) {
    if (Body instanceof Readable) Body.destroy();
    throw new ArchiveError('STORE_UNAVAILABLE', 'GET object: S3 answered something else than was asked for', {
      details: { key },
    });
  }
  const stat: ObjectStat = {
    key,
    size,
    metadata: answer.Metadata ?? {},
    contentType: answer.ContentType,
    etag: answer.ETag,
    ...present({ versionId: answer.VersionId }),
    checksum: undefined,
    lastModified: answer.LastModified?.getTime() ?? 0,
  };
  return { stat, body: readBody(key, Body, ContentLength, budget) };
}

/** Of `Content-Range: bytes first-last/total`; `undefined` when the range is not the one asked for. */
function totalOf(contentRange: string | undefined, first: number): number | undefined {
  const match = /^bytes (\d+)-\d+\/(\d+)$/.exec(contentRange ?? '');
  return match !== null && Number(match[1]) === first ? Number(match[2]) : undefined;
}

async function* readBody(
  key: string,
  stream: Readable,
  expected: number,
  budget: Budget,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { signal } = budget;
  const onAbort = () => stream.destroy();
  signal.addEventListener('abort', onAbort, { once: true });
  let read = 0;
  try {
    if (signal.aborted) throw abortReason(signal);
    for await (const chunk of stream as AsyncIterable<Uint8Array>) {
      read += chunk.byteLength;
      yield chunk;
      if (signal.aborted) throw abortReason(signal);
    }
  } catch (error) {
    if (signal.aborted) throw abortReason(signal);
    if (error instanceof ArchiveError) throw error;
    throw broken(key, describeForeign(error), expected, read);
  } finally {
    signal.removeEventListener('abort', onAbort);
    stream.destroy();
  }
  if (read !== expected) throw broken(key, 'the body ended early', expected, read);
}

function broken(key: string, why: string, expected: number, read: number): ArchiveError {
  return new ArchiveError('STORE_UNAVAILABLE', `GET object: ${why}`, { details: { key, expected, read } });
}
