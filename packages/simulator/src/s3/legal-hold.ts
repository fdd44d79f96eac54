import type { S3Answer, S3Call } from './call.ts';
import { S3Refusal } from './refusal.ts';

/** Bytes; the document has one element. */
const MAX_DOCUMENT_BYTES = 4096;

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectLegalHold.html */
export async function putLegalHold(call: S3Call): Promise<S3Answer> {
  if (!call.bucket.hasObjectLock) {
    throw new S3Refusal('InvalidRequest', 'Bucket is missing Object Lock Configuration');
  }
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of call.body().chunks) {
    size += chunk.byteLength;
    if (size > MAX_DOCUMENT_BYTES) throw new S3Refusal('MalformedXML');
    chunks.push(chunk);
  }
  const [, status] = /<Status>(ON|OFF)<\/Status>/.exec(Buffer.concat(chunks).toString('utf8')) ?? [];
  if (status === undefined) throw new S3Refusal('MalformedXML');
  const record = call.bucket.object(call.key);
  if (record === undefined) throw new S3Refusal('NoSuchKey', undefined, { Key: call.key });
  await call.bucket.commit({ ...record, legalHold: status === 'ON' }, false);
  return { status: 200 };
}
