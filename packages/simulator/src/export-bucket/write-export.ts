import { AGENTS, entryAt } from '../published/directory.ts';
import { customerSessionId } from '../published/analytics/describe.ts';
import type { Interval } from '../published/paging.ts';
import { fileStateOf, isListed, type ModelRecording } from '../published/recordings/model.ts';
import type { RecordingsWorld } from '../published/recordings/world.ts';
import { transcriptFile } from '../published/transcripts.ts';
import type { CataloguedRecording } from '../catalogue.ts';
import { fileId } from '../published/recordings/files.ts';

/** Where the platform's bulk export writes: a bucket or a directory. */
export interface ExportTarget {
  put(key: string, contentType: string, bytes: Buffer): Promise<void>;
}

export interface ExportOptions {
  /** Conversations that began in it; default all. */
  readonly interval?: Interval;
  /** Also recordings with sensitive data, as a bulk job includes them; default false. */
  readonly includeSensitive?: boolean;
  /** Transcripts beside the recordings; default false. */
  readonly transcripts?: boolean;
  /** Months, days and hours with leading zeros, as some copies have them; default false. */
  readonly isPadded?: boolean;
  /** So many files without their sidecar, cut short, and encrypted with PGP: every tenth file each, from the first ten on. */
  readonly missingSidecars?: number;
  readonly truncated?: number;
  readonly pgp?: number;
}

export interface ExportSummary {
  readonly recordings: number;
  readonly bytes: number;
  /** Ids of the recordings that something is wrong with. */
  readonly missingSidecars: readonly string[];
  readonly truncated: readonly string[];
  readonly pgp: readonly string[];
}

const EXTENSIONS: Readonly<Record<string, string>> = {
  'audio/ogg': 'opus',
  'video/webm': 'webm',
  'application/zip': 'zip',
  'message/rfc822': 'eml',
  'application/json': 'json',
};
const MEDIA_TYPES = {
  call: 'Call',
  screen: 'Screen',
  chat: 'Chat',
  email: 'Email',
  message: 'Message',
} as const;
const SUBTYPES = { trunk: 'Trunk', station: 'Station', consult: 'Consult' } as const;

/**
 * Writes recordings as the platform's bulk export to S3 does: `ORG/year=/month=/day=/hour=/conversation_id=/ID.EXT`, and a sidecar
 * `ID.EXT_metadata.json` after each. Deleted and lost recordings are not exported, sensitive ones only on request.
 */
export async function writeExport(
  world: RecordingsWorld,
  target: ExportTarget,
  options: ExportOptions = {},
): Promise<ExportSummary> {
  const wrong = { missingSidecars: [] as string[], truncated: [] as string[], pgp: [] as string[] };
  let [recordings, bytes] = [0, 0];
  const { begin, end } = options.interval ?? {
    begin: Number.NEGATIVE_INFINITY,
    end: Number.POSITIVE_INFINITY,
  };
  for (const conversation of world.from(0)) {
    if (conversation.startedAt < begin || conversation.startedAt >= end) continue;
    const folder = folderOf(world, conversation, options.isPadded ?? false);
    for (const recording of conversation.recordings) {
      if (!isExported(world, recording, options)) continue;
      const file = world.file(fileId({ recordingId: recording.id, format: 'ORIGINAL', channel: 'S' }));
      if (file === undefined) continue;
      const fault = faultOf(recordings, options, wrong);
      if (fault !== undefined) wrong[fault].push(recording.id);
      const whole = await contentOf(file);
      const content =
        fault === 'truncated'
          ? whole.subarray(0, Math.floor(whole.length / 3))
          : fault === 'pgp'
            ? Buffer.concat([PGP_HEAD, whole])
            : whole;
      const key = `${folder}/${recording.id}.${EXTENSIONS[file.contentType] ?? 'bin'}`;
      await target.put(key, file.contentType, content);
      if (fault !== 'missingSidecars') {
        const sidecar = Buffer.from(JSON.stringify(describe(recording)));
        await target.put(`${key}_metadata.json`, 'application/json', sidecar);
      }
      recordings += 1;
      bytes += content.length;
      const transcript =
        options.transcripts === true && conversation.transcribed
          ? transcriptFile(world, `transcript.${conversation.id}.${recording.id}`)
          : undefined;
      if (transcript === undefined) continue;
      const name = `${conversation.id}-${customerSessionId(conversation)}.transcript.json`;
      await target.put(`${folder}/${name}`, 'application/json', await contentOf(transcript));
    }
  }
  return { recordings, bytes, ...wrong };
}

type Wrong = 'missingSidecars' | 'truncated' | 'pgp';

/** Place in every ten files. */
const FAULTY: readonly (readonly [Wrong, number])[] = [
  ['missingSidecars', 3],
  ['truncated', 5],
  ['pgp', 7],
];

function faultOf(
  file: number,
  options: ExportOptions,
  wrong: Readonly<Record<Wrong, readonly string[]>>,
): Wrong | undefined {
  return FAULTY.find(([name, at]) => file % 10 === at && wrong[name].length < (options[name] ?? 0))?.[0];
}

function isExported(world: RecordingsWorld, recording: ModelRecording, options: ExportOptions): boolean {
  const state = fileStateOf(recording, world.now());
  const isThere = state === 'AVAILABLE' || state === 'ARCHIVED' || state === 'RESTORED';
  const isMeant = !recording.sensitive || options.includeSensitive === true;
  return isThere && isMeant && isListed(recording, world.now());
}

function folderOf(
  { organizationId }: RecordingsWorld,
  { id, startedAt }: ModelRecording['conversation'],
  isPadded: boolean,
): string {
  const at = new Date(startedAt);
  const part = (name: string, value: number) => `${name}=${String(value).padStart(isPadded ? 2 : 1, '0')}`;
  return [
    organizationId,
    part('year', at.getUTCFullYear()),
    part('month', at.getUTCMonth() + 1),
    part('day', at.getUTCDate()),
    part('hour', at.getUTCHours()),
    `conversation_id=${id}`,
  ].join('/');
}

function describe(recording: ModelRecording): object {
  const { id, kind, leg, seconds, conversation } = recording;
  const { startedAt, direction, agent } = conversation;
  return {
    mediaType: MEDIA_TYPES[kind],
    ...(kind === 'call' ? { mediaSubtype: SUBTYPES[leg] } : {}),
    ...(kind === 'screen' ? { mediaSubtype: 'Screen' } : {}),
    provider: 'edge',
    userIds: [entryAt(AGENTS, agent).id],
    conversationId: conversation.id,
    recordingId: id,
    startTime: exportTime(startedAt),
    endTime: exportTime(startedAt + seconds * 1000),
    durationMs: seconds * 1000,
    initialDirection: direction,
  };
}

/** Without a colon in the offset, as the export writes times. */
function exportTime(time: number): string {
  return new Date(time).toISOString().replace('Z', '+0000');
}

async function contentOf(file: CataloguedRecording): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of file.read(0, file.bytes - 1)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** A public-key encrypted session key for RSA, RFC 9580 section 5.1: version 3, no key id. */
const PGP_HEAD = Buffer.concat([
  Buffer.from('85010c030000000000000000010800', 'hex'),
  Buffer.alloc(256, 0x5a),
]);
