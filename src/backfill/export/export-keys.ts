import { isSafeId } from '../../recording/id.ts';
import { isPlausibleTime } from '../../recording/time.ts';
import { SIDECAR_SUFFIX } from '../../record/genesys-export.ts';

/*
 * Keys of the platform's own export to S3. Months, days and hours are written without leading zeros, and with them by those who have
 * copied an export; what stands before the partitions is the organization, or what a copy has put there.
 */

/** What the key of a recording says. */
export interface ExportedName {
  readonly conversationId: string;
  readonly recordingId: string;
  /** Without a dot, in lower case. */
  readonly extension: string;
  /** Epoch ms of the hour in which the conversation began, UTC. */
  readonly hour: number;
}

export type ExportedKey =
  | { readonly kind: 'recording'; readonly name: ExportedName }
  | { readonly kind: 'sidecar'; readonly of: string }
  | { readonly kind: 'transcript' }
  | { readonly kind: 'other' };

const KEY =
  /(?:^|\/)year=(\d{4})\/month=(\d{1,2})\/day=(\d{1,2})\/hour=(\d{1,2})\/conversation_id=([^/]+)\/([^/]+)$/;

/** What stands under a key of an export. Pure. */
export function readExportKey(key: string): ExportedKey {
  const [, year, month, day, hour, conversationId, file = ''] = KEY.exec(key) ?? [];
  if (conversationId === undefined) return { kind: 'other' };
  if (file.endsWith(SIDECAR_SUFFIX)) return { kind: 'sidecar', of: key.slice(0, -SIDECAR_SUFFIX.length) };
  if (file.endsWith('.transcript.json')) return { kind: 'transcript' };
  const [, recordingId, extension] = /^(.+)\.([A-Za-z0-9]{1,8})$/.exec(file) ?? [];
  const at = Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour));
  // 30 February would be another day
  const read = new Date(at);
  const isDay = read.getUTCDate() === Number(day) && read.getUTCMonth() === Number(month) - 1;
  const isTime = isDay && Number(hour) < 24 && isPlausibleTime(at);
  if (!isSafeId(conversationId) || !isSafeId(recordingId) || !isTime) return { kind: 'other' };
  return {
    kind: 'recording',
    name: { conversationId, recordingId, extension: (extension ?? '').toLowerCase(), hour: at },
  };
}
