import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readText } from '../../src/http/read-body.ts';

/** A refusal, by the name AWS has for it. */
export interface Refusal {
  readonly refuse: string;
  readonly status?: number;
}

/** What a call gets: an answer in the words of its API, or a refusal. */
export type Answer = object | Refusal;

export interface FakeAws {
  readonly url: string;
  readonly env: Readonly<Record<string, string>>;
  /** By IAM action; a function sees the input of its call. */
  readonly answers: Map<string, Answer | ((input: Readonly<Record<string, unknown>>) => Answer)>;
  /** IAM actions of the calls that were made, in order. */
  readonly calls: string[];
  close(): Promise<void>;
}

/**
 * The endpoints that `doctor --stack` asks, on one port of 127.0.0.1, in the wire protocols that the SDK's clients of this version
 * speak: query for CloudFormation, JSON 1.0 and 1.1 for CloudWatch, KMS, Secrets Manager and SQS, REST for Lambda and S3. Every
 * request must be signed for its service.
 */
export async function startFakeAws(): Promise<FakeAws> {
  const answers: FakeAws['answers'] = new Map();
  const calls: string[] = [];
  const server = createServer((request, response) => {
    void (async () => {
      const body = await readText(request, 64 * 1024, 'UNEXPECTED');
      const call = understand(request, body);
      calls.push(call.action);
      const scope = /Credential=[^/]+\/\d{8}\/[a-z0-9-]+\/([a-z0-9-]+)\/aws4_request/.exec(
        request.headers.authorization ?? '',
      )?.[1];
      const found = answers.get(call.action);
      const answer: Answer =
        scope !== call.service
          ? { refuse: 'MissingAuthenticationToken', status: 403 }
          : found === undefined
            ? { refuse: 'NotImplemented', status: 501 }
            : typeof found === 'function'
              ? found(call.input)
              : found;
      const { status, headers, text } = call.write(answer);
      response.writeHead(status, headers).end(text);
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    env: {
      AWS_ENDPOINT_URL: url,
      AWS_ACCESS_KEY_ID: 'AKIAFAKE',
      AWS_SECRET_ACCESS_KEY: 'canary-secret-access-key',
      AWS_REGION: 'eu-central-1',
      AWS_EC2_METADATA_DISABLED: 'true',
    },
    answers,
    calls,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

interface Call {
  readonly action: string;
  /** In the scope of its signature. */
  readonly service: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly write: (answer: Answer) => { status: number; headers: Record<string, string>; text: string };
}

const TARGETS: Readonly<Record<string, readonly [prefix: string, service: string]>> = {
  GraniteServiceVersion20100801: ['cloudwatch', 'monitoring'],
  TrentService: ['kms', 'kms'],
  secretsmanager: ['secretsmanager', 'secretsmanager'],
  AmazonSQS: ['sqs', 'sqs'],
};

/** The subresource of a bucket that a GET names, and the IAM action it takes. */
const BUCKET_ACTIONS: Readonly<Record<string, string>> = {
  versioning: 'GetBucketVersioning',
  publicAccessBlock: 'GetBucketPublicAccessBlock',
  encryption: 'GetEncryptionConfiguration',
  ownershipControls: 'GetBucketOwnershipControls',
  'object-lock': 'GetBucketObjectLockConfiguration',
  policy: 'GetBucketPolicy',
  lifecycle: 'GetLifecycleConfiguration',
  replication: 'GetReplicationConfiguration',
};

function understand(request: IncomingMessage, body: string): Call {
  const url = new URL(request.url ?? '/', 'http://127.0.0.1');
  const target = request.headers['x-amz-target'];
  if (typeof target === 'string') {
    const [family = '', operation = ''] = target.split('.');
    const [prefix, service] = TARGETS[family] ?? ['unknown', 'unknown'];
    const input = JSON.parse(body) as Record<string, unknown>;
    return { action: `${prefix}:${operation}`, service, input, write: writeJson };
  }
  if (url.pathname.startsWith('/2015-03-31/')) {
    const operation = url.pathname.includes('event-source-mappings')
      ? 'ListEventSourceMappings'
      : 'GetFunctionConfiguration';
    return {
      action: `lambda:${operation}`,
      service: 'lambda',
      input: Object.fromEntries(url.searchParams),
      write: writeJson,
    };
  }
  if (request.method === 'POST') {
    const form = Object.fromEntries(new URLSearchParams(body));
    const operation = form['Action'] ?? '';
    const write = (answer: Answer) => writeQuery(operation, answer);
    return { action: `cloudformation:${operation}`, service: 'cloudformation', input: form, write };
  }
  const subresource = [...url.searchParams.keys()].find((name) => name in BUCKET_ACTIONS) ?? '';
  return {
    action: `s3:${BUCKET_ACTIONS[subresource] ?? 'unknown'}`,
    service: 's3',
    input: { Bucket: url.pathname.slice(1).replace(/\/$/, '') },
    write: writeBucket,
  };
}

function isRefusal(answer: Answer): answer is Refusal {
  return 'refuse' in answer;
}

function writeJson(answer: Answer) {
  const headers: Record<string, string> = { 'content-type': 'application/x-amz-json-1.1' };
  if (!isRefusal(answer)) return { status: 200, headers, text: JSON.stringify(answer) };
  headers['x-amzn-errortype'] = answer.refuse;
  // what is said beside the code may quote anything: it must not be shown
  const text = JSON.stringify({ __type: answer.refuse, message: 'canary-message' });
  return { status: answer.status ?? 400, headers, text };
}

function writeQuery(operation: string, answer: Answer) {
  const headers = { 'content-type': 'text/xml' };
  if (isRefusal(answer)) {
    const text = `<ErrorResponse><Error><Type>Sender</Type><Code>${answer.refuse}</Code><Message>canary-message</Message></Error><RequestId>1</RequestId></ErrorResponse>`;
    return { status: answer.status ?? 400, headers, text };
  }
  const text = `<${operation}Response><${operation}Result>${toXml(answer, 'member')}</${operation}Result></${operation}Response>`;
  return { status: 200, headers, text };
}

/** S3 answers with one document, or, for a policy, with the policy itself. */
function writeBucket(answer: Answer) {
  const headers = { 'content-type': 'application/xml' };
  if (isRefusal(answer)) {
    const text = `<Error><Code>${answer.refuse}</Code><Message>canary-message</Message></Error>`;
    return { status: answer.status ?? 404, headers, text };
  }
  if ('Policy' in answer) return { status: 200, headers, text: String(answer.Policy) };
  return { status: 200, headers, text: toXml(answer, undefined) };
}

/** @param member the element of a list's items; without it each item is an element of the list's own name, as S3 has them. */
function toXml(value: unknown, member: string | undefined): string {
  if (typeof value !== 'object' || value === null)
    return String(value).replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return Object.entries(value)
    .map(([name, inner]) => {
      if (!Array.isArray(inner)) return `<${name}>${toXml(inner, member)}</${name}>`;
      const items: readonly unknown[] = inner;
      return member === undefined
        ? items.map((item) => `<${name}>${toXml(item, member)}</${name}>`).join('')
        : `<${name}>${items.map((item) => `<${member}>${toXml(item, member)}</${member}>`).join('')}</${name}>`;
    })
    .join('');
}
