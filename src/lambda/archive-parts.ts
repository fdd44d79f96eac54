/** From the events of one delivery to archived recordings, with a report for each. */
import type { ArchiveResult } from '../archive/archive-request.ts';
import { nameResult } from '../archive/name-result.ts';
import type { Budget } from '../clock.ts';
import { ArchiveError, toArchiveError } from '../errors.ts';
import {
  collapseDuplicates,
  collapseRequests,
  type Share,
  shareNothing,
} from '../events/collapse-requests.ts';
import type { HttpBody } from '../events/http-body.ts';
import { MAX_REQUESTS_PER_EVENT, parseBody, parseEach, type ParseOptions } from '../events/parse-event.ts';
import type { BatchRecord } from '../events/sqs-batch.ts';
import type { ArchiveRequest } from '../ports.ts';
import { present } from '../present.ts';
import { type BatchOptions, handleBatch } from './handle-batch.ts';
import type { HandlerOptions } from './handler-options.ts';
import { archivedAnswer, type HttpAnswer } from './http-answer.ts';
import { noMetrics } from './metrics.ts';
import { reportFailure, type Reporting, reportResult } from './report-work.ts';

/** One delivery of an event. */
interface Attempt {
  /** From 1, where the queue counts. */
  readonly attempt?: number | undefined;
  readonly messageId?: string;
  readonly share: Share;
}

type EventPart = ReturnType<typeof parseEach>[number];

/**
 * Archives events that came together and have no queue to be named to, such as the notifications of SNS: each by itself, as the
 * messages of a batch. Throws unless all are done, so that the invoking service tries again; what is archived by then is
 * found archived.
 */
export async function archiveSeveral(
  options: HandlerOptions & Pick<BatchOptions, 'circuit' | 'pace'>,
  parts: readonly EventPart[],
  budget: Budget,
): Promise<HttpAnswer> {
  const share = collapseDuplicates();
  const records = parts.map((part, index): BatchRecord => {
    const messageId = `event ${index + 1}`;
    return { messageId, body: part, text: '', receiptHandle: undefined, sourceArn: undefined };
  });
  const done: EventOutcome[] = [];
  const failures = new Map<string, ArchiveError>();
  const archive = async (_body: unknown, { messageId }: BatchRecord) => {
    const part = parts[records.findIndex((record) => record.messageId === messageId)];
    try {
      if (part !== undefined) done.push(await archiveAll(options, [part], budget, { messageId, share }));
    } catch (error) {
      failures.set(messageId, toArchiveError(error));
      throw error;
    }
  };
  // no dead letters from here: what is thrown is kept by the platform, with the whole event
  const { batchItemFailures } = await handleBatch({ ...options, queue: undefined, archive }, records, budget);
  if (batchItemFailures.length > 0) {
    const errors = batchItemFailures.map(
      ({ itemIdentifier }) =>
        failures.get(itemIdentifier) ?? new ArchiveError('OUT_OF_TIME', `${itemIdentifier} was not tried`),
    );
    throw mostHopeful(errors);
  }
  return archivedAnswer(
    done.flatMap(({ results }) => results),
    done.reduce((sum, { ignored }) => sum + ignored, 0),
  );
}

/** Archives what one delivery names. Throws unless all of it is archived or rightly ignored. Reports each recording once. */
export async function archiveEvent(
  options: HandlerOptions,
  event: unknown,
  budget: Budget,
  delivery: Attempt = { share: shareNothing },
): Promise<HttpAnswer> {
  const parts = parseAndReport(options, event, delivery, MAX_REQUESTS_PER_EVENT);
  return archiveParts(options, parts, budget, delivery);
}

/** As {@link archiveEvent}, of the body of a request. */
export async function archiveBody(
  options: HandlerOptions,
  request: HttpBody,
  budget: Budget,
): Promise<HttpAnswer> {
  const delivery: Attempt = { share: shareNothing };
  const parts = understand(options, delivery, (rules) =>
    parseBody(request, { ...rules, maxRequests: MAX_REQUESTS_PER_EVENT }),
  );
  return archiveParts(options, parts, budget, delivery);
}

export async function archiveParts(
  options: HandlerOptions,
  parts: readonly EventPart[],
  budget: Budget,
  delivery: Attempt = { share: shareNothing },
): Promise<HttpAnswer> {
  const { results, ignored } = await archiveAll(options, parts, budget, delivery);
  return archivedAnswer(results, ignored);
}

interface EventOutcome {
  readonly results: readonly ArchiveResult[];
  readonly ignored: number;
}

