import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { makeWav } from './make-wav.ts';

export const ORGANIZATION = '0c2f9a6e-52a4-4a8b-9c55-1f3f6a1a9b77';

export interface ExportedFile {
  readonly conversationId: string;
  readonly recordingId: string;
  /** Epoch ms of the recording; the partitions are those of its hour. */
  readonly startedAt: number;
  readonly body?: Buffer;
  readonly extension?: string;
  /** `undefined`: a sound one. `null`: none. */
  readonly sidecar?: string | null;
  readonly durationMs?: number;
  /** Partitions with leading zeros, as tools that copy exports write them. */
  readonly padded?: boolean;
}

/** Writes files as the platform's export does, and returns their names within it. */
export async function writeExport(dir: string, files: readonly ExportedFile[]): Promise<string[]> {
  const names: string[] = [];
  for (const file of files) {
    const { conversationId, recordingId, startedAt, extension = 'wav', durationMs = 1_000, padded } = file;
    const at = new Date(startedAt);
    const part = (value: number) => (padded === true ? String(value).padStart(2, '0') : String(value));
    const name = [
      ORGANIZATION,
      `year=${at.getUTCFullYear()}`,
      `month=${part(at.getUTCMonth() + 1)}`,
      `day=${part(at.getUTCDate())}`,
      `hour=${part(at.getUTCHours())}`,
      `conversation_id=${conversationId}`,
      `${recordingId}.${extension}`,
    ].join('/');
    await mkdir(join(dir, dirname(name)), { recursive: true });
    await writeFile(join(dir, name), file.body ?? makeWav(durationMs));
    const sound = JSON.stringify({
      mediaType: 'Call',
      mediaSubtype: 'Trunk',
      provider: 'edge',
      userIds: ['user-1'],
      conversationId,
      recordingId,
      startTime: at.toISOString().replace('Z', '+0000'),
      endTime: new Date(startedAt + durationMs).toISOString().replace('Z', '+0000'),
      durationMs,
      initialDirection: 'inbound',
    });
    if (file.sidecar !== null) await writeFile(join(dir, `${name}_metadata.json`), file.sidecar ?? sound);
    names.push(name);
  }
  return names;
}
