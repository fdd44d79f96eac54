import type { Budget } from '../../clock.ts';
import type { QueueDescriber } from '../../queue/sqs-queue.ts';
import { lookAt } from '../aws-failure.ts';
import { fail, type Diagnosis, ok, orOk, warn } from '../diagnosis.ts';

const REDEPLOY = 'deploy the stack again: npx cdk deploy -c settings=genesys-archive.deploy.json';

/** AWS asks for six times the function's time-out: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html */
const VISIBILITY_FACTOR = 6;

export interface Queues {
  readonly queueUrl: string;
  readonly deadLetterQueueUrl: string;
  /** s, of the function; `undefined` where it is not known. */
  readonly timeoutS: number | undefined;
}

/** Queue and dead letters, from one look at each. Returns the queue's ARN, where it is available. */
export async function* checkQueues(
  sqs: QueueDescriber,
  { queueUrl, deadLetterQueueUrl, timeoutS }: Queues,
  budget: Budget,
): AsyncGenerator<Diagnosis, string | undefined, undefined> {
  const permission = 'sqs:GetQueueAttributes';
  let deadLetterArn: string | undefined;
  const deadLetters = await lookAt('dead-letters', permission, async () => {
    const attributes = await sqs.describe(deadLetterQueueUrl, budget);
    deadLetterArn = attributes['QueueArn'];
    return describeDeadLetters(attributes, deadLetterQueueUrl);
  });
  let queueArn: string | undefined;
  yield* await lookAt('queue', permission, async () => {
    const attributes = await sqs.describe(queueUrl, budget);
    queueArn = attributes['QueueArn'];
    return describeQueue(attributes, timeoutS, deadLetterArn);
  });
  yield* deadLetters;
  return queueArn;
}

function describeQueue(
  attributes: Readonly<Record<string, string>>,
  timeoutS: number | undefined,
  deadLetterArn: string | undefined,
): readonly Diagnosis[] {
  const name = 'queue';
  const visibilityS = Number(attributes['VisibilityTimeout']);
  const problems: Diagnosis[] = [];
  if (timeoutS !== undefined && visibilityS < VISIBILITY_FACTOR * timeoutS) {
    problems.push(
      fail(
        name,
        `a message is seen again after ${visibilityS} s, less than six times the function’s ${timeoutS} s: it would be worked on twice`,
        REDEPLOY,
      ),
    );
  }
  const target = readRedriveTarget(attributes['RedrivePolicy']);
  if (target === undefined) {
    problems.push(
      fail(
        name,
        'events that keep failing are dropped when the retention of the queue ends: it has no dead-letter queue',
        REDEPLOY,
      ),
    );
  } else if (deadLetterArn !== undefined && target !== deadLetterArn) {
    problems.push(fail(name, 'its dead letters go to another queue than the stack’s', REDEPLOY));
  }
  const [waiting, inFlight, delayed] = [
    'ApproximateNumberOfMessages',
    'ApproximateNumberOfMessagesNotVisible',
    'ApproximateNumberOfMessagesDelayed',
  ].map((attribute) => attributes[attribute] ?? '?');
  return orOk(
    name,
    problems,
    `${waiting} waiting, ${inFlight} being worked on or put off, ${delayed} delayed`,
  );
}

function describeDeadLetters(
  attributes: Readonly<Record<string, string>>,
  url: string,
): readonly Diagnosis[] {
  const name = 'dead-letters';
  const number = Number(attributes['ApproximateNumberOfMessages'] ?? 0);
  const hidden = Number(attributes['ApproximateNumberOfMessagesNotVisible'] ?? 0);
  if (number + hidden === 0) return [ok(name, 'no messages')];
  return [
    fail(
      name,
      `${number + hidden} events could not be dealt with`,
      `genesys-archive redrive ${url} --dry-run shows why; docs/runbook.md#dead-letters`,
    ),
  ];
}

function readRedriveTarget(policy: string | undefined): string | undefined {
  if (policy === undefined || policy === '') return undefined;
  try {
    const { deadLetterTargetArn } = JSON.parse(policy) as { deadLetterTargetArn?: unknown };
    return typeof deadLetterTargetArn === 'string' ? deadLetterTargetArn : undefined;
  } catch {
    return undefined;
  }
}

/** ms; the alarm's own threshold, and the default of `ARCHIVE_READY_HORIZON`. */
const OLD_MS = 2 * 3_600_000;

/** @param ageS of the oldest message; `undefined` when nothing has waited of late. */
export function describeAge(ageS: number | undefined): Diagnosis {
  const name = 'queue-age';
  if (ageS === undefined) return ok(name, 'nothing has waited in the last hour');
  const detail = `the oldest event has waited for ${Math.round(ageS / 60)} min`;
  return ageS * 1000 <= OLD_MS ? ok(name, detail) : warn(name, detail, 'docs/runbook.md#queue-is-old');
}
