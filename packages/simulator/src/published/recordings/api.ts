import { stableUuid } from '../../catalogue.ts';
import { errorReply, jsonReply } from '../../genesys-errors.ts';
import { type FileName, FORMATS } from './files.ts';
import { fileStateOf, isText, type ModelConversation, type ModelRecording, requestFile } from './model.ts';
import type { RecordingsWorld } from './world.ts';
import { type Reply, textReply } from '../../reply.ts';
import type { Call } from '../../service.ts';
import { present } from '../../present.ts';

/** The platform's calls about the recordings of one conversation. */

export function listMetadata(world: RecordingsWorld, conversation: ModelConversation): Reply {
  return jsonReply(
    200,
    listed(world, conversation).map((recording) => describeRecording(world, recording, 'metadata')),
  );
}

export function getMetadata(world: RecordingsWorld, recording: ModelRecording): Reply {
  return jsonReply(200, describeRecording(world, recording, 'metadata'));
}

export function listAnnotations({ annotations }: ModelRecording): Reply {
  return jsonReply(200, annotations);
}

export function listRecordings(world: RecordingsWorld, conversation: ModelConversation, call: Call): Reply {
  const format = readFormat(call, 'formatId', 'WEBM');
  if (format === undefined) return badFormat('formatId');
  const all = listed(world, conversation).map((recording) => withFiles(world, recording, format, false));
  // one that is still being made holds back all others, and says nothing about itself
  return all.some(({ transcodingMs }) => transcodingMs !== undefined)
    ? textReply(202, 'application/json', '')
    : jsonReply(
        200,
        all.map(({ body }) => body),
      );
}

export function getRecording(world: RecordingsWorld, recording: ModelRecording, call: Call): Reply {
  const { kind } = recording;
  const format = readFormat(call, 'formatId', 'WEBM');
  if (format === undefined) return badFormat('formatId');
  for (const [name, allowed] of [
    ['emailFormatId', ['EML', 'NONE']],
    ['chatFormatId', ['ZIP', 'NONE']],
    ['messageFormatId', ['ZIP', 'NONE']],
  ] as const) {
    const given = call.query.get(name);
    if (given !== null && !allowed.some((one) => one === given)) return badFormat(name);
  }
  const { body, transcodingMs } = withFiles(world, recording, format, call.query.get('download') === 'true');
  if (transcodingMs === undefined) {
    world.record(recording, 'Download', call);
    return jsonReply(200, body);
  }
  return jsonReply(202, { ...body, ...(isText(kind) ? {} : { estimatedTranscodeTimeMs: transcodingMs }) });
}

/** Archive and delete dates; of an archived recording the archive date says how long it is available again. */
export function putRecording(world: RecordingsWorld, recording: ModelRecording, call: Call): Reply {
  const given = readObject(call.body);
  const now = world.now();
  if (given === undefined) return invalidJson();
  const state = fileStateOf(recording, now);
  if (state === 'DELETED' || state === 'UPLOADING') {
    return errorReply('genesys', 400, {
      code: 'recording.not.archivable',
      message: 'The recording is deleted or is still uploading.',
    });
  }
  const archiveDate = readDate(given['archiveDate']);
  const deleteDate = readDate(given['deleteDate']);
  if (archiveDate === 'invalid' || deleteDate === 'invalid') return invalidJson();
  const restores = state === 'ARCHIVED' && archiveDate !== undefined && archiveDate > now;
  if (restores && !world.has('recording:recording:restore')) {
    return refuseRetention('restore', 'recording:recording:restore');
  }
  const iso = (date: number | undefined) => (date === undefined ? undefined : new Date(date).toISOString());
  // what is left out is taken away
  const isSameDate = recording.deleteDate === iso(deleteDate);
  if ((!restores || !isSameDate) && !world.has('recording:recording:editRetention')) {
    return refuseRetention('edit.retention', 'recording:recording:editRetention');
  }
  recording.deleteDate = world.behaviour.deleteDateIsDay ? dayOf(iso(deleteDate)) : iso(deleteDate);
  if (recording.fate !== 'archived' && state !== 'ARCHIVED') recording.archiveDate = iso(archiveDate);
  world.record(recording, restores ? 'RestoreRequest' : 'UpdateRetention', call);
  if (restores) recording.restore = { requestedAt: now, until: archiveDate };
  return jsonReply(200, describeRecording(world, recording, 'recording'));
}

const dayOf = (date: string | undefined) =>
  date === undefined ? undefined : `${date.slice(0, 10)}T00:00:00.000Z`;

function refuseRetention(what: string, permission: string): Reply {
  return errorReply('genesys', 403, {
    code: `recording.recording.${what}.permission.check.failed`,
    message: missing(permission),
  });
}

/** Characters of a description; longer ones are refused. */
const MAX_DESCRIPTION_CHARS = 500;

export function postAnnotation(recording: ModelRecording, call: Call): Reply {
  const given = readObject(call.body);
  const type = given?.['type'];
  if (given === undefined || typeof type !== 'string') return invalidJson();
  const description = typeof given['description'] === 'string' ? given['description'] : '';
  if (description.length > MAX_DESCRIPTION_CHARS) {
    return errorReply('genesys', 400, {
      code: 'recording.annotation.description.too.long',
      message: `The annotation description is too long. Max length is ${MAX_DESCRIPTION_CHARS}.`,
    });
  }
  const annotation = {
    id: stableUuid(`${recording.id}/annotation/${recording.annotations.length}`),
    type,
    location: Number(given['location'] ?? 0),
    durationMs: Number(given['durationMs'] ?? 0),
    description,
  };
  recording.annotations.push(annotation);
  return jsonReply(200, annotation);
}

