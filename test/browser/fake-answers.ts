/** Answers of the API for what a real console cannot be put into at will: empty, refused, damaged, unknown, slow. */
import type { Page, Route } from '@playwright/test';
import type {
  About,
  AccessPage,
  CompletenessYear,
  HoldsList,
  Me,
  MissingPage,
  RecordingDetail,
  RecordingRow,
  RecordingsPage,
  Transcript,
  Verification,
  WorkPage,
} from '../../web/api-types.ts';

export const ALL_GRANTS: Me['grants'] = [
  'see',
  'listen',
  'read',
  'verify',
  'reveal',
  'export',
  'hold',
  'oversee',
  'operate',
];

export const me = (changed: Partial<Me> = {}): Me => ({
  name: 'Ada',
  signIn: 'launch',
  roles: [],
  grants: ALL_GRANTS,
  divisions: '*',
  reasonRequired: false,
  expiresAt: new Date(Date.now() + 8 * 3600_000).toISOString(),
  idleMinutes: 30,
  archives: [],
  version: '0.0.0',
  ...changed,
});

const hex = (index: number) => index.toString(16).padStart(4, '0');
export const idOf = (index: number) => `0a1b2c3d-${hex(index)}-4e5f-8a9b-0c1d2e3f${hex(index)}`;

export function row(index: number, changed: Partial<RecordingRow> = {}): RecordingRow {
  return {
    id: idOf(index),
    conversation: `c0ffee00-${hex(index)}-4a4a-9b9b-1234567890ab`,
    recordedAt: new Date(Date.UTC(2026, 10, 27, 16, 0) - index * 7 * 60_000).toISOString(),
    seconds: 60 + ((index * 37) % 900),
    bytes: 480_000 + index * 12_345,
    contentType: 'audio/wav',
    media: 'call',
    agents: ['5e6f7a8b-0000-4c4c-8d8d-00000000000a'],
    queues: [{ id: 'q1', name: index % 2 === 0 ? 'Claims' : 'Sales' }],
    direction: index % 3 === 0 ? 'outbound' : 'inbound',
    divisions: ['home'],
    state: 'archived',
    kind: 'archived',
    held: index % 9 === 0,
    ...changed,
  };
}

export const rows = (count: number): RecordingRow[] =>
  Array.from({ length: count }, (_, index) => row(index));

export const recordings = (items: RecordingRow[], changed: Partial<RecordingsPage> = {}): RecordingsPage => ({
  items,
  next: null,
  total: { count: items.length, exact: true },
  asOf: '2026-11-28T03:00:00.000Z',
  ...changed,
});

export const detail = (changed: Partial<RecordingDetail> = {}): RecordingDetail => ({
  ...row(0),
  files: [
    {
      key: '2026/11/27/c0ffee00.wav.enc',
      version: 1,
      state: 'archived',
      bytes: 480_000,
      contentType: 'audio/wav',
      playable: 'yes',
      format: 'WAV G.711 µ-law',
      seekable: 'leaves',
    },
  ],
  contextState: 'read',
  context: {
    schema: 'genesys-media-archive/context/v1',
    conversationId: 'c0ffee00-0000-4a4a-9b9b-1234567890ab',
    takenAt: '2026-11-27T16:05:00.000Z',
    startTime: '2026-11-27T16:00:00.000Z',
    endTime: '2026-11-27T16:03:00.000Z',
    divisionIds: ['home'],
    participants: [
      { id: 'p1', purpose: 'customer', holds: [] },
      {
        id: 'p2',
        purpose: 'agent',
        userId: 'u1',
        queueName: 'Claims',
        holds: [{ startTime: 'x', endTime: 'y' }],
        wrapUp: { name: 'Resolved' },
      },
    ],
    recordings: [
      {
        id: idOf(0),
        pauses: [
          { reason: 'hold', offsetMs: 20_000, durationMs: 15_000 },
          { reason: 'secure pause', offsetMs: 50_000, durationMs: 10_000 },
        ],
      },
    ],
  },
  receipt: {
    schema: 'genesys-media-archive/receipt/v1',
    kind: 'archived',
    source: { contentType: 'audio/wav', resumes: 1, restarts: 0 },
    plaintext: { bytes: 479_000, sha256: '0'.repeat(64) },
    times: {
      recorded: '2026-11-27T16:00:00.000Z',
      stored: '2026-11-27T16:05:01.000Z',
      issued: '2026-11-27T16:05:02.000Z',
    },
    tool: { name: 'genesys-media-archive', version: '0.0.0' },
    signature: { algorithm: 'Ed25519', keyId: '00112233aabbccdd', value: 'AA==' },
  },
  links: [{ key: '2026/11/27/c0ffee00.wav.enc', written: '2026-11-27T16:05:03.000Z' }],
  ...changed,
});

