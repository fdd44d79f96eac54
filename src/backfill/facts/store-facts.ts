import type { Budget, Clock } from '../../clock.ts';
import type {
  AnalyzedConversation,
  Envelope,
  NameList,
  ObjectStore,
  OrganizationNames,
} from '../../ports.ts';
import {
  FACTS_SCHEMA,
  type FactsHeader,
  factsIds,
  factsKey,
  FactsPart,
  MAX_FACTS_PART_LINES,
} from '../../record/facts-file.ts';
import { putSealed } from '../day-object.ts';
import type { FactsSink } from '../sources/days.ts';
import { present } from '../../present.ts';

export interface FactsPorts {
  /** Where facts are kept: not under a lock, for they are replaced. */
  readonly store: ObjectStore;
  readonly envelope: Envelope;
  readonly clock: Clock;
  /** What ids were called on that day; `not-asked` where the client is spared the calls. */
  readonly named: FactsHeader['named'];
  /** Of this writing; random. */
  readonly writtenBy: string;
}

/**
 * Takes the conversations of one day, and stores them as its facts, sealed: parts behind the first as they are full, the first at the
 * end. Who reads the first, reads the others of the same writing, or none.
 */
export function openFactsDay(ports: FactsPorts, day: string, budget: Budget): FactsSink {
  const { clock, named, writtenBy } = ports;
  const first = new FactsPart();
  let current = first;
  let parts = 1;
  const headerOf = (part: number, until: number | undefined): FactsHeader => ({
    schema: FACTS_SCHEMA,
    day,
    source: 'analytics-details-job',
    fetchedAt: new Date(clock.now()).toISOString(),
    ...present({ dataAvailableUntil: until === undefined ? undefined : new Date(until).toISOString() }),
    part,
    ...(part === 1 ? { parts } : {}),
    writtenBy,
    named,
  });
  const put = (part: number, body: Buffer) =>
    putSealed(ports, { key: factsKey(day, part), ids: factsIds(day), body }, budget);
  const storeCurrent = async (until: number | undefined) => {
    if (current === first) return;
    await put(parts, await current.pack(headerOf(parts, until)));
  };
  return {
    async add(conversation: AnalyzedConversation) {
      if (current.lines >= MAX_FACTS_PART_LINES) {
        await storeCurrent(undefined);
        current = new FactsPart();
        parts += 1;
      }
      await current.add(conversation);
    },
    async finish(until) {
      await storeCurrent(until);
      await put(1, await first.pack(headerOf(1, until)));
    },
  };
}

/** The names of users, queues and divisions in facts; asks for each list once. */
export async function nameEverything(
  names: OrganizationNames,
  budget: Budget,
): Promise<FactsHeader['named']> {
  const [queues, wrapUps, divisions, users] = [
    await names.list('queues', budget),
    await names.list('wrapUps', budget),
    await names.list('divisions', budget),
    await names.list('users', budget),
  ];
  return { queues, wrapUps, divisions, users };
}

const NOT_ASKED: NameList = { status: 'not-asked' };

export const NOTHING_NAMED: FactsHeader['named'] = {
  queues: NOT_ASKED,
  wrapUps: NOT_ASKED,
  divisions: NOT_ASKED,
  users: NOT_ASKED,
};
