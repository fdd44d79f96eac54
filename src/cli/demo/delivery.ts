import type { ArchiveResult } from '../../archive/archive-request.ts';
import type { Budget, Clock } from '../../clock.ts';
import type { Archiver } from '../../create/archiver.ts';
import { forEachOf } from '../../for-each-of.ts';
import { type ErrorCode, toArchiveError } from '../../errors.ts';
import { parseEvent } from '../../events/parse-event.ts';

/** What became of one call, over all deliveries of its event. */
export interface CallHistory {
  deliveries: number;
  /** Deliveries that found it archived already, and those that stored it. */
  found: number;
  stored: number;
  resumes: number;
  restarts: number;
  /** How deliveries ended that did not archive it, in order. */
  readonly setbacks: (ErrorCode | 'not ready' | 'gone')[];
  /** Why the last of them did not. */
  refusal: string | undefined;
  /** From its first delivery to the one that archived it, ms. */
  elapsedMs: number;
  result: Extract<ArchiveResult, { state: 'archived' }> | undefined;
}

export interface DemoDelivery {
  readonly recordingId: string;
  readonly event: unknown;
}

/** As a queue with a dead-letter queue behind it would: this often, then no more. */
const MAX_DELIVERIES = 4;

export interface DeliveryPorts {
  readonly archiver: Archiver;
  readonly clock: Clock;
  readonly budget: Budget;
  /** Told after each delivery: is the call archived now? */
  readonly onDelivered: (recordingId: string, archived: boolean) => void;
  /** Called once for each delivery that did not archive its call and is repeated. */
  readonly onSetback: (recordingId: string) => void;
}

/**
 * Does what a queue does: hands each event to the archiver, and again later when that fails. Never throws for a failed
 * delivery; a call that stays without `result` was not archived.
 *
 * @throws the budget's own reason when it ends.
 */
export async function deliver(
  deliveries: readonly DemoDelivery[],
  concurrency: number,
  ports: DeliveryPorts,
): Promise<ReadonlyMap<string, CallHistory>> {
  const { archiver, clock, budget } = ports;
  const histories = new Map<string, CallHistory>();
  const began = new Map<string, number>();
  const again: DemoDelivery[] = [];
  const handOver = async (delivery: DemoDelivery) => {
    const { recordingId } = delivery;
    const history = histories.get(recordingId) ?? newHistory();
    histories.set(recordingId, history);
    history.deliveries += 1;
    const start = began.get(recordingId) ?? clock.now();
    began.set(recordingId, start);
    const setback = await archiveOnce(archiver, delivery.event, budget, history);
    if (setback === undefined) history.elapsedMs = Math.max(history.elapsedMs, clock.now() - start);
    else {
      history.setbacks.push(setback);
      ports.onSetback(recordingId);
      // A page instead of a sound is injected once, and one delivery starts over by itself: if it is still there, it is the file.
      if (setback !== 'MEDIA_NOT_AUDIO' && history.deliveries < MAX_DELIVERIES) again.push(delivery);
    }
    ports.onDelivered(recordingId, setback === undefined);
  };
  for (let round = deliveries; round.length > 0 && !budget.signal.aborted; round = again.splice(0)) {
    await forEachOf(round, concurrency, handOver, budget.signal);
  }
  budget.signal.throwIfAborted();
  return histories;
}

async function archiveOnce(
  archiver: Archiver,
  event: unknown,
  budget: Budget,
  history: CallHistory,
): Promise<CallHistory['setbacks'][number] | undefined> {
  try {
    const parsed = parseEvent(event);
    if (parsed.kind === 'ignored') return 'EVENT_INVALID';
    for (const request of parsed.requests) {
      for (const result of await archiver.archive(request, budget)) {
        if (result.state === 'not-ready') return 'not ready';
        if (result.state === 'gone') {
          history.refusal = result.reason;
          return 'gone';
        }
        if (result.state === 'failed') throw result.error;
        history.resumes += result.resumes;
        history.restarts += result.restarts;
        if (result.stored) history.stored += 1;
        else history.found += 1;
        history.result ??= result;
      }
    }
    return undefined;
  } catch (error) {
    const { code, message } = toArchiveError(error);
    history.refusal = `${message} [${code}]`;
    return code;
  }
}

function newHistory(): CallHistory {
  return {
    deliveries: 0,
    found: 0,
    stored: 0,
    resumes: 0,
    restarts: 0,
    setbacks: [],
    refusal: undefined,
    elapsedMs: 0,
    result: undefined,
  };
}

/** In words, for the table: how a call that was struck came through. */
export function describeOutcome(history: CallHistory | undefined): string {
  if (history === undefined) return 'NOT DELIVERED';
  const how = [
    history.resumes > 0 ? `resumed ${history.resumes}×` : '',
    history.restarts > 0 ? `started over ${history.restarts}×` : '',
    ...history.setbacks.map((setback) => `${setback}, delivered again`),
  ].filter((part) => part !== '');
  if (history.result === undefined) return ['NOT ARCHIVED', ...how].join(': ');
  const seconds = (history.elapsedMs / 1000).toFixed(1);
  return [`archived after ${seconds} s`, ...how].join(', ');
}