function listed(world: RecordingsWorld, conversation: ModelConversation): readonly ModelRecording[] {
  return conversation.recordings.filter((recording) => world.shows(recording));
}

const SUBTYPES = { trunk: 'Trunk', station: 'Station', consult: 'Consult' } as const;
const MEDIA = { call: 'audio', screen: 'screen', chat: 'chat', email: 'email', message: 'message' } as const;

/** `Recording` and its subset `RecordingMetadata`, which knows neither files nor, but for screens, times. */
function describeRecording(
  world: RecordingsWorld,
  recording: ModelRecording,
  as: 'metadata' | 'recording',
): Record<string, unknown> {
  const { conversation, kind, leg, restore, fate, archiveDate, deleteDate, exportedDate } = recording;
  const state = fileStateOf(recording, world.now());
  const startTime = new Date(conversation.startedAt).toISOString();
  const endTime = new Date(conversation.endedAt).toISOString();
  const timed = as === 'recording' || kind === 'screen';
  const playable = state === 'AVAILABLE' || state === 'RESTORED';
  return {
    id: recording.id,
    conversationId: conversation.id,
    ...(timed && playable ? { startTime, endTime } : {}),
    media: as === 'recording' && kind === 'message' ? 'messaging' : MEDIA[kind],
    ...(kind === 'call' ? { mediaSubtype: SUBTYPES[leg] } : {}),
    ...(kind === 'screen' ? { mediaSubtype: 'Screen' } : {}),
    annotations: state === 'AVAILABLE' ? annotationsOf(recording, as) : [],
    fileState: state,
    ...present({ archiveDate }),
    ...(fate === 'archived' ? { archiveDate: endTime } : {}),
    ...(fate === 'archived' || state === 'ARCHIVED' ? { archiveMedium: 'CLOUDARCHIVE' } : {}),
    ...present({
      exportedDate,
      restoreExpirationTime: restore === undefined ? undefined : new Date(restore.until).toISOString(),
      deleteDate,
    }),
    ...(as === 'metadata'
      ? { region: recording.region }
      : { creationTime: startTime, recordingFileRole: 'CUSTOMER_EXPERIENCE', ...transcript(recording) }),
    ...(playable ? { sessionId: stableUuid(`${recording.id}/session`) } : {}),
    selfUri: `/api/v2/conversations/${conversation.id}/recordings/${recording.id}`,
  };
}

/** Metadata know none that the system made. */
function annotationsOf({ annotations }: ModelRecording, as: 'metadata' | 'recording') {
  return as === 'recording' ? annotations : annotations.filter(({ reason }) => reason === undefined);
}

function transcript({ kind, conversation }: ModelRecording): Record<string, unknown> {
  const time = new Date(conversation.startedAt).toISOString();
  if (kind === 'chat') return { transcript: [{ body: 'Hello.', utc: time }] };
  if (kind === 'email') return { emailTranscript: [{ subject: 'Simulated', textBody: 'Hello,', time }] };
  if (kind === 'message') return { messagingTranscript: [{ messageText: 'Hello.', timestamp: time }] };
  return {};
}

function withFiles(
  world: RecordingsWorld,
  recording: ModelRecording,
  format: FileName['format'],
  download: boolean,
): { readonly body: Record<string, unknown>; readonly transcodingMs: number | undefined } {
  const base = describeRecording(world, recording, 'recording');
  const readiness = requestFile(recording, `${format}/${download}`, world.now());
  if (!readiness.ready) {
    const { transcodingMs } = readiness;
    return { body: { ...base, mediaUris: {} }, transcodingMs };
  }
  const separate = recording.perChannel || (!download && recording.kind === 'call');
  const channels = separate
    ? Array.from({ length: recording.channels }, (_, channel) => String(channel))
    : ['S'];
  const files = channels.map((channel) => {
    const mediaUri = world.link({
      recordingId: recording.id,
      format,
      channel,
      redacted: world.redacts(recording),
    });
    return [channel, { mediaUri, waveformData: [] }] as const;
  });
  const first = world.file(`${recording.id}.${format}.${channels[0] ?? 'S'}`);

  return {
    body: {
      ...base,
      mediaUris: Object.fromEntries(files),
      actualTranscodeTimeMs: recording.transcodingS * 1000,
      ...(isText(recording.kind) ? {} : { outputDurationMs: recording.seconds * 1000 }),
      outputSizeInBytes: first?.bytes ?? 0,
    },
    transcodingMs: undefined,
  };
}

function readFormat(call: Call, name: string, fallback: FileName['format']): FileName['format'] | undefined {
  const given = call.query.get(name) ?? fallback;
  return FORMATS.find((format) => format === given);
}

function badFormat(name: string): Reply {
  return errorReply('genesys', 400, { code: 'bad.request', message: `The value of ${name} is not valid.` });
}

export function missing(...permissions: readonly string[]): string {
  const list = permissions.join(', ');
  return `Unable to perform the requested action. You are missing the following permission(s): ${list}`;
}

export function invalidJson(): Reply {
  return errorReply('genesys', 400, { code: 'recording.invalid.json', message: 'Invalid JSON body.' });
}

export function readObject(body: string): Record<string, unknown> | undefined {
  try {
    const parsed: unknown = JSON.parse(body);
    return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)
      ? (parsed as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

function readDate(value: unknown): number | undefined | 'invalid' {
  if (value === undefined || value === null) return undefined;
  const at = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isFinite(at) ? at : 'invalid';
}