/** One part that fails, or cannot be understood, keeps none of the others from being tried. */
async function archiveAll(
  options: HandlerOptions,
  parts: readonly EventPart[],
  budget: Budget,
  delivery: Attempt,
): Promise<EventOutcome> {
  const results: ArchiveResult[] = [];
  const failures: ArchiveError[] = [];
  let ignored = parts.length === 0 ? 1 : 0;
  const requests: ArchiveRequest[] = [];
  for (const part of parts) {
    if (part.kind === 'refused') failures.push(part.error);
    else if (part.kind === 'requests') requests.push(...part.requests);
    else {
      const { source, reason } = part;
      options.logger.log('debug', 'event ignored', { source, reason, state: 'ignored' });
      ignored += 1;
    }
  }
  const source = parts.find((part) => part.kind !== 'refused')?.source ?? 'unknown';
  for (const request of parts.length > 1 ? collapseRequests(requests) : requests) {
    const work = () => archiveAndReport(options, { request, source }, budget, delivery);
    try {
      results.push(...(await delivery.share(request, work)));
    } catch (error) {
      failures.push(toArchiveError(error));
    }
  }
  requireDone(results, failures);
  return { results, ignored };
}

/** @param maxRequests of the whole delivery, where one sender made it; without it each of its events is bounded by itself. */
export function parseAndReport(
  options: HandlerOptions,
  event: unknown,
  delivery: Attempt,
  maxRequests?: number,
): readonly EventPart[] {
  return understand(options, delivery, (rules) =>
    parseEach(event, { ...rules, ...present({ maxRequests }) }),
  );
}

/** Reports each part that is refused. @throws `EVENT_INVALID` when the delivery as a whole is. */
function understand(
  options: HandlerOptions,
  { attempt, messageId }: Attempt,
  parse: (rules: ParseOptions) => readonly EventPart[],
): readonly EventPart[] {
  const { idPattern, genesys } = options.config;
  const report = (error: ArchiveError) => {
    const work = { source: 'unknown', attempt, messageId, durationMs: 0 };
    reportFailure(reportingOf(options), error, undefined, work);
  };
  try {
    const parts = parse({ idPattern, api: genesys?.api ?? 'auto' });
    for (const part of parts) if (part.kind === 'refused') report(part.error);
    return parts;
  } catch (caught) {
    const error = toArchiveError(caught);
    report(error);
    throw error;
  }
}

/** Another delivery is worth it while one of several failures may pass. */
function mostHopeful(errors: readonly ArchiveError[]): ArchiveError {
  const passing = errors.find(({ retryable }) => retryable) ?? errors[0];
  return passing ?? new ArchiveError('UNEXPECTED', 'nothing says what failed');
}

async function archiveAndReport(
  options: HandlerOptions,
  { request, source }: { readonly request: ArchiveRequest; readonly source: string },
  budget: Budget,
  { attempt, messageId }: Attempt,
): Promise<readonly ArchiveResult[]> {
  const { archiver, clock } = options;
  const began = clock.now();
  const work = () => ({ source, attempt, messageId, durationMs: clock.now() - began });
  try {
    const results = await archiver.archive(request, budget, {
      isFirst: attempt === 1,
      afterwards: options.afterwards,
    });
    for (const result of results) reportResult(reportingOf(options), result, work());
    return results;
  } catch (caught) {
    const error = toArchiveError(caught);
    reportFailure(reportingOf(options), error, request, work());
    throw error;
  }
}

export function reportingOf({ logger, metrics = noMetrics }: HandlerOptions): Reporting {
  return { logger, metrics };
}

/**
 * "Not ready" and "gone" are values to the archive and errors to the queue, which must not forget the recording. What is worth
 * another delivery comes first: the rest is still there when that has been done.
 */
function requireDone(results: readonly ArchiveResult[], thrown: readonly ArchiveError[]): void {
  const failures = [
    ...thrown,
    ...results.flatMap((result) => (result.state === 'failed' ? [result.error] : [])),
  ];
  const passing = failures.find(({ retryable }) => retryable);
  if (passing !== undefined) throw passing;
  const waiting = results.filter((result) => result.state === 'not-ready');
  const [first] = waiting;
  if (first !== undefined) {
    throw new ArchiveError('MEDIA_NOT_READY', `${nameResult(first)} is not complete yet (${first.status})`, {
      details: { retryAfterMs: Math.max(...waiting.map(({ retryAfterMs }) => retryAfterMs)) },
    });
  }
  if (failures[0] !== undefined) throw failures[0];
  for (const result of results) {
    if (result.state !== 'gone' || result.settled) continue;
    const { hint } = result;
    const message = `${nameResult(result)} is not available: ${result.reason}`;
    throw new ArchiveError('MEDIA_NOT_FOUND', message, present({ hint }));
  }
}
