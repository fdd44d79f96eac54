import type {
  AnalyzedConversation,
  AnalyzedParticipant,
  AnalyzedSession,
  AnalyzedWrapUp,
} from '../../ports.ts';
import { isSafeId } from '../../recording/id.ts';
import { parseRecordingTime } from '../../recording/time.ts';
import { MAX_LIST_MEMBERS, readField as read, readList } from '../responses.ts';
import { present } from '../../present.ts';

/** Characters of one value; what is longer is cut. Attributes and notes have 65,000 at most. */
const MAX_TEXT = 65_536;

/** Characters of a name or address. */
const MAX_WORD = 512;

/**
 * One conversation of the analytics (`AnalyticsConversation` of the API description); `undefined` where the value is none. What is
 * malformed within it is left out. Pure.
 */
export function readConversation(value: unknown): AnalyzedConversation | undefined {
  const conversationId = read(value, 'conversationId');
  const start = isoTime(read(value, 'conversationStart'));
  if (!isSafeId(conversationId) || start === undefined) return undefined;
  const raw = readList(read(value, 'participants'));
  const participants = raw.flatMap(readParticipant);
  const sessions = participants.flatMap((one) => one.sessions);
  const end = isoTime(read(value, 'conversationEnd'));
  const customer = participants.find(isCustomer)?.sessions[0] ?? sessions[0];
  const direction = word(read(value, 'originatingDirection')) ?? customer?.direction;
  return {
    conversationId,
    start,
    ...present({ end, direction: direction?.toLowerCase() }),
    divisionIds: ids(read(value, 'divisionIds')),
    ...present({ externalTag: word(read(value, 'externalTag')) }),
    media: unique(sessions.map(({ media }) => media)),
    recorded: readRecorded(raw),
    ...present({ ani: customer?.ani, dnis: customer?.dnis }),
    agentIds: unique(participants.filter(isAgent).map(({ userId }) => userId)),
    queueIds: unique(sessions.flatMap(({ queueIds }) => queueIds)),
    wrapUpCodes: unique(sessions.flatMap(({ wrapUps }) => wrapUps.map(({ code }) => code))),
    durations: readDurations(raw, start, end),
    participants,
    evaluationIds: idsOf(read(value, 'evaluations'), 'evaluationId'),
    surveyIds: idsOf(read(value, 'surveys'), 'surveyId'),
  };
}

const isCustomer = ({ purpose }: AnalyzedParticipant) => purpose === 'customer' || purpose === 'external';
const isAgent = ({ purpose }: AnalyzedParticipant) => purpose === 'agent' || purpose === 'user';

/** What was started, not what was kept: only a look at the recordings themselves tells that. */
function readRecorded(participants: readonly unknown[]): AnalyzedConversation['recorded'] {
  const sessions = participants.flatMap((one) => readList(read(one, 'sessions')));
  return {
    audio: sessions.some((one) => read(one, 'recording') === true),
    screen: participants.some((one) => read(one, 'screenRecording') === true),
    snippet: sessions.some((one) => read(one, 'snippetRecording') === true),
  };
}

function readDurations(
  participants: readonly unknown[],
  start: string,
  end: string | undefined,
): AnalyzedConversation['durations'] {
  const metrics = participants
    .flatMap((one) => readList(read(one, 'sessions')))
    .flatMap((one) => readList(read(one, 'metrics')));
  const sum = (name: string) => {
    const values = metrics
      .filter((one) => read(one, 'name') === name)
      .map((one) => read(one, 'value'))
      .filter((one): one is number => typeof one === 'number' && Number.isFinite(one) && one >= 0);
    return values.length === 0 ? undefined : Math.round(values.reduce((total, one) => total + one, 0));
  };
  const total = end === undefined ? undefined : Math.max(0, Date.parse(end) - Date.parse(start));
  const found = [
    ['totalMs', total],
    ['talkMs', sum('tTalkComplete')],
    ['holdMs', sum('tHeldComplete')],
    ['acwMs', sum('tAcw')],
  ] as const;
  return Object.fromEntries(found.filter(([, value]) => value !== undefined));
}

