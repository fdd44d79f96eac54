import { createServer, type IncomingHttpHeaders, request as forward } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type S3UnderTest, useS3 } from './s3-under-test.ts';
import { type SimulatedS3, useSimulatedS3 } from './simulated-s3.ts';

interface AnswerProxy {
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Stands between a client and an HTTP server and passes everything on, but for what `change` makes of the headers of the answers to
 * PUTs: for servers that leave out what S3 states, or state something else.
 */
async function startAnswerProxy(
  upstream: string,
  change: (headers: IncomingHttpHeaders) => void,
): Promise<AnswerProxy> {
  const { hostname, port } = new URL(upstream);
  const server = createServer((incoming, outgoing) => {
    const { method, url: path, headers } = incoming;
    const asked = forward({ hostname, port, method, path, headers, agent: false }, (answer) => {
      if (method === 'PUT') change(answer.headers);
      outgoing.writeHead(answer.statusCode ?? 0, answer.headers);
      answer.pipe(outgoing);
    });
    asked.on('error', () => outgoing.destroy());
    incoming.pipe(asked);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export interface ProxiedS3 {
  readonly s3: SimulatedS3;
  /** Speaks to `s3` through the proxy. */
  readonly subject: S3UnderTest;
  close(): Promise<void>;
}

/** A simulated S3 whose answers to PUTs say what `change` makes of them. */
export async function useProxiedS3(change: (headers: IncomingHttpHeaders) => void): Promise<ProxiedS3> {
  const s3 = await useSimulatedS3();
  const { AWS_ACCESS_KEY_ID = '', AWS_SECRET_ACCESS_KEY = '', AWS_REGION = '' } = s3.server.environment();
  const proxy = await startAnswerProxy(s3.server.url, change);
  const subject = await useS3({
    endpoint: proxy.url,
    credentials: { accessKeyId: AWS_ACCESS_KEY_ID, secretAccessKey: AWS_SECRET_ACCESS_KEY },
    region: AWS_REGION,
    bucket: s3.bucket,
  });
  return {
    s3,
    subject,
    async close() {
      await subject.close();
      await proxy.close();
      await s3.close();
    },
  };
}
