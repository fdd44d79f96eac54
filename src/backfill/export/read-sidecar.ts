import { ArchiveError } from '../../errors.ts';
import { parseForeignJson, readField } from '../../json.ts';
import type { RecordingKind } from '../../recording/facts.ts';
import { isSameId } from '../../recording/id.ts';
import { parseRecordingTime } from '../../recording/time.ts';
import type { ExportedName } from './export-keys.ts';

/** What the platform's export says of a file beside it. */
export interface Sidecar {
  readonly kind: RecordingKind;
  readonly subtype?: string;
  readonly provider?: string;
  readonly direction?: string;
  /** Epoch ms of the recording. */
  readonly startedAt?: number;
  readonly endedAt?: number;
  readonly durationMs?: number;
}

const KINDS: Readonly<Record<string, RecordingKind>> = {
  call: 'call',
  callback: 'call',
  chat: 'chat',
  email: 'email',
  message: 'message',
  screen: 'screen',
};

/**
 * Reads a `_metadata.json`. Its full schema is not published: what is known is read, and what contradicts the file's own name refused.
 *
 * @param file names it in messages.
 * @throws `EXPORT_MALFORMED`.
 */
export function readSidecar(file: string, text: string, name: ExportedName): Sidecar {
  const value = parseForeignJson(text.replace(/^\uFEFF/, ''));
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ArchiveError('EXPORT_MALFORMED', `the sidecar of ${file} is not a JSON object`);
  }
  for (const id of ['conversationId', 'recordingId'] as const) {
    const stated = readField(value, id) ?? undefined;
    if (stated !== undefined && !isSameId(stated, name[id])) {
      throw new ArchiveError('EXPORT_MALFORMED', `the sidecar of ${file} is about something else (${id})`);
    }
  }
  const subtype = word(readField(value, 'mediaSubtype'));
  const stated = word(readField(value, 'mediaType'))?.toLowerCase() ?? '';
  const kind = subtype?.toLowerCase() === 'screen' ? 'screen' : (KINDS[stated] ?? 'call');
  const durationMs = readField(value, 'durationMs');
  const known = {
    subtype,
    provider: word(readField(value, 'provider')),
    direction: word(readField(value, 'initialDirection')),
    startedAt: parseRecordingTime(readField(value, 'startTime')),
    endedAt: parseRecordingTime(readField(value, 'endTime')),
    durationMs: typeof durationMs === 'number' && durationMs >= 0 ? durationMs : undefined,
  };
  return { kind, ...Object.fromEntries(Object.entries(known).filter(([, one]) => one !== undefined)) };
}

function word(value: unknown): string | undefined {
  return typeof value === 'string' && /^[A-Za-z][A-Za-z0-9 _-]{0,39}$/.test(value) ? value : undefined;
}
