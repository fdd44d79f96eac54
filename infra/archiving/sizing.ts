/** Figures of the deployment and what they rest on. Times are in seconds. */

/**
 * Memory of the function, MB; Lambda gives CPU in proportion to it. One gigabyte took 12.0 s at 1,769 and 1,024 MB, 12.5 to 16.7 s at
 * 512 MB, 27 to 36 s at 256 MB and 83 s at 128 MB (TLS both ways, a source of 80 MB/s, CPU share of that size): in GB-seconds 512 MB
 * is the cheapest or level with the cheapest, and starts in 0.4 s where 256 MB take 0.9 s. Four recordings at a time, each with its
 * parts of 8 MiB, fit: a process grows by 76 MB for one and idles at 86 MB (`npm run bench`). See docs/cost.md.
 */
export const MEMORY_MB = 512;

/**
 * `NODE_OPTIONS` of the function. V8's young generation stays below 3 × 4 MiB: left alone it grows to three times 16 MiB in a process
 * that lives long, none of which makes archiving faster (docs/decisions/010). The unit in docs/serve.md says the same.
 */
export const NODE_OPTIONS = '--max-semi-space-size=4';

/**
 * The most that Lambda allows: 15 minutes. Only the time used is paid for, and what ends early is downloaded again from the start:
 * a long recording over a slow line must be let finish.
 */
export const FUNCTION_TIMEOUT_S = 900;

/**
 * Six times the function's time-out, which AWS asks for: a message that the mapping holds back while the function is at its limit
 * must not become visible again. https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
 */
export const VISIBILITY_TIMEOUT_S = 6 * FUNCTION_TIMEOUT_S;

/** The most that SQS keeps a message: 14 days. A dead letter keeps the age it had. */
export const MESSAGE_RETENTION_S = 14 * 86_400;

/**
 * Deliveries before SQS itself moves a message to the dead-letter queue. High, because waiting counts as well: a recording that
 * appears at the end of its horizon of two hours has been asked for about ten times, one that is brought back from the platform's
 * archive every quarter of an hour. A message that fails is seen every 90 minutes, so that 100 deliveries last for 6 days of an
 * outage and leave 7 of the 14 to look at the dead letter. What can never succeed is set aside by the function at once.
 */
export const MAX_RECEIVES = 100;

/** Messages of one invocation: no more than the function's memory lets it work on at a time, so that none waits while its own time runs. */
export const BATCH_SIZE = 4;

/** Concurrent invocations for the queue, unless the settings say otherwise. */
export const DEFAULT_MAX_CONCURRENCY = 5;

/** The most that SQS delays a message, and the default of `ARCHIVE_SETTLE`: before that, no recording is asked for anyway. */
export const MAX_DELAY_S = 900;

/** EventBridge's own defaults and maxima for a target: a day, and 185 attempts. After that the event is a dead letter. */
export const EVENT_AGE_S = 86_400;
export const EVENT_ATTEMPTS = 185;

const UNIT_S: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };

/**
 * How long the queue holds back an event of a conversation's end: `ARCHIVE_SETTLE` or 15 minutes, whichever is shorter. A delivery
 * before that would only find that it is too early, and pay for it.
 *
 * @param settle e.g. `5m`; anything that is no duration counts as the default, and is refused by the function.
 */
export function deliveryDelay(settle: string | undefined): number {
  const [, digits = '', unit = ''] = /^(\d{1,7})([smhd])$/.exec(settle ?? '') ?? [];
  const seconds = Number(digits) * (UNIT_S[unit] ?? Number.NaN);
  return seconds >= 0 ? Math.min(seconds, MAX_DELAY_S) : MAX_DELAY_S;
}

/** What CloudWatch Logs takes, days. https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html */
export const LOG_RETENTION_DAYS = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
] as const;

/** The shortest retention that keeps logs for at least `days`; `undefined` keeps them for ever. */
export function logRetention(days: number): number | undefined {
  return LOG_RETENTION_DAYS.find((allowed) => allowed >= days);
}
