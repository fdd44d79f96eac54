/** Whether two names are of the same recording. */
import type { ObjectStat } from '../ports.ts';
import { isSameId } from '../recording/id.ts';
import { isSameRecording } from './identity.ts';
import type { Receipt } from './receipt/schema.ts';

type Ids = Receipt['ids'];

/** Reports whether two statements are about the same file of the same recording of the same organization. */
export function isOfSameFile(one: Ids, other: Ids): boolean {
  const isSame = (a: string | undefined, b: string | undefined) =>
    a === undefined || b === undefined ? a === b : isSameId(a, b);
  return (
    isSameId(one.recording, other.recording) &&
    isSameId(one.conversation, other.conversation) &&
    one.channel === other.channel &&
    isSame(one.organization, other.organization)
  );
}

/** Reports whether `gca-idem` of an object is that of the recording, written in any letter case; true for an object that has none. */
export function isIdempotencyKeyOf(
  { metadata }: Pick<ObjectStat, 'metadata'>,
  { recording, conversation, channel }: Ids,
): boolean {
  const ids = { recordingId: recording, conversationId: conversation };
  const named = channel === undefined ? ids : { ...ids, channel };
  return metadata['gca-idem'] === undefined || isSameRecording({ metadata }, named);
}