export const verified = (changed: Partial<Verification> = {}): Verification => ({
  verdict: 'verified',
  findings: [],
  depth: 'head',
  checkedAt: '2026-11-28T09:00:00.000Z',
  ms: 12,
  signedBy: '00112233aabbccdd',
  ...changed,
});

export const transcript: Transcript = {
  language: 'en-GB',
  turns: [
    { channel: 'agent', start: 0, end: 4, text: 'Good morning, claims, how can I help?' },
    { channel: 'customer', start: 5, end: 12, text: 'My parcel arrived broken.' },
    { channel: 'agent', start: 13, end: 20, text: 'I am sorry to hear that. May I put you on hold?' },
    { channel: 'customer', start: 36, end: 48, text: 'Thank you for the refund.' },
  ],
};

export function year(of = 2026): CompletenessYear {
  const days: CompletenessYear['days'] = [];
  for (let at = Date.UTC(of, 8, 1); at <= Date.UTC(of, 10, 27); at += 86_400_000) {
    const date = new Date(at).toISOString().slice(0, 10);
    days.push({ date, statement: 'sealed', recorded: 40, archived: 40, gone: 0, pending: 0, missing: 0 });
  }
  const change = (index: number, changed: Partial<(typeof days)[number]>) => {
    const [day] = days.slice(index);
    if (day !== undefined) days.splice(days.indexOf(day), 1, { ...day, ...changed });
  };
  change(3, { missing: 2, archived: 38 });
  change(-5, { statement: 'broken', why: 'the signature of the statement is not valid' });
  change(-4, { pending: 3 });
  change(-3, { statement: 'unchecked' });
  change(-2, { statement: 'provisional' });
  change(-1, { statement: 'none', recorded: null, missing: null, pending: null });
  return { year: of, days };
}

export const missing = (changed: Partial<MissingPage> = {}): MissingPage => ({
  items: [
    { recording: idOf(7), conversation: 'c0ffee00-0007-4a4a-9b9b-1234567890ab', why: 'never-announced' },
    { recording: idOf(8), why: 'failed:GENESYS_FORBIDDEN' },
  ],
  next: null,
  day: {
    date: '2026-09-04',
    statement: 'sealed',
    recorded: 40,
    archived: 38,
    gone: 0,
    pending: 0,
    missing: 2,
  },
  command: 'genesys-archive backfill --from 2026-09-04 --to 2026-09-04',
  ...changed,
});

export const work: WorkPage = {
  items: [
    {
      id: 'j-20261128-000000000001',
      kind: 'backfill',
      name: 'before the archive',
      state: 'running',
      createdAt: '2026-11-28T08:00:00.000Z',
      createdBy: 'ada',
      items: 12_000,
      done: 4321,
      failed: 12,
      bytes: 98_765_432_100,
      rate: 'yield',
      runners: 2,
      etaS: 5400,
      failures: [{ code: 'GENESYS_FORBIDDEN', count: 12 }],
    },
    {
      id: 'j-20261120-000000000002',
      kind: 'verify',
      state: 'finished',
      createdAt: '2026-11-20T08:00:00.000Z',
      createdBy: 'ada',
      items: 500,
      done: 500,
      failed: 0,
      bytes: 5_000_000,
      rate: 60,
      runners: 0,
      etaS: null,
      failures: [],
    },
  ],
  next: null,
};

export const holds: HoldsList = {
  items: [
    {
      id: 'h-20261120-00aa00bb00cc',
      matter: 'Case 4711',
      reason: 'litigation',
      by: 'Grace',
      at: '2026-11-20T10:00:00.000Z',
      selection: '3 recordings',
      objects: 3,
      signature: 'valid',
      released: null,
    },
    {
      id: 'h-20261001-00aa00bb00dd',
      matter: 'Case 0815',
      by: 'Ada',
      at: '2026-10-01T10:00:00.000Z',
      selection: '1 recording',
      objects: 1,
      signature: 'unsigned',
      released: { by: 'Grace', at: '2026-11-01T10:00:00.000Z', reason: 'settled' },
    },
  ],
};

