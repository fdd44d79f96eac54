import { type AudioFormat, RECORDING_KINDS, type RecordingKind } from '../../recording/facts.ts';
import type { WriteBack } from '../../recording/write-back.ts';
import type { SettingValues } from '../schema.ts';
import type { Problem } from '../sources.ts';

export interface TranscriptsConfig {
  /** ms after the end of a conversation for which a transcript may still come. */
  readonly waitMs: number;
  /** In (0, 1], of what the process may use. */
  readonly share: number;
}

/** What archiving by the published API needs to know besides its addresses. */
export interface RecordingsConfig {
  readonly format: AudioFormat;
  readonly kinds: readonly RecordingKind[];
  readonly settleMs: number;
  readonly horizonMs: number;
  readonly restoreArchived: boolean;
  readonly batch: boolean;
  /** Keeps the context of the conversation beside each recording. */
  readonly context: boolean;
  /** Keeps the transcript beside each recording; `undefined`: transcripts are not asked for. */
  readonly transcripts: TranscriptsConfig | undefined;
  readonly writeBack: WriteBack;
  /** Set whenever `writeBack` is `custom-attributes`. */
  readonly customAttributesSchema: string | undefined;
}

/** What has a default gets it here. */
export function buildRecordings(values: SettingValues): RecordingsConfig {
  const { ARCHIVE_WRITE_BACK: writeBack = 'none' } = values;
  return {
    format: values.GENESYS_FORMAT ?? 'WAV',
    kinds: values.ARCHIVE_KINDS ?? RECORDING_KINDS,
    settleMs: values.ARCHIVE_SETTLE ?? 15 * 60_000,
    horizonMs: values.ARCHIVE_READY_HORIZON ?? 2 * 3_600_000,
    restoreArchived: values.ARCHIVE_RESTORE_ARCHIVED ?? false,
    batch: values.GENESYS_BATCH ?? false,
    context: values.ARCHIVE_CONTEXT ?? false,
    transcripts: values.ARCHIVE_TRANSCRIPTS === true ? buildTranscripts(values) : undefined,
    writeBack: writeBack === 'interaction' ? 'none' : writeBack,
    customAttributesSchema: values.ARCHIVE_CUSTOM_ATTRIBUTES_SCHEMA,
  };
}

function buildTranscripts(values: SettingValues): TranscriptsConfig {
  return {
    waitMs: values.ARCHIVE_TRANSCRIPTS_WAIT ?? 30 * 60_000,
    share: values.ARCHIVE_TRANSCRIPTS_SHARE ?? 1 / 5,
  };
}

export function findSchemaProblems(values: SettingValues, invalid: ReadonlySet<string>): Problem[] {
  const name = 'ARCHIVE_CUSTOM_ATTRIBUTES_SCHEMA';
  if (values.ARCHIVE_WRITE_BACK !== 'custom-attributes' || invalid.has(name)) return [];
  return values[name] === undefined
    ? [{ name, text: 'is missing; ARCHIVE_WRITE_BACK=custom-attributes needs it' }]
    : [];
}
