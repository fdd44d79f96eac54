/** The console behind CloudFront, for several people: `dist/lambda/console.mjs`, handler `handler`, with a response stream. */
import path from 'node:path';
import type { Writable } from 'node:stream';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type Clock, systemClock, unlimited } from '../clock.ts';
import { loadConfig, type WrapConfig } from '../config/config.ts';
import { answerRequest, type ConsoleDoor } from '../console/answer-request.ts';
import type { ConsoleAnswer, ConsoleRequest } from '../console/exchange.ts';
import { errorAnswer } from '../console/http-status.ts';
import { openDoor } from '../console/open-door.ts';
import { readLicences } from '../console/read-licences.ts';
import { createSessionKeeper } from '../console/session.ts';
import { readFunctionSecret } from '../console/sign-on/function-secret.ts';
import { openSignOn } from '../console/sign-on/open-sign-on.ts';
import { openConsoleArchive, openForPeople } from '../create/console.ts';
import { ArchiveError, toArchiveError } from '../errors.ts';
import { present } from '../present.ts';
import type { Secret } from '../secret.ts';
import { createSecretValues } from '../secrets/values.ts';
import { type FunctionUrlEvent, requestOf, sendAnswer, type StreamRuntime } from './console-stream.ts';
import type { InvocationContext } from './handle-event.ts';
import { createLambdaLogger, type LambdaContext, type LambdaLogger } from './powertools.ts';

/** ms; a waveform is made only while an invocation runs. */
const PEAKS_WAIT_MS = 20_000;
/** Bytes; a response stream ends at 200 MB, and a package has more in it than recordings. */
const MAX_PACKAGE_BYTES = 180_000_000;

type Door = (request: ConsoleRequest) => Promise<ConsoleAnswer>;

/** Opens the console by the settings of the function; people are signed in by what its secret says now. */
export async function openFunctionDoor(
  env: NodeJS.ProcessEnv,
  { clock, logger }: { readonly clock: Clock; readonly logger: LambdaLogger },
): Promise<Door> {
  const config = loadConfig({ env }, 'wrap');
  logger.setLevel(config.logLevel);
  const { secretArn, roleArn } = requireFunction(config);
  const region = env['AWS_REGION'] ?? '';
  const endpoint = env['AWS_ENDPOINT_URL_STS'];
  const folder = programFolder();
  const open = await openDoor({
    archives: [await openConsoleArchive(config, { clock, logger })],
    archiveFor: openForPeople(config, { roleArn, region, endpoint, clock, logger }),
    pageFolder: path.join(folder, 'console'),
    peaksWorker: pathToFileURL(path.join(folder, 'peaks-worker.mjs')),
    licences: await readLicences(folder),
    reasonRequired: config.consoleReason === 'required',
    shared: true,
    peaksWaitMs: PEAKS_WAIT_MS,
    maxPackageBytes: MAX_PACKAGE_BYTES,
    clock,
    logger,
  });
  const secrets = createSecretValues({ clock, logger, proxies: config.proxies });
  let known: { readonly secret: Secret; readonly door: ConsoleDoor } | undefined;
  return async (request) => {
    const secret = await secrets.read(secretArn, unlimited);
    if (known?.secret !== secret) {
      const { address, signOn, sessionKey, signOutBefore } = await openSignOn({
        ...readFunctionSecret(secret),
        clock,
      });
      const { host, protocol } = new URL(address);
      const door = open({
        hosts: [host],
        scheme: protocol === 'http:' ? 'http' : 'https',
        signOn,
        sessions: createSessionKeeper({ key: sessionKey, ...present({ notBefore: signOutBefore }) }),
        cookies: { port: undefined, sameSite: 'Lax' },
        key: sessionKey,
      });
      known = { secret, door };
    }
    return answerRequest(known.door, request);
  };
}

/** @throws `CONFIG_INVALID`. */
function requireFunction({ consoleFunction: { secretArn, roleArn } }: WrapConfig) {
  if (secretArn !== undefined && roleArn !== undefined) return { secretArn, roleArn };
  throw new ArchiveError(
    'CONFIG_INVALID',
    'ARCHIVE_CONSOLE_SECRET_ARN and ARCHIVE_CONSOLE_ROLE_ARN are not set',
    { hint: 'the setting `console` of the stack makes both' },
  );
}

/** Where the page's files lie beside `lambda/`. */
function programFolder(): string {
  const here = path.dirname(fileURLToPath(import.meta.url));
  return path.resolve(here, path.basename(here) === 'chunks' ? '../..' : '..');
}

type Handler = (
  event: FunctionUrlEvent,
  stream: Writable,
  context?: InvocationContext & LambdaContext,
) => Promise<void>;

/** Answers each invocation; what fails before the console stands is an answer, too, and is tried again by the next one. */
export function createConsoleHandler(
  runtime: StreamRuntime,
  tools: { readonly clock?: Clock; readonly logger?: LambdaLogger; readonly env?: NodeJS.ProcessEnv } = {},
): Handler {
  const { clock = systemClock, logger = createLambdaLogger(), env = process.env } = tools;
  let opening: Promise<Door> | undefined;
  const answer = async (request: ConsoleRequest): Promise<ConsoleAnswer> => {
    try {
      opening ??= openFunctionDoor(env, { clock, logger });
      return await (await opening)(request);
    } catch (thrown) {
      opening = undefined;
      const error = toArchiveError(thrown);
      logger.log('error', error.message, { code: error.code });
      // what is wrong with the settings is for the log of the function, and not for who asks
      const shown = new ArchiveError(error.code, 'the console cannot be opened');
      return { ...errorAnswer(shown), status: 503 };
    }
  };
  return runtime.streamifyResponse<Handler>(async (event, stream, context = {}) => {
    logger.setContext(context);
    const remainingMs = context.getRemainingTimeInMillis?.() ?? Number.POSITIVE_INFINITY;
    const { request, end } = requestOf(event, Math.min(remainingMs, 2 ** 31 - 1));
    try {
      const isHead = request.method === 'HEAD';
      await sendAnswer(runtime, stream, { answer: await answer(request), isHead });
    } catch (thrown) {
      const { code, message } = toArchiveError(thrown);
      logger.log('warn', `an answer broke off: ${message}`, { code });
      stream.destroy(new Error(code));
    } finally {
      end();
    }
  });
}

/** The runtime's own; without one, the module is being read, and not run. */
const { awslambda } = globalThis as { readonly awslambda?: StreamRuntime };

export const handler = awslambda === undefined ? undefined : createConsoleHandler(awslambda);
