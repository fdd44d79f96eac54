import { ArchiveError } from '../errors.ts';
import { listHolds, readHold, type StandingHold } from '../keep/read-holds.ts';
import {
  applyHold,
  erasedAmongHeld,
  type HoldPorts,
  placeHold,
  releaseHold,
  requireReleasable,
  unlockReleased,
} from '../keep/place-hold.ts';
import { removableAmongHeld } from '../keep/retention/removal-notes.ts';
import type { Budget } from '../clock.ts';
import { present } from '../present.ts';
import { heldKeys } from '../record/read-hold.ts';
import type { Person } from './access.ts';
import { whoIs } from './access-log.ts';
import {
  holdBody,
  holdRecordings,
  holdRecordingsQuery,
  holdShape,
  type HoldShape,
  holdsList,
  holdsQuery,
  placedHold,
  releaseBody,
} from './api-keeping-schema.ts';
import type { ConsoleArchive } from './console-archive.ts';
import { jsonAnswer } from './exchange.ts';
import { locateAll, seenAmong } from './locate.ts';
import { takePage } from './paging.ts';
import { type Call, route, type Route } from './routes/route.ts';

async function portsOf({ archive, state, budget }: Call): Promise<HoldPorts> {
  const { store, trust, signer } = archive;
  return { store, keys: trust.keys ?? new Map(), clock: state.clock, signer: await signer(budget) };
}

function shapeOf({ hold, signature, release, doubt }: StandingHold): HoldShape {
  return {
    id: hold.id,
    matter: hold.matter,
    by: hold.placedBy,
    at: hold.times.issued,
    selection: hold.selection,
    objects: hold.objects,
    signature,
    released:
      release === undefined
        ? null
        : {
            by: release.releasedBy,
            at: release.times.issued,
            ...present({ reason: release.reason }),
          },
    ...present({ reason: hold.reason, doubt }),
  };
}

interface HeldFile {
  readonly key: string;
  readonly recording: string;
  readonly channel?: string;
}

/** What a hold holds, as far as the person may know of it. */
async function* heldFiles(
  archive: ConsoleArchive,
  person: Pick<Person, 'divisions'>,
  { hold }: StandingHold,
  budget: Budget,
): AsyncGenerator<HeldFile, void, undefined> {
  for await (const keys of heldKeys(archive.store, hold, budget)) {
    const files = keys.map((key) => {
      const named = archive.layout.parse(key);
      return { key, recording: named?.recordingId ?? key, ...present({ channel: named?.channel }) };
    });
    const ids = files.map(({ recording }) => recording);
    const seen = person.divisions === '*' ? undefined : await seenAmong(archive, person, ids, budget);
    for (const file of files) if (seen === undefined || seen.has(file.recording)) yield file;
  }
}

/** Who sees a part of what a hold holds must not let all of it go. @throws `NOT_ALLOWED`. */
async function requireSeesAll({ archive, session, budget }: Call, standing: StandingHold): Promise<void> {
  if (session.divisions === '*') return;
  const seen = await countAll(heldFiles(archive, session, standing, budget));
  if (seen === standing.hold.objects) return;
  throw new ArchiveError('NOT_ALLOWED', 'the hold holds recordings of divisions that you do not see', {
    hint: 'a person who sees all divisions releases it',
  });
}

/** The name at the provider may change; who it is does not. */
function isPlacedBy({ hold }: StandingHold, { sub }: Pick<Person, 'sub'>): boolean {
  return hold.placedBy === sub || hold.placedBy.endsWith(` (${sub})`);
}

/** Runs to the end what works as it is asked. */
async function countAll(items: AsyncGenerator): Promise<number> {
  let count = 0;
  while ((await items.next()).done !== true) count += 1;
  return count;
}

