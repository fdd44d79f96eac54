import type { ScriptedConversation, ScriptedRecording } from '../published/recordings/scripted.ts';
import { SimulatorError } from '../simulator-error.ts';
import { drawFor } from './draw.ts';
import { PastDays } from './past-days.ts';
import { StableIds } from './stable-ids.ts';
import { present } from '../present.ts';

/** Recordings of days that are over. All of it follows from these numbers and the seed; nothing is kept in memory. */
export interface PastOptions {
  /** How many recordings there are in all. */
  readonly recordings: number;
  /** First and last day, UTC, e.g. `2026-01-31`. */
  readonly from: string;
  readonly to: string;
  /** Seconds of the longest recording; most are much shorter. Default 900. */
  readonly longestS?: number;
  /** Bytes of a second of sound in its original format; default 400, a tenth of the usual. */
  readonly bytesPerSecond?: number;
  /** A day on which nothing was recorded. */
  readonly emptyDay?: string | undefined;
  /** A day whose conversations and recordings appear at `until` (epoch ms), and not before. */
  readonly late?: { readonly day: string; readonly until: number } | undefined;
  /** Epoch ms at which the platform deletes one recording; default: it deletes none. */
  readonly deletesAt?: number | undefined;
  /** The platform sends no event of one conversation; default false. */
  readonly leavesOneUnannounced?: boolean | undefined;
  /**
   * Share of the recordings, 0 to 1, that batch downloads leave out: sensitive ones, such that fail in the batch only, archived ones,
   * and such whose file is lost (`ERROR`). Default 0.
   */
  readonly omissions?: number | undefined;
  /** Share of the conversations, 0 to 1, in a division that the OAuth client has no role in. Default 0. */
  readonly hidden?: number | undefined;
}

/** Recordings of eight conversations in a row: ten. */
const PATTERN = [1, 1, 2, 1, 1, 2, 1, 1] as const;
const PER_PATTERN = 10;
const TEXT_KINDS = ['chat', 'email', 'message'] as const;
/** Recordings of a conversation at most, and room for more in an id. */
const ID_ROOM = 16;

export class Past {
  /** How many conversations there are. */
  readonly conversations: number;
  readonly recordings: number;
  readonly #options: PastOptions;
  readonly #seed: number;
  readonly #days: PastDays;
  readonly #conversationIds: StableIds;
  readonly #recordingIds: StableIds;

  /** @throws SimulatorError when a day or a number makes no sense. */
  constructor(options: PastOptions, seed: number) {
    const { recordings, omissions = 0, hidden = 0, longestS = 900 } = options;
    if (!Number.isSafeInteger(recordings) || recordings < 1 || recordings > 100_000_000) {
      throw new SimulatorError('the past: recordings must be a whole number from 1 to 100,000,000');
    }
    for (const share of [omissions, hidden]) {
      if (!(share >= 0 && share <= 1)) throw new SimulatorError('the past: a share must be from 0 to 1');
    }
    if (!Number.isInteger(longestS) || longestS < 1 || longestS > 86_400) {
      throw new SimulatorError('the past: longestS must be a whole number of seconds up to a day');
    }
    this.#options = options;
    this.#seed = seed;
    this.recordings = recordings;
    let rest = recordings % PER_PATTERN;
    let last = 0;
    for (; rest > 0; last += 1) rest -= PATTERN[last] ?? 1;
    this.conversations = Math.floor(recordings / PER_PATTERN) * PATTERN.length + last;
    this.#days = new PastDays(options, this.conversations, seed);
    this.#conversationIds = new StableIds(`${seed}/past/conversation`);
    this.#recordingIds = new StableIds(`${seed}/past/recording`);
  }