export const access: AccessPage = {
  items: [
    {
      at: '2026-11-28T09:00:02.000Z',
      who: 'Ada',
      session: 's1abcdefgh',
      n: 3,
      action: 'listen-end',
      recording: idOf(0),
      outcome: 'granted',
      heard: [[0, 31.5]],
      sentBytes: 480_000,
    },
    {
      at: '2026-11-28T09:00:01.000Z',
      who: 'Ada',
      session: 's1abcdefgh',
      n: 2,
      action: 'listen',
      recording: idOf(0),
      reason: 'complaint 12',
      outcome: 'granted',
    },
    {
      at: '2026-11-28T09:00:00.000Z',
      who: 'Mallory',
      session: 's2abcdefgh',
      n: 1,
      action: 'listen',
      recording: idOf(1),
      outcome: 'refused',
    },
  ],
  next: null,
  chain: 'intact',
};

export const about: About = {
  version: '0.0.0',
  node: 'v20.20.2',
  archives: [
    {
      store: 'directory ./archive',
      catalogue: 'directory ./archive',
      organization: 'org-1',
      reads: true,
      receiptKeys: ['00112233aabbccdd'],
      logKeys: ['archive.example+1a2b3c4d'],
      warnings: [],
    },
  ],
  session: 's1',
  licences: [{ name: 'preact', version: '11.2.0', licence: 'MIT' }],
};

export interface Answer {
  readonly status?: number;
  readonly json?: unknown;
  readonly body?: Buffer;
}

export const refusal = (status: number, code: string, message: string, hint?: string): Answer => ({
  status,
  json: { error: { code, message, ...(hint !== undefined && { hint }) } },
});

/** What each path answers; a function sees the request. The longest path that matches answers. */
export type Answers = Readonly<Record<string, Answer | ((route: Route) => Answer | Promise<Answer>)>>;

export const ANSWERS: Answers = {
  '/api/me': { json: me() },
  '/api/recordings': { json: recordings(rows(100), { next: 'c2', total: { count: 10_000, exact: false } }) },
  [`/api/recordings/${idOf(0)}`]: { json: detail() },
  [`/api/recordings/${idOf(0)}/verification`]: { json: verified() },
  [`/api/recordings/${idOf(0)}/transcript`]: { json: transcript },
  [`/api/recordings/${idOf(0)}/peaks`]: (route) => ({ body: peaks(new URL(route.request().url())) }),
  '/api/completeness': { json: year() },
  '/api/completeness/2026-09-04': { json: missing() },
  '/api/work': { json: work },
  '/api/holds': { json: holds },
  '/api/access': { json: access },
  '/api/about': { json: about },
};

/** Answers the API of a page; what has no answer is 404, as it is for what is not this person's. */
export async function fakeApi(page: Page, changed: Answers = {}): Promise<void> {
  const answers = { ...ANSWERS, ...changed };
  await page.route(/\/(?:api|auth|media)\//, async (route) => {
    const { pathname } = new URL(route.request().url());
    const found = answers[decodeURIComponent(pathname)];
    const answer =
      found === undefined
        ? refusal(
            404,
            'OBJECT_NOT_FOUND',
            'there is no such thing',
            'it does not exist, or belongs to a division that you do not see',
          )
        : typeof found === 'function'
          ? await found(route)
          : found;
    const { status = 200, json, body } = answer;
    await route.fulfill(body === undefined ? { status, json } : { status, body });
  });
}

const LENGTH_S = 60;

/** A minute of two speakers, silent in the hold from 20 to 35 s. */
export function peaks(url: URL): Buffer {
  const from = Number(url.searchParams.get('from') ?? 0);
  const to = Math.min(LENGTH_S, Number(url.searchParams.get('to') ?? LENGTH_S));
  const asked =
    Number(url.searchParams.get('columns') ?? 4000) / (Number(url.searchParams.get('to') ?? LENGTH_S) - from);
  const points = Math.max(0, Math.floor((to - from) * asked));
  const bytes = Buffer.alloc(8 + points * 4);
  bytes.write('GMP1');
  bytes[4] = 2;
  bytes[5] = asked;
  for (let point = 0; point < points; point += 1) {
    const second = from + point / asked;
    const turn = Math.floor(second / 7) % 2;
    const isHold = second > 20 && second < 35;
    for (const channel of [0, 1]) {
      const loud = isHold || turn !== channel ? 0 : 30 + ((point * 37) % 80);
      bytes.writeInt8(-loud, 8 + point * 4 + channel * 2);
      bytes.writeInt8(loud, 9 + point * 4 + channel * 2);
    }
  }
  return bytes;
}
