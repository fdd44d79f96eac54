/** What the platform says of recordings and conversations, as far as the names of objects or a sidecar need it. */

export const RECORDING_KINDS = ['call', 'screen', 'chat', 'email', 'message'] as const;
export type RecordingKind = (typeof RECORDING_KINDS)[number];

/** Formats the platform makes of audio. `NONE` is left out: what it gives is not documented. */
export const AUDIO_FORMATS = ['WAV', 'WAV_ULAW', 'WEBM', 'OGG_OPUS', 'OGG_VORBIS', 'MP3'] as const;
export type AudioFormat = (typeof AUDIO_FORMATS)[number];

/** Of one file. */
export interface FileFacts {
  readonly kind: RecordingKind;
  /** e.g. `Trunk`. */
  readonly subtype?: string;
  /** Of the format the file is asked for in, without a dot, e.g. `wav`: 1 to 8 of `[a-z0-9]`. */
  readonly extension: string;
  /** Epoch ms at which the recording ended. */
  readonly endedAt?: number;
}

/** Of the conversation a file is of; asked for only where the layout needs it. */
export interface ConversationFacts {
  /** Epoch ms. It never changes, so that a key may be made of it. */
  readonly startedAt: number;
  /** Of its first session, e.g. `Edge`. */
  readonly provider?: string;
  /** `inbound` or `outbound`. */
  readonly direction?: string;
}
