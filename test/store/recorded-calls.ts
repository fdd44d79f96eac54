import { Readable } from 'node:stream';
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { unlimited } from '../../src/clock.ts';
import type { HttpRequest, HttpResponse, Transport } from '../../src/http/transport.ts';
import { digestOf } from '../../src/store/s3/checksum.ts';
import type { NewObject, NewPart } from '../../src/store/s3/object-calls.ts';
import { contentOf } from './bytes.ts';

export const SENDING = { abortSignal: unlimited.signal };

export function newObject(Key: string, more: Partial<NewObject> = {}): NewObject {
  const body = contentOf(100);
  return { Key, body, digest: digestOf(body), metadata: {}, contentType: 'audio/wav', ...more };
}

export function newPart(Key: string, UploadId: string, PartNumber = 1): NewPart {
  const body = contentOf(100);
  return { Key, body, digest: digestOf(body), UploadId, PartNumber };
}

/** Answers every request with 200 and the next of `headers`, sends nothing. */
export class RecordingTransport implements Transport {
  readonly sent: HttpRequest[] = [];
  readonly headers: Record<string, string>[] = [];

  async send(request: HttpRequest): Promise<HttpResponse> {
    this.sent.push(request);
    return {
      status: 200,
      headers: this.headers.shift() ?? {},
      body: (async function* () {})(),
      discard() {},
    };
  }

  close(): void {}
}

/** What the SDK hands to its HTTP client. */
export interface SdkRequest {
  readonly method: string;
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
}

/** A client whose requests are kept instead of sent, and answered with 200. */
export function recordingClient(config: S3ClientConfig): { client: S3Client; sent: SdkRequest[] } {
  const sent: SdkRequest[] = [];
  const client = new S3Client({
    region: 'eu-central-1',
    credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'a-secret-key' },
    maxAttempts: 1,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    ...config,
    requestHandler: {
      handle: (request: SdkRequest) => {
        sent.push(request);
        return Promise.resolve({ response: { statusCode: 200, headers: {}, body: Readable.from([]) } });
      },
    },
  });
  return { client, sent };
}
