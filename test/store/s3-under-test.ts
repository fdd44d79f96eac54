import { randomBytes } from 'node:crypto';
import { CreateBucketCommand, ListMultipartUploadsCommand } from '@aws-sdk/client-s3';
import { systemClock } from '../../src/clock.ts';
import { silentLogger } from '../../src/log.ts';
import { createS3Client, type S3ClientOptions } from '../../src/store/s3/client.ts';
import { createS3Store, type S3StoreOptions } from '../../src/store/s3/s3-store.ts';
import type { StoreUnderTest } from './conformance.ts';
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts';

/** The smallest part S3 takes, so that few bytes make several. */
export const PART_BYTES = 5 * 1024 * 1024;

export interface S3Server {
  readonly endpoint: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly region: string;
  /** Default: a new one is created. */
  readonly bucket?: string;
}

export interface S3UnderTest extends StoreUnderTest {
  readonly bucket: string;
  readonly proxy: TcpProxy;
  readonly client: ReturnType<typeof createS3Client>;
  /** A store whose requests go through the proxy. */
  proxied(options?: Partial<S3StoreOptions>): ReturnType<typeof createS3Store>;
}

/** A bucket on a running server. */
export async function useS3(server: S3Server): Promise<S3UnderTest> {
  const { endpoint, credentials, region } = server;
  const common: S3ClientOptions = { credentials, region, forcePathStyle: true };
  const client = createS3Client({ ...common, endpoint });
  const proxy = await startTcpProxy(endpoint);
  const throughProxy = createS3Client({ ...common, endpoint: proxy.url });
  const bucket = server.bucket ?? `conformance-${randomBytes(6).toString('hex')}`;
  if (server.bucket === undefined) await client.send(new CreateBucketCommand({ Bucket: bucket }));
  const options: S3StoreOptions = {
    client,
    bucket,
    prefix: 'some/prefix',
    clock: systemClock,
    logger: silentLogger,
    partSizeBytes: PART_BYTES,
    listPageSize: 4,
  };
  const proxied = (more: Partial<S3StoreOptions> = {}) =>
    createS3Store({ ...options, client: throughProxy, ...more });
  return {
    bucket,
    proxy,
    client,
    proxied,
    store: createS3Store(options),
    reopen: () => createS3Store(options),
    async leftovers() {
      const open = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }));
      return (open.Uploads ?? []).map(({ Key }) => Key ?? '');
    },
    async cutRead(key, afterBytes) {
      proxy.faults.push({ request: new RegExp(`^GET .*/${key}`), cutResponseAfter: afterBytes });
      return proxied();
    },
    async close() {
      client.destroy();
      throughProxy.destroy();
      await proxy.close();
    },
  };
}