export const HOLD_ROUTES: readonly Route[] = [
  route(
    {
      method: 'GET',
      path: '/api/holds',
      needs: 'hold',
      summary: 'holds, also those that were released, the newest first',
      query: holdsQuery,
      answers: [{ status: 200, shape: holdsList }],
    },
    async (call) => {
      const { archive, budget } = call;
      const items: HoldShape[] = [];
      const trust = { store: archive.store, keys: archive.trust.keys ?? new Map() };
      for await (const standing of listHolds(trust, budget)) items.push(shapeOf(standing));
      return jsonAnswer(200, { items: items.toReversed() });
    },
  ),
  route(
    {
      method: 'GET',
      path: '/api/holds/:id/recordings',
      needs: 'hold',
      summary: 'what a hold holds, of the divisions that the person sees',
      query: holdRecordingsQuery,
      answers: [{ status: 200, shape: holdRecordings }],
    },
    async ({ archive, session, params, query, budget }) => {
      const trust = { store: archive.store, keys: archive.trust.keys ?? new Map() };
      const standing = await readHold(trust, params['id'] ?? '', budget);
      return jsonAnswer(
        200,
        await takePage(heldFiles(archive, session, standing, budget), query, ({ key }) => key),
      );
    },
  ),
  route(
    {
      method: 'POST',
      path: '/api/holds',
      needs: 'hold',
      summary: 'places a hold on all files and versions of recordings',
      body: holdBody,
      answers: [{ status: 201, shape: placedHold }],
      entry: 'hold',
    },
    async (call) => {
      const { state, archive, session, body, budget } = call;
      const { matter, reason, recordings } = body;
      const located = await locateAll(archive, session, recordings, budget);
      const keys = [...new Set(located.flatMap(({ all }) => all.map(({ key }) => key)))].sort();
      const ports = await portsOf(call);
      const ids = located.map(({ recordingId }) => recordingId);
      const said = { recordings: ids, query: matter, ...present({ reason }) };
      await state.access.write(archive, session, { action: 'hold', ...said });
      const selection = `${ids.length} chosen in the console`;
      const by = whoIs(session);
      const hold = await placeHold(ports, { matter, reason, by, selection, keys }, budget);
      await countAll(applyHold(ports, hold, budget));
      // both are asked once the hold stands: what begins later sees it
      const dayOf = (key: string) => archive.layout.parse(key)?.date;
      const removable = await countAll(removableAmongHeld(ports, { hold, dayOf }, budget));
      const erased = await countAll(erasedAmongHeld(ports, hold, budget));
      const isSigned = ports.keys.size > 0 && hold.signature !== undefined;
      const signature = isSigned ? 'valid' : ports.keys.size > 0 ? 'unsigned' : 'not-asked';
      const placed = shapeOf({ hold, signature, release: undefined, doubt: undefined });
      return jsonAnswer(201, { ...placed, removable, erased });
    },
  ),
  route(
    {
      method: 'POST',
      path: '/api/holds/:id/release',
      needs: 'hold',
      summary: 'releases a hold; another person than the one who placed it',
      body: releaseBody,
      answers: [{ status: 200, shape: holdShape }],
      entry: 'release',
    },
    async (call) => {
      const { state, archive, session, params, body, budget } = call;
      const ports = await portsOf(call);
      const standing = await readHold(ports, params['id'] ?? '', budget);
      await requireSeesAll(call, standing);
      // on a laptop there is one person, and the setting decides
      const twoPersons = archive.twoPersons || session.signIn === 'provider';
      if (twoPersons && isPlacedBy(standing, session)) {
        throw new ArchiveError('HOLD_SAME_PERSON', `you placed the hold ${standing.hold.id}`, {
          hint: 'another person releases it',
        });
      }
      const { id } = standing.hold;
      const releasing = { by: whoIs(session), reason: body.reason, twoPersons };
      requireReleasable(standing, releasing);
      // one that was released before is not released again
      if (standing.release === undefined)
        await state.access.write(archive, session, { action: 'release', subject: id, reason: body.reason });
      const release = await releaseHold(ports, standing, releasing, budget);
      await countAll(unlockReleased(ports, standing.hold, budget));
      return jsonAnswer(200, shapeOf({ ...standing, release }));
    },
  ),
];