  /** First place of what began at or after `begin`, and of what began at or after `end` (epoch ms). */
  range(begin: number, end: number): readonly [first: number, last: number] {
    return [this.#days.firstFrom(begin), this.#days.firstFrom(end)];
  }

  /** Number of conversations of each day, by day. */
  perDay(): ReadonlyMap<string, number> {
    return this.#days.counts();
  }

  indexOfConversation(id: string): number | undefined {
    const index = this.#conversationIds.decode(id);
    return index !== undefined && index < this.conversations ? index : undefined;
  }

  indexOfRecording(id: string): { readonly conversation: number; readonly recording: number } | undefined {
    const value = this.#recordingIds.decode(id);
    if (value === undefined) return undefined;
    const [conversation, recording] = [Math.floor(value / ID_ROOM), value % ID_ROOM];
    const isThere = conversation < this.conversations && recording < this.#countAt(conversation);
    return isThere ? { conversation, recording } : undefined;
  }

  conversationId(index: number): string {
    return this.#conversationIds.encode(index);
  }

  /** Some of them are in a division that the client cannot see. */
  get hidesSome(): boolean {
    return (this.#options.hidden ?? 0) > 0;
  }

  /** What was made special, where the options asked for it. */
  get special(): { readonly deletedRecordingId?: string; readonly unannouncedConversationId?: string } {
    const { deletesAt, leavesOneUnannounced } = this.#options;
    const [deleted, unannounced] = [this.#thirdAt(1), this.#thirdAt(2)];
    return {
      ...present({
        deletedRecordingId:
          deletesAt === undefined ? undefined : this.#recordingIds.encode(deleted * ID_ROOM),
        unannouncedConversationId:
          leavesOneUnannounced === true ? this.conversationId(unannounced) : undefined,
      }),
    };
  }

  at(index: number): ScriptedConversation {
    const { hidden = 0, leavesOneUnannounced = false, late } = this.#options;
    const draw = drawFor(this.#seed, index);
    const startedAt = this.#days.startOf(index);
    const count = this.#countAt(index);
    const kind = count > 1 || draw('kind') < 0.8 ? 'call' : pick(TEXT_KINDS, draw('text'));
    const recordings = Array.from({ length: count }, (_, at) => this.#recordingAt(index, at, kind));
    const lastedS = Math.max(...recordings.map(({ seconds = 0 }) => seconds)) + 5;
    const endedAt = startedAt + lastedS * 1000;
    const customer = Math.floor(draw('customer') * Math.max(1, this.conversations / 4));
    const address =
      kind === 'email' || kind === 'chat'
        ? `customer${customer}@example.com`
        : `+1${2_015_550_000 + (customer % 5_000_000_000)}`;
    const isLate = late !== undefined && this.#days.isOn(late.day, startedAt);
    return {
      id: this.conversationId(index),
      endedAt,
      lastedS,
      recordings: recordings.map((one) => this.#withFate(one, index, endedAt)),
      direction: draw('direction') < 0.75 ? 'inbound' : 'outbound',
      customer: address,
      customerName: `Customer ${customer}`,
      queue: Math.floor(draw('queue') * 5),
      agent: Math.floor(draw('agent') * 20),
      division: pick([0, 0, 0, 1, 2], draw('division')),
      wrapUp: Math.floor(draw('wrap-up') * 6),
      wrapUpNote: draw('note') < 0.3 ? `Case ${100_000 + index}: customer will call back.` : undefined,
      attributes: {
        accountNumber: String(400_000 + customer),
        language: pick(['en', 'de', 'es'], draw('language')),
      },
      transcribed: kind === 'call' && draw('transcript') < 0.6,
      otherDivision: draw('hidden') < hidden,
      unannounced: leavesOneUnannounced && index === this.#thirdAt(2),
      arrivesAt: isLate ? late.until : undefined,
    };
  }

  #countAt(index: number): number {
    const whole = Math.floor(index / PATTERN.length) * PER_PATTERN;
    const before = PATTERN.slice(0, index % PATTERN.length).reduce<number>((sum, one) => sum + one, whole);
    return Math.min(PATTERN[index % PATTERN.length] ?? 1, this.recordings - before);
  }

  #thirdAt(third: 1 | 2): number {
    return Math.min(this.conversations - 1, Math.floor((this.conversations * third) / 3));
  }

  #recordingAt(index: number, at: number, kind: NonNullable<ScriptedRecording['kind']>): ScriptedRecording {
    const { longestS = 900, bytesPerSecond = 400 } = this.#options;
    const draw = drawFor(this.#seed, index, at + 1);
    const seconds = Math.max(1, Math.round(longestS * draw('length') ** 3));
    const base = {
      id: this.#recordingIds.encode(index * ID_ROOM + at),
      kind,
      seconds,
      bytesPerSecond,
      transcodingS: 1,
    };
    if (at === 0 || kind !== 'call') return { ...base, leg: 'trunk' };
    return draw('second') < 0.5
      ? { ...base, kind: 'screen' }
      : { ...base, leg: pick(['station', 'consult'], draw('leg')) };
  }

  #withFate(recording: ScriptedRecording, index: number, endedAt: number): ScriptedRecording {
    const { omissions = 0, deletesAt } = this.#options;
    const isFirst = recording.id === this.#recordingIds.encode(index * ID_ROOM);
    if (deletesAt !== undefined && index === this.#thirdAt(1) && isFirst) {
      return { ...recording, deletedAfterS: (deletesAt - endedAt) / 1000 };
    }
    const draw = drawFor(this.#seed, index, recording.id ?? '');
    if (draw('omitted') >= omissions) return recording;
    return {
      ...recording,
      ...pick<ScriptedRecording>(
        [
          { sensitive: true },
          { batch: 'omitted' },
          { batch: 'error' },
          { fate: 'archived' },
          { fate: 'error' },
        ],
        draw('why'),
      ),
    };
  }
}

function pick<T>(list: readonly T[], draw: number): T {
  const one = list[Math.floor(draw * list.length)];
  if (one === undefined) throw new RangeError('nothing to pick from');
  return one;
}
