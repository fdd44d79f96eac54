/** What a scenario states of conversations and their recordings. */

/** What happens to one recording of the published dialect. Times are seconds after the conversation's end. */
export interface ScriptedRecording {
  readonly id?: string;
  /** Default `call`. */
  readonly kind?: RecordingKind;
  /** Of a call; default `trunk`. */
  readonly leg?: 'trunk' | 'station' | 'consult';
  /** Of a call; default 2. */
  readonly channels?: 1 | 2;
  /** Default 5. */
  readonly seconds?: number;
  /** When it is listed; default 0. */
  readonly listedAfterS?: number;
  /** Until then its state is UPLOADING; default 0. */
  readonly uploadedAfterS?: number;
  /** Until then it is AVAILABLE, but without files, as archived and freshly uploaded ones have been seen; default 0. */
  readonly stubUntilS?: number;
  /** How long it takes to make a file of a format, from the first request for it; default 3. Text takes no time. */
  readonly transcodingS?: number;
  /** What becomes of it; default `available`. */
  readonly fate?: 'available' | 'archived' | 'deleted' | 'error';
  /** How long it takes to bring it back from the archive; default 4 hours. */
  readonly restoringS?: number;
  /** One file per channel (`0`, `1`) even where one file (`S`) was asked for; default false. */
  readonly perChannel?: boolean;
  /** Batch downloads leave it out for clients without `recording:recording:viewSensitiveData`; default false. */
  readonly sensitive?: boolean;
  /** Batch downloads give its text as JSON, with that content type, instead of ZIP or EML; default false. */
  readonly jsonText?: boolean;
  /** AWS region the file is kept in, as its metadata state it; default `us-east-1`. */
  readonly region?: string;
  /** What a batch download does with it besides what `sensitive` and `fate` say; default `delivered`. */
  readonly batch?: BatchOutcome;
  /** The platform deletes it so long after the conversation's end, unless it is protected; default never. */
  readonly deletedAfterS?: number | undefined;
  /** Of the file in its original format, sound only; default 4000. */
  readonly bytesPerSecond?: number;
  /** Annotations that it has from the beginning: `Hold`, `Pause`, `SecurePause`, or another type such as `pii`; default none. */
  readonly annotated?: readonly string[];
}

/** `omitted`: without a word. `error`: with an `errorMsg`, though the recording is there. */
export type BatchOutcome = 'delivered' | 'omitted' | 'error';

export const RECORDING_KINDS = ['call', 'screen', 'chat', 'email', 'message'] as const;
export type RecordingKind = (typeof RECORDING_KINDS)[number];

export interface ScriptedConversation {
  readonly id?: string;
  /** Epoch ms of its end; default the simulator's time when it is added. */
  readonly endedAt?: number;
  /** Seconds it lasted; default 60. */
  readonly lastedS?: number;
  /** Default none: conversations that are not recorded exist. */
  readonly recordings?: readonly ScriptedRecording[];
  /** In a division that the OAuth client has no role in; default false. */
  readonly otherDivision?: boolean;
  /** Epoch ms before which the platform shows neither the conversation in analytics nor its recordings; default none. */
  readonly arrivesAt?: number | undefined;
  /** Seconds that the data lake, which details jobs read, is behind for this one, besides the general delay; default 0. */
  readonly lakeLateS?: number;
  /** It goes on: analytics show no end of it; default false. */
  readonly ongoing?: boolean;
  /** The platform sends no event of it; default false. */
  readonly unannounced?: boolean;
  /** Of the customer; default none. */
  readonly attributes?: Readonly<Record<string, string>>;
  readonly direction?: 'inbound' | 'outbound';
  /** Phone number or e-mail address of the customer. */
  readonly customer?: string;
  readonly customerName?: string;
  /** Places in the directory's lists; default 0. */
  readonly queue?: number;
  readonly agent?: number;
  readonly division?: number;
  readonly wrapUp?: number;
  readonly wrapUpNote?: string | undefined;
  /** Speech and text analytics has a transcript of it. Default false. */
  readonly transcribed?: boolean;
  /** Seconds after its end before which the transcript is not there; default 0. */
  readonly transcribedAfterS?: number;
  /** Accepts attributes and forgets them, as happens once the participant is gone; default false. */
  readonly forgetsAttributes?: boolean;
}
