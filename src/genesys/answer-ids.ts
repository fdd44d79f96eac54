import { ArchiveError } from '../errors.ts';
import { isSameId } from '../recording/id.ts';
import type { ApiAnswer } from './api-client.ts';
import { readField } from './responses.ts';

/** What an answer was asked about. */
export interface Asked {
  readonly conversationId?: string | undefined;
  readonly recordingId?: string | undefined;
  readonly organizationId?: string | undefined;
}

/** Names under which either dialect states an id; an object of the same name states it as its `id`. */
const ID_FIELDS: readonly (readonly [keyof Asked, readonly string[], readonly string[]])[] = [
  ['conversationId', ['conversationId', 'interactionId'], ['conversation', 'interaction']],
  ['recordingId', ['recordingId', 'mediaId'], ['recording', 'media']],
  ['organizationId', ['organizationId', 'orgId'], ['organization', 'org']],
];

/** Members that belong to the answer itself; the others are about users, queues and messages. */
const PARTS = ['conversation', 'interaction', 'recording', 'media', 'mediaUris', 'annotations', 'results'];

/** Levels of {@link PARTS} in each other that are looked at. */
const MAX_PARTS_DEPTH = 3;

/** Members of one part that are looked at. */
const MAX_PART_MEMBERS = 1_000;

/**
 * The name of the first id in `value` that is not the one asked about; `undefined` when all that are stated are. Ids that are absent
 * or `null` state nothing. Pure.
 *
 * @param own which of the ids is the `id` of `value` itself.
 */
export function findForeignId(value: unknown, asked: Asked, own?: keyof Asked): string | undefined {
  if (own !== undefined && contradicts(readField(value, 'id'), asked[own])) return 'id';
  return findWithin(value, asked, MAX_PARTS_DEPTH);
}

function findWithin(value: unknown, asked: Asked, depth: number): string | undefined {
  for (const [of, names, objects] of ID_FIELDS) {
    const { [of]: wanted } = asked;
    const name = names.find((one) => contradicts(readField(value, one), wanted));
    if (name !== undefined) return name;
    const object = objects.find((one) => contradicts(readField(readField(value, one), 'id'), wanted));
    if (object !== undefined) return `${object}.id`;
  }
  if (depth === 0) return undefined;
  for (const name of PARTS) {
    const part = readField(value, name);
    if (typeof part !== 'object' || part === null) continue;
    const members = [part, ...Object.values(part).slice(0, MAX_PART_MEMBERS)];
    for (const member of members) {
      const found = findWithin(member, asked, depth - 1);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

function contradicts(stated: unknown, wanted: string | undefined): boolean {
  return wanted !== undefined && stated !== undefined && stated !== null && !isSameId(stated, wanted);
}

/** @throws `GENESYS_BAD_RESPONSE` (retryable) when an id of the answer is not the one asked about. */
export function requireSameIds(
  what: string,
  answer: Pick<ApiAnswer, 'status' | 'correlationId'>,
  value: unknown,
  asked: Asked & { readonly own?: keyof Asked },
): void {
  const name = findForeignId(value, asked, asked.own);
  if (name !== undefined) throw foreignAnswer(what, answer, name);
}

/** The error for an answer about something else: which id, never its value. */
export function foreignAnswer(
  what: string,
  { status, correlationId }: Pick<ApiAnswer, 'status' | 'correlationId'>,
  name: string,
): ArchiveError {
  const hint = name.startsWith('org')
    ? { hint: 'check GENESYS_ORGANIZATION_ID and GENESYS_ENVIRONMENT' }
    : {};
  return new ArchiveError('GENESYS_BAD_RESPONSE', `${what}: the answer is about something else (${name})`, {
    details: { status, correlationId },
    ...hint,
  });
}
