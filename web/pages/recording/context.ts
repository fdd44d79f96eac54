/** The context of a conversation, as the page reads it: what is not of the expected shape is left out. Pure. */
import type { Mark } from '../../player/mark.ts';

export interface Participant {
  readonly purpose: string | undefined;
  readonly userId: string | undefined;
  readonly queue: string | undefined;
  readonly startTime: string | undefined;
  readonly endTime: string | undefined;
  readonly wrapUp: string | undefined;
  readonly holds: number;
}

export interface Pause {
  readonly recording: string;
  readonly reason: string;
  readonly offsetMs: number;
  readonly durationMs: number;
}

export interface Context {
  readonly conversation: string | undefined;
  readonly startTime: string | undefined;
  readonly endTime: string | undefined;
  readonly takenAt: string | undefined;
  readonly divisions: readonly string[];
  readonly externalTag: string | undefined;
  readonly participants: readonly Participant[];
  readonly pauses: readonly Pause[];
}

/** Reads a stored context; `undefined` without one. */
export function contextOf(stored: Readonly<Record<string, unknown>> | undefined): Context | undefined {
  if (stored === undefined) return undefined;
  return {
    conversation: text(stored['conversationId']),
    startTime: text(stored['startTime']),
    endTime: text(stored['endTime']),
    takenAt: text(stored['takenAt']),
    divisions: list(stored['divisionIds']).flatMap((id) => text(id) ?? []),
    externalTag: text(stored['externalTag']),
    participants: list(stored['participants']).map(participantOf),
    pauses: list(stored['recordings']).flatMap((recording) =>
      list(member(recording, 'pauses')).flatMap((pause) => pauseOf(member(recording, 'id'), pause)),
    ),
  };
}

/** Where the recording was on hold or paused, as its own annotations say: their offsets are those of the file. */
export function marksOf(context: Context | undefined, recording: string): Mark[] {
  return (context?.pauses ?? [])
    .filter((pause) => pause.recording === recording)
    .map(({ reason, offsetMs, durationMs }) => ({
      span: [offsetMs / 1000, (offsetMs + durationMs) / 1000],
      kind: /hold/i.test(reason) ? 'hold' : 'pause',
      words: reason,
    }));
}

function participantOf(value: unknown): Participant {
  const wrapUp = member(value, 'wrapUp');
  return {
    purpose: text(member(value, 'purpose')),
    userId: text(member(value, 'userId')),
    queue: text(member(value, 'queueName')) ?? text(member(value, 'queueId')),
    startTime: text(member(value, 'startTime')),
    endTime: text(member(value, 'endTime')),
    wrapUp: text(member(wrapUp, 'name')) ?? text(member(wrapUp, 'code')),
    holds: list(member(value, 'holds')).length,
  };
}

function pauseOf(recording: unknown, value: unknown): Pause[] {
  const [offsetMs, durationMs] = [member(value, 'offsetMs'), member(value, 'durationMs')];
  if (typeof recording !== 'string' || typeof offsetMs !== 'number' || typeof durationMs !== 'number')
    return [];
  return [{ recording, reason: text(member(value, 'reason')) ?? 'paused', offsetMs, durationMs }];
}

const member = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
