import { present } from '../../present.ts';
import type { FactsLine, FactsParticipant } from '../../record/facts-file.ts';

/** That of contexts which the platform was asked for one by one; readers know it. */
const CONTEXT_SCHEMA = 'genesys-media-archive/context/v1';

/** What ids were called, as far as it is known. */
export interface ContextNames {
  readonly queues?: Readonly<Record<string, string>> | undefined;
  readonly wrapUps?: Readonly<Record<string, string>> | undefined;
}

/**
 * The context of a conversation from its day's facts: what a call for each conversation would have told, and no more. Names, numbers,
 * attributes and notes of people stay in the facts. Pure.
 *
 * @param takenAt ISO 8601, when the platform was asked.
 */
export function contextOfFacts(line: FactsLine, takenAt: string, names: ContextNames = {}): object {
  const { conversationId, start, end, direction, divisionIds, externalTag, participants } = line;
  return {
    schema: CONTEXT_SCHEMA,
    conversationId,
    takenAt,
    source: 'analytics',
    startTime: start,
    ...present({ endTime: end, direction }),
    divisionIds,
    ...present({ externalTag }),
    participants: participants.map((one) => participantOf(one, names)),
    // where a recording was paused stands in its own annotations: they come with the list of recordings
    recordings: [],
  };
}

function participantOf({ id, purpose, userId, sessions }: FactsParticipant, names: ContextNames): object {
  const queueId = sessions.flatMap(({ queueIds }) => queueIds)[0];
  const wrapUp = sessions.flatMap(({ wrapUps }) => wrapUps).at(-1);
  const starts = sessions.flatMap(({ start }) => start ?? []).toSorted();
  const ends = sessions.map(({ end }) => end);
  const known = ends.filter((end) => end !== undefined);
  const allEnded = ends.length > 0 && known.length === ends.length;
  const holds = sessions.flatMap((one) => one.holds);
  return {
    id,
    ...present({
      purpose,
      userId,
      queueId,
      queueName: queueId === undefined ? undefined : names.queues?.[queueId],
      startTime: starts[0],
      endTime: allEnded ? known.toSorted().at(-1) : undefined,
      wrapUp: wrapUp && { code: wrapUp.code, ...present({ name: names.wrapUps?.[wrapUp.code] }) },
    }),
    holds: holds.flatMap(({ start, end }) => (end === undefined ? [] : [{ startTime: start, endTime: end }])),
  };
}