function readParticipant(value: unknown): AnalyzedParticipant[] {
  const id = read(value, 'participantId');
  if (!isSafeId(id)) return [];
  const attributes = readAttributes(read(value, 'attributes'));
  return [
    {
      id,
      ...present({
        purpose: word(read(value, 'purpose'))?.toLowerCase(),
        name: word(read(value, 'participantName')),
        userId: safeId(read(value, 'userId')),
        teamId: safeId(read(value, 'teamId')),
        externalContactId: safeId(read(value, 'externalContactId')),
        attributes,
      }),
      sessions: readList(read(value, 'sessions')).flatMap(readSession),
    },
  ];
}

function readAttributes(value: unknown): Record<string, string> | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const entries = Object.entries(value)
    .filter((entry): entry is [string, string] => typeof entry[1] === 'string')
    .slice(0, MAX_LIST_MEMBERS)
    .map(([name, text]) => [name.slice(0, MAX_WORD), text.slice(0, MAX_TEXT)] as const);
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

function readSession(value: unknown): AnalyzedSession[] {
  const id = read(value, 'sessionId');
  if (!isSafeId(id)) return [];
  const segments = readList(read(value, 'segments'));
  const recording = read(value, 'recording');
  const starts = segments.map((one) => isoTime(read(one, 'segmentStart'))).filter((one) => one !== undefined);
  const ends = segments.map((one) => isoTime(read(one, 'segmentEnd')));
  const allEnded = ends.length > 0 && ends.every((one) => one !== undefined);
  return [
    {
      id,
      ...present({
        media: word(read(value, 'mediaType'))?.toLowerCase(),
        direction: word(read(value, 'direction'))?.toLowerCase(),
        provider: word(read(value, 'provider')),
        ani: word(read(value, 'ani')),
        dnis: word(read(value, 'dnis')),
        addressFrom: word(read(value, 'addressFrom')),
        addressTo: word(read(value, 'addressTo')),
      }),
      ...(typeof recording === 'boolean' ? { recording } : {}),
      ...present({ start: starts.toSorted()[0], end: allEnded ? ends.toSorted().at(-1) : undefined }),
      queueIds: unique(segments.map((one) => safeId(read(one, 'queueId')))),
      holds: segments.filter((one) => read(one, 'segmentType') === 'hold').flatMap(readInterval),
      wrapUps: segments.flatMap(readWrapUp),
    },
  ];
}

function readInterval(segment: unknown): { start: string; end?: string }[] {
  const start = isoTime(read(segment, 'segmentStart'));
  return start === undefined ? [] : [{ start, ...present({ end: isoTime(read(segment, 'segmentEnd')) }) }];
}

function readWrapUp(segment: unknown): AnalyzedWrapUp[] {
  const code = safeId(read(segment, 'wrapUpCode'));
  if (code === undefined) return [];
  const note = read(segment, 'wrapUpNote');
  const tags = readList(read(segment, 'wrapUpTags')).flatMap((one) => word(one) ?? []);
  return [
    {
      code,
      ...(typeof note === 'string' && note !== '' ? { note: note.slice(0, MAX_TEXT) } : {}),
      ...(tags.length === 0 ? {} : { tags }),
      ...present({
        start: isoTime(read(segment, 'segmentStart')),
        end: isoTime(read(segment, 'segmentEnd')),
      }),
    },
  ];
}

function isoTime(value: unknown): string | undefined {
  const at = parseRecordingTime(value);
  return at === undefined ? undefined : new Date(at).toISOString();
}

function word(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value.slice(0, MAX_WORD) : undefined;
}

function safeId(value: unknown): string | undefined {
  return isSafeId(value) ? value : undefined;
}

function ids(value: unknown): string[] {
  return unique(readList(value).map(safeId));
}

function idsOf(value: unknown, name: string): string[] {
  return unique(readList(value).map((one) => safeId(read(one, name))));
}

function unique(values: readonly (string | undefined)[]): string[] {
  return [...new Set(values.filter((one) => one !== undefined))];
}
