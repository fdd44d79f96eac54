/** The Lambda function: `dist/lambda/archive.mjs`, handler `handler`. */
import { systemClock } from '../clock.ts';
import { loadConfig } from '../config/config.ts';
import { createArchiver } from '../create-archiver.ts';
import { type ArchiveError, toArchiveError } from '../errors.ts';
import { jsonLogger } from '../log.ts';
import { createSqsQueue } from '../queue/sqs-queue.ts';
import { type BatchAnswer, createHandler, type InvocationContext } from './handle-event.ts';
import type { HttpAnswer } from './http-answer.ts';

type Handler = ReturnType<typeof createHandler>;

let started: Promise<Handler> | undefined;

async function start(env: NodeJS.ProcessEnv): Promise<Handler> {
  const config = loadConfig({ env }, 'archive');
  const logger = jsonLogger((line) => process.stdout.write(`${line}\n`), Date.now, config.logLevel);
  for (const warning of config.warnings) logger.log('warn', warning);
  const archiver = await createArchiver(config, { clock: systemClock, logger });
  const onLambda = (env['AWS_LAMBDA_FUNCTION_NAME'] ?? '') !== '';
  const queue = createSqsQueue({ clock: systemClock, logger, region: env['AWS_REGION'] });
  return createHandler({ archiver, config, clock: systemClock, logger, queue, onLambda });
}

/** The platform reports a failure by class name and message; the stable code tells more than `ArchiveError`. */
class InvocationFailure extends Error {
  constructor({ code, message, hint, retryable }: ArchiveError) {
    super(hint === undefined ? message : `${message} (${hint})`);
    this.name = code;
    this.retryable = retryable;
  }

  readonly retryable: boolean;
}

/** Token, connections and clients are made once and live across warm invocations. */
export async function handler(
  event: unknown,
  context?: InvocationContext,
): Promise<HttpAnswer | BatchAnswer> {
  try {
    started ??= start(process.env);
    return await (await started)(event, context);
  } catch (error) {
    throw new InvocationFailure(toArchiveError(error));
  }
}
