import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { createSessionKeeper } from '../../src/console/session.ts';
import type { Person } from '../../src/console/access.ts';
import { openWorld, type World } from './lambda-function.ts';
import { runBundle } from './run-bundle.ts';

export const CATALOGUE = 'the-catalogue';
export const HOST = 'recordings.example.com';
/** Of the role: without it, a service was asked by the function itself. */
export const TOKEN = 'of-the-person';
const READER_ROLE = 'arn:aws:iam::123456789012:role/console-reader';

export interface ConsoleWorld {
  readonly world: World;
  /** Of the function of the console. */
  readonly environment: Readonly<Record<string, string>>;
  /** The forms that STS was sent. */
  readonly assumed: readonly URLSearchParams[];
  /** What STS says of a call; `undefined` gives credentials. */
  refuse: { readonly status: number; readonly code: string } | undefined;
  /** The cookie of a person who has signed in. */
  cookieOf(person: Partial<Person>): string;
  close(): Promise<void>;
}

/** An archive in S3 with two recordings and their catalogue, a provider that signs people in, and STS. */
export async function openConsoleWorld(dir: string): Promise<ConsoleWorld> {
  const world = await openWorld({
    recordings: [{ seconds: 1 }, { seconds: 1 }],
    // as the stack makes it: what is held is under a lock of S3 as well
    s3: { dir: join(dir, 's3'), bucket: 'recordings', others: [CATALOGUE], lock: true },
    sessionToken: TOKEN,
  });
  const base = { ...world.environment, ARCHIVE_CATALOGUE: `s3://${CATALOGUE}` };
  const events = world.simulator.recordings.map(({ id }) => world.simulator.event(id, 'eventbridge'));
  await runBundle('archive', { dir, events, environment: base });
  await runBundle('catalogue', { dir, events: [{ scope: 'all' }], environment: base });
  const key = randomBytes(32);
  const provider = await startProvider();
  const assumed: URLSearchParams[] = [];
  const own: Pick<ConsoleWorld, 'refuse'> = { refuse: undefined };
  const sts = await startSts(assumed, () => own.refuse);
  const signOn = {
    address: `https://${HOST}`,
    oidc: { issuer: urlOf(provider), clientId: 'console' },
    groups: { auditors: { roles: ['auditor'], divisions: '*' } },
  };
  const secret = { signOn, clientSecret: 'canary-client-secret', sessionKey: key.toString('hex') };
  const environment = {
    ...base,
    AWS_ENDPOINT_URL_STS: urlOf(sts),
    ARCHIVE_CONSOLE_SECRET_ARN: world.secrets.put('console', JSON.stringify(secret)),
    ARCHIVE_CONSOLE_ROLE_ARN: READER_ROLE,
  };
  return {
    world,
    environment,
    assumed,
    get refuse() {
      return own.refuse;
    },
    set refuse(value) {
      own.refuse = value;
    },
    cookieOf: (person) => {
      const keeper = createSessionKeeper({ key });
      const begun = keeper.begin(
        { sub: 'ada@example.com', name: 'Ada', signIn: 'provider', roles: [], divisions: '*', ...person },
        Date.now(),
      );
      return `__Host-gma_console=${keeper.seal(begun)}`;
    },
    close: async () => {
      await Promise.all([world.close(), closeServer(provider), closeServer(sts)]);
    },
  };
}

