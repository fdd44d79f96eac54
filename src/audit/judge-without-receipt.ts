/** An object without its receipt, by what its own metadata say. */
import type { ObjectStat, RecordingIds } from '../ports.ts';
import { present } from '../present.ts';
import { identifyKey } from '../record/layout.ts';
import { isIdempotencyKeyOf } from '../record/same-recording.ts';
import { checkMark, MARK } from '../record/writer-mark.ts';
import { type Finding, finding } from './compare-with-receipt.ts';
import type { ReceiptTrust } from './examine/ports.ts';

/** Reports whether a recording has to have a receipt. */
function needsReceipt({ metadata }: Pick<ObjectStat, 'metadata'>, keys: ReceiptTrust['keys']): boolean {
  return (keys?.size ?? 0) > 0 || metadata['gca-v'] !== undefined;
}

/** An object alone: what its own metadata tell of it. */
export function judgeWithoutReceipt(stat: ObjectStat, trust: ReceiptTrust): Finding[] {
  const { key } = stat;
  const findings: Finding[] = [];
  const ids = idsOfContext(stat);
  if (ids !== undefined && !isIdempotencyKeyOf(stat, asStated(ids))) {
    findings.push(
      finding('swapped', key, 'the object is that of another recording than its key names', {
        code: 'CONTEXT_MISMATCH',
      }),
    );
  }
  if (!needsReceipt(stat, trust.keys)) return findings;
  findings.push(finding('missing-receipt', key));
  if (!isMarked(stat, ids, trust)) findings.push(finding('unproven', key));
  return findings;
}

const asStated = ({ recordingId, conversationId, channel }: RecordingIds) => ({
  recording: recordingId,
  conversation: conversationId,
  ...present({ channel }),
});

/** Who the object is, where its encryption context names the conversation: no other object is accepted without a receipt. */
function idsOfContext({ key, metadata }: ObjectStat): RecordingIds | undefined {
  const named = identifyKey(key);
  const conversationId = readContext(metadata['x-amz-t'] ?? metadata['x-amz-matdesc'])['conversation-id'];
  if (named === undefined || typeof conversationId !== 'string') return undefined;
  const { recordingId, channel } = named;
  return { recordingId, conversationId, ...present({ channel }) };
}

function readContext(text: string | undefined): Readonly<Record<string, unknown>> {
  try {
    const parsed: unknown = JSON.parse(text ?? '{}');
    return typeof parsed === 'object' && parsed !== null ? { ...parsed } : {};
  } catch {
    return {};
  }
}

/**
 * Reports whether a mark says that a writer of this archive stored the object. The mark binds the conversation: where that is not known, all
 * that can be told is whether there is a mark that names a known key, and a redelivery finds out the rest.
 */
function isMarked(
  { key, metadata }: ObjectStat,
  ids: RecordingIds | undefined,
  { keys, organizationId }: ReceiptTrust,
): boolean {
  if (keys === undefined || keys.size === 0) return metadata[MARK] !== undefined;
  const known = ids ?? { recordingId: '', conversationId: '' };
  const stated = readContext(metadata['x-amz-t'] ?? metadata['x-amz-matdesc'])[
    'genesys-cloud-organization-id'
  ];
  const organizations = [organizationId, typeof stated === 'string' ? stated : undefined, undefined];
  const verdicts = new Set(
    organizations.map((organization) =>
      checkMark({ kind: 'media', key, ids: known, organizationId: organization, metadata }, keys),
    ),
  );
  return verdicts.has('valid') || (ids === undefined && verdicts.has('invalid'));
}
