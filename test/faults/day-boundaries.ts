import { archiveRequest } from '../../src/archive/archive-request.ts';
import { type Clock, systemClock, unlimited } from '../../src/clock.ts';
import { createStaticEnvelope } from '../../src/envelope/static-gcm.ts';
import { parseEvent } from '../../src/events/parse-event.ts';
import { silentLogger } from '../../src/log.ts';
import type { ArchiveRequest, MediaItem } from '../../src/ports.ts';
import { createS3Store } from '../../src/store/s3/s3-store.ts';
import { MemoryS3, PROMPT_CALLER } from './memory-s3.ts';
import { seededRandom } from './simulated-time.ts';

const ZONES = ['UTC', 'Pacific/Kiritimati', 'Pacific/Pago_Pago', 'America/St_Johns', 'Europe/Berlin'];
const INTERACTION_ID = '10000000-0000-4000-8000-000000000000';
const HOUR_MS = 3_600_000;

/** Instants at which calendars are tricky: midnights, leap days, ends of years, changes to and from summer time. */
const EDGES = [
  '2024-02-29T00:00:00Z',
  '2024-03-01T00:00:00Z',
  '2023-03-01T00:00:00Z',
  '2000-02-29T00:00:00Z',
  '2026-01-01T00:00:00Z',
  '2026-03-29T01:00:00Z',
  '2026-10-25T01:00:00Z',
  '2026-03-08T07:00:00Z',
  '2026-11-01T06:00:00Z',
  '2099-12-31T23:59:59Z',
  '2026-06-15T10:00:00Z',
  '2026-06-15T11:30:00Z',
].map((text) => Date.parse(text));

/** The same instant as somebody elsewhere would write it. */
function withOffset(at: number, offsetMinutes: number): string {
  const sign = offsetMinutes < 0 ? '-' : '+';
  const [hours, minutes] = [Math.floor(Math.abs(offsetMinutes) / 60), Math.abs(offsetMinutes) % 60];
  const zone = `${sign}${String(hours).padStart(2, '0')}:${String(minutes).padStart(2, '0')}`;
  return new Date(at + offsetMinutes * 60_000).toISOString().replace('Z', zone);
}

export interface BoundaryReport {
  /** Cases by what states the time of the recording. */
  readonly stats: Readonly<Record<'event' | 'platform' | 'claim', number>>;
  /** One line for each recording that has not exactly the one key it should have. */
  readonly wrong: readonly string[];
}

/** Archives `cases` recordings twice each, up to 26 h apart and in other time zones; leaves `TZ` as it was. */
export async function archiveAroundMidnight(cases: number): Promise<BoundaryReport> {
  const zoneBefore = process.env['TZ'];
  try {
    return await inZones(cases);
  } finally {
    if (zoneBefore === undefined) delete process.env['TZ'];
    else process.env['TZ'] = zoneBefore;
  }
}

async function inZones(cases: number): Promise<BoundaryReport> {
  const random = seededRandom(366);
  const wrong: string[] = [];
  const stats = { event: 0, platform: 0, claim: 0 };
  for (let number = 0; number < cases; number += 1) {
    const edge = EDGES[number % EDGES.length] ?? 0;
    const at = Math.min(edge + Math.round((random() - 0.5) * 2000), Date.UTC(2100, 0) - 1);
    const recordingId = `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
    const source = (['event', 'platform', 'claim'] as const)[number % 3] ?? 'claim';
    stats[source] += 1;
    let now = at;
    const clock: Clock = { ...systemClock, now: () => now };
    const s3 = new MemoryS3(() => now);
    const item: MediaItem = {
      ids: { recordingId, conversationId: INTERACTION_ID },
      url: 'https://media.example.com/a.wav',
      ...(source === 'platform' ? { recordedAt: at } : {}),
    };
    const ports = {
      resolver: { resolve: () => Promise.resolve({ state: 'ready', items: [item] } as const) },
      opener: { open: () => Promise.resolve(recording()) },
      references: undefined,
      envelope: createStaticEnvelope(Buffer.alloc(32, 1)),
      store: createS3Store({ client: s3.client(PROMPT_CALLER), bucket: 'b', clock, logger: silentLogger }),
      clock,
      logger: silentLogger,
    };
    const keys = new Set<string>();
    for (let attempt = 0; attempt < 2; attempt += 1) {
      process.env['TZ'] = ZONES[Math.floor(random() * ZONES.length)];
      const offset = Math.floor(random() * 27 - 12) * 60 + (random() < 0.2 ? 30 : 0);
      const [result] = await archiveRequest(
        ports,
        request(recordingId, source, withOffset(at, offset)),
        unlimited,
      );
      if (result?.state === 'archived') keys.add(result.key);
      // a retry up to 26 h later, past one midnight or two
      now += Math.round(random() * 26 * HOUR_MS);
    }
    const [year, month, day] = [
      new Date(at).getUTCFullYear(),
      new Date(at).getUTCMonth() + 1,
      new Date(at).getUTCDate(),
    ];
    const pad = (value: number) => String(value).padStart(2, '0');
    const expected = `archive/${year}/${pad(month)}/${pad(day)}/${recordingId}.enc`;
    const objects = [...s3.objects.keys()].filter((key) => key.startsWith('archive/'));
    if (keys.size !== 1 || !keys.has(expected) || objects.length !== 1) {
      wrong.push(`${source} ${new Date(at).toISOString()}: ${[...keys].join(' ')}`);
    }
  }
  return { stats, wrong };
}

/** As it is parsed from an event that states the time, or does not. */
function request(mediaId: string, source: string, endTime: string): ArchiveRequest {
  const event = { mediaId, interactionId: INTERACTION_ID };
  const parsed = parseEvent(source === 'event' ? { ...event, endTime } : event);
  const [first] = parsed.kind === 'requests' ? parsed.requests : [];
  if (first === undefined) throw new Error('the event was not understood');
  return first;
}

function recording() {
  const bytes = Buffer.alloc(64);
  bytes.write('RIFF', 'latin1');
  async function* chunks() {
    yield bytes;
  }
  return { contentLength: 64, contentType: 'audio/wav', etag: '"1"', chunks: chunks(), resumes: () => 0 };
}