const urlOf = (server: Server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

async function closeServer(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}

async function listening(server: Server): Promise<Server> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

/** Says where a provider is; no more of it is asked here. */
function startProvider(): Promise<Server> {
  const server = createServer((request, response) => {
    const issuer = `http://${request.headers.host ?? ''}`;
    response.setHeader('content-type', 'application/json');
    response.end(
      JSON.stringify({
        issuer,
        authorization_endpoint: `${issuer}/auth`,
        token_endpoint: `${issuer}/token`,
        jwks_uri: `${issuer}/jwks`,
        response_types_supported: ['code'],
      }),
    );
  });
  return listening(server);
}

/** Gives the credentials that the simulated services know. */
function startSts(assumed: URLSearchParams[], refusal: () => ConsoleWorld['refuse']): Promise<Server> {
  const server = createServer((request, response) => {
    const answer = async () => {
      const body = await text(request);
      assumed.push(new URLSearchParams(body));
      const refused = refusal();
      if (refused !== undefined) {
        response.statusCode = refused.status;
        response.end(
          `<ErrorResponse><Error><Code>${refused.code}</Code><Message>x</Message></Error></ErrorResponse>`,
        );
        return;
      }
      const until = new Date(Date.now() + 3_600_000).toISOString();
      response.end(
        `<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>simulator</AccessKeyId><SecretAccessKey>simulator-secret-key</SecretAccessKey><SessionToken>${TOKEN}</SessionToken><Expiration>${until}</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`,
      );
    };
    answer().catch(() => request.socket.destroy());
  });
  return listening(server);
}

/** As a Function URL sends it. */
export function urlEvent(
  method: string,
  target: string,
  more: {
    readonly cookie?: string | undefined;
    readonly headers?: Record<string, string>;
    readonly json?: unknown;
  } = {},
) {
  const [rawPath = '', rawQueryString = ''] = target.split('?');
  const { cookie, headers = {}, json } = more;
  return {
    version: '2.0',
    rawPath,
    rawQueryString,
    ...(cookie === undefined ? {} : { cookies: [cookie] }),
    headers: {
      host: 'abcdef.lambda-url.eu-central-1.on.aws',
      'x-viewer-host': HOST,
      'sec-fetch-site': 'same-origin',
      ...(json === undefined ? {} : { 'content-type': 'application/json', origin: `https://${HOST}` }),
      ...headers,
    },
    requestContext: { http: { method, path: rawPath } },
    ...(json === undefined
      ? {}
      : { body: Buffer.from(JSON.stringify(json)).toString('base64'), isBase64Encoded: true }),
  };
}

/** What a response stream said, taken apart as a Function URL does. */
export interface Streamed {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly cookies: readonly string[];
  readonly body: Buffer;
  /** It broke off. */
  readonly broken: boolean;
}

const DELIMITER = Buffer.alloc(8);

export function readStream(bytes: Buffer, broken = false): Streamed {
  const at = bytes.indexOf(DELIMITER);
  if (at < 0) throw new Error(`no head: ${bytes.toString('utf8', 0, 200)}`);
  const head = JSON.parse(bytes.toString('utf8', 0, at)) as Omit<Streamed, 'body' | 'broken'>;
  return { ...head, body: bytes.subarray(at + DELIMITER.length), broken };
}

/** Gives each event of a file to the handler, `{{1.json.media}}` standing for what the answer before said. */
const RUNNER = `
import { readFileSync } from 'node:fs';
import { Writable } from 'node:stream';
globalThis.awslambda = {
  streamifyResponse: (handler) => handler,
  HttpResponseStream: { from: (stream, head) => { stream.write(Buffer.concat([Buffer.from(JSON.stringify(head)), Buffer.alloc(8)])); return stream; } },
};
const { handler } = await import(process.argv[2]);
const outcomes = [];
const bodies = [];
for (const event of JSON.parse(readFileSync(process.argv[3], 'utf8'))) {
  const chunks = [];
  const filled = JSON.parse(JSON.stringify(event).replace(/\\{\\{(\\d+)\\.(\\w+)\\}\\}/g, (_, index, name) => bodies[index]?.[name] ?? ''));
  const stream = new Writable({ write: (chunk, _encoding, done) => { chunks.push(Buffer.from(chunk)); done(); } });
  let broken = false;
  stream.on('error', () => { broken = true; });
  await handler(filled, stream, { getRemainingTimeInMillis: () => 60000 });
  const bytes = Buffer.concat(chunks);
  try { bodies.push(JSON.parse(bytes.subarray(bytes.indexOf(Buffer.alloc(8)) + 8).toString())); } catch { bodies.push({}); }
  outcomes.push({ bytes: bytes.toString('base64'), broken });
}
process.stdout.write('\\nOUTCOMES' + JSON.stringify(outcomes) + '\\n');
process.exit(0);
`;

/** Runs `dist/lambda/console.mjs` as it ships, an event after the other. */
export async function runConsole(
  dir: string,
  events: readonly unknown[],
  environment: Readonly<Record<string, string>>,
): Promise<{ readonly output: string; readonly answers: readonly Streamed[] }> {
  const [runner, file] = [join(dir, 'console-runner.mjs'), join(dir, 'console-events.json')];
  await writeFile(runner, RUNNER);
  await writeFile(file, JSON.stringify(events));
  const child = spawn(process.execPath, [runner, resolve('dist/lambda/console.mjs'), file], {
    env: { PATH: process.env['PATH'] ?? '', ...environment, AWS_LAMBDA_FUNCTION_NAME: 'console' },
    cwd: dir,
  });
  let output = '';
  const gather = (chunk: Buffer) => {
    output += chunk.toString();
  };
  child.stdout.on('data', gather);
  child.stderr.on('data', gather);
  await once(child, 'close');
  const line = output.split('\n').find((one) => one.startsWith('OUTCOMES'));
  if (line === undefined) throw new Error(`the bundle did not run:\n${output}`);
  const outcomes = JSON.parse(line.slice('OUTCOMES'.length)) as { bytes: string; broken: boolean }[];
  return {
    output: output.replace(line, ''),
    answers: outcomes.map(({ bytes, broken }) => readStream(Buffer.from(bytes, 'base64'), broken)),
  };
}
