/**
 * The tutorial's method: a token for every event, the download piped through the cipher, all chunks collected, joined, joined
 * again with the tag, and one PutObject with the SDK's defaults. Nothing is verified.
 */
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { createCipheriv, randomBytes } from 'node:crypto';
import { datedKey, env, fetchDownloadUrl, fetchToken, send, updateInteraction } from './platform-calls.ts';
import { runSample } from './worker.ts';

const ALGORITHM = 'aes-256-gcm';

await runSample(async () => {
  const s3Client = new S3Client({ region: env('AWS_REGION') });
  return {
    async archive({ id, interactionId }) {
      const token = await fetchToken();
      const downloadUrl = await fetchDownloadUrl(id, token);
      const key = await downloadEncryptAndUpload(s3Client, downloadUrl, id);
      await updateInteraction(interactionId, key, token);
    },
  };
});

async function downloadEncryptAndUpload(s3Client: S3Client, downloadUrl: string, mediaId: string) {
  const iv = randomBytes(12);
  const cipher = createCipheriv(ALGORITHM, Buffer.from(env('ENCRYPTION_KEY_HEX'), 'hex'), iv, {
    authTagLength: 16,
  });
  const download = await send(downloadUrl);
  const encryptedStream = download.pipe(cipher);
  const chunks: Buffer[] = [];
  for await (const chunk of encryptedStream) chunks.push(chunk as Buffer);
  const encryptedBuffer = Buffer.concat(chunks);
  const payload = Buffer.concat([encryptedBuffer, cipher.getAuthTag()]);
  const Key = datedKey(mediaId);
  await s3Client.send(
    new PutObjectCommand({
      Bucket: env('S3_ARCHIVE_BUCKET'),
      Key,
      Body: payload,
      ContentType: 'application/octet-stream',
      Metadata: { encryption: ALGORITHM, iv: iv.toString('base64') },
    }),
  );
  return Key;
}
