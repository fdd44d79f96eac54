import type { CataloguedRecording } from '../catalogue.ts';
import { stableUuid } from '../catalogue.ts';
import { errorReply, jsonReply } from '../genesys-errors.ts';
import type { Reply } from '../reply.ts';
import { customerSessionId } from './analytics/describe.ts';
import { fileStateOf, isListed, type ModelConversation, type ModelRecording } from './recordings/model.ts';
import type { RecordingsWorld } from './recordings/world.ts';
import { smallFile } from './uploads.ts';

/**
 * `GET …/conversations/{conversationId}/communications/{communicationId}/transcripturls`: one file for each recording of the customer's
 * side. They go when the recording goes.
 */
export function getTranscriptUrls(
  world: RecordingsWorld,
  conversation: ModelConversation,
  communicationId: string,
): Reply {
  const { id, transcribed, transcribedAfterS, endedAt } = conversation;
  const isThere = transcribed && world.now() >= endedAt + transcribedAfterS * 1000;
  const isIts = isThere && communicationId === customerSessionId(conversation);
  const spoken = conversation.recordings.filter((recording) => hasTranscript(world, recording));
  if (!isIts || spoken.length === 0) {
    return errorReply('genesys', 404, { code: 'resource.not.found', message: 'URL is not available.' });
  }
  return jsonReply(200, {
    conversation: { id, selfUri: `/api/v2/conversations/${id}` },
    communicationId,
    urls: spoken.map((recording) => ({
      recording: { id: recording.id, selfUri: `/api/v2/conversations/${id}/recordings/${recording.id}` },
      url: world.linkTo(`transcript.${id}.${recording.id}`),
    })),
  });
}

function hasTranscript(world: RecordingsWorld, recording: ModelRecording): boolean {
  const { kind, leg } = recording;
  const now = world.now();
  return (
    kind === 'call' &&
    leg === 'trunk' &&
    isListed(recording, now) &&
    fileStateOf(recording, now) !== 'DELETED'
  );
}

const PHRASES = [
  ['internal', 'Good morning, how can I help you?'],
  ['external', 'I have a question about my contract.'],
  ['internal', 'May I have the number of your account, please?'],
  ['external', 'It is on the letter that you sent me.'],
] as const;

/** The file behind a transcript's link. */
export function transcriptFile(world: RecordingsWorld, fileId: string): CataloguedRecording | undefined {
  const [, conversationId = '', recordingId = ''] = /^transcript\.([^.]+)\.([^.]+)$/.exec(fileId) ?? [];
  const recording = world.recording(conversationId, recordingId);
  if (recording === undefined || !hasTranscript(world, recording)) return undefined;
  const { conversation, seconds } = recording;
  const spacing = (seconds * 1000) / PHRASES.length;
  const phrases = PHRASES.map(([participantPurpose, text], phraseIndex) => ({
    text,
    decoratedText: text,
    stability: 1,
    confidence: 0.94,
    startTimeMs: Math.floor(phraseIndex * spacing),
    duration: { milliseconds: Math.floor(spacing * 0.9) },
    words: [],
    decoratedWords: [],
    alternatives: [],
    participantPurpose,
    phraseIndex,
  }));
  const duration = { milliseconds: seconds * 1000 };
  return smallFile(
    fileId,
    'application/json',
    JSON.stringify({
      organizationId: world.organizationId,
      conversationId,
      communicationId: customerSessionId(conversation),
      recordingId,
      mediaType: 'call',
      conversationStartTime: conversation.startedAt,
      startTime: conversation.startedAt,
      duration,
      participants: conversation.participants.map(({ id, purpose }) => ({
        participantPurpose: purpose === 'customer' ? 'external' : 'internal',
        participantId: id,
      })),
      transcripts: [
        {
          transcriptId: stableUuid(`${recordingId}/transcript`),
          language: 'en-us',
          programId: stableUuid('program'),
          engineId: stableUuid('engine'),
          engineProvider: 'GENESYS',
          startTime: conversation.startedAt,
          duration,
          phrases,
          analytics: {},
        },
      ],
      uri: `/${conversationId}/${recordingId}`,
    }),
  );
}
