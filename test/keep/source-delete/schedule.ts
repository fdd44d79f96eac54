/** One schedule of what deletes at the source: plans, runs that are killed and race, holds, protection, damage, faults, days that pass. */
import { createHash } from 'node:crypto';
import type { ScriptedRecording } from '../../../packages/simulator/src/published/recordings/scripted.ts';
import { RecordingsWorld } from '../../../packages/simulator/src/published/recordings/world.ts';
import { type Clock, unlimited } from '../../../src/clock.ts';
import { ArchiveError } from '../../../src/errors.ts';
import type { ApiRequest } from '../../../src/genesys/api-client.ts';
import { createSourceKeeper } from '../../../src/genesys/recordings/source-keeper.ts';
import { placeHold, releaseHold } from '../../../src/keep/place-hold.ts';
import { heldAmong, readHold } from '../../../src/keep/read-holds.ts';
import {
  followDeletion,
  isPending,
  listSourceDeletions,
  takeBack,
} from '../../../src/keep/source-delete/follow-up.ts';
import { inspectCopy, type InspectPorts } from '../../../src/keep/source-delete/inspect-copy.ts';
import { markRecordings } from '../../../src/keep/source-delete/mark-recordings.ts';
import type { DeletionRules } from '../../../src/keep/source-delete/policy.ts';
import type { SourceDeleteItem, SourceDeletePorts } from '../../../src/keep/source-delete/source-types.ts';
import { parseAccessEntry } from '../../../src/record/access-entry.ts';
import { contextKey, transcriptKey } from '../../../src/record/object-key.ts';
import { addRecording } from '../../catalogue/invented-archive.ts';
import { inProcessApi as inProcess } from './in-process-api.ts';
import { VersionedMemory } from '../../slow/versioned-memory.ts';

const DAY_MS = 86_400_000;
const START = Date.parse('2026-11-28T09:00:00Z');
const DAY = '2026-03-05';
const TEXT = { metadata: {}, contentType: 'text/plain' };

/** What is true of the archive's copy: what a check at this moment has to find. */
interface Truth {
  readonly item: SourceDeleteItem;
  objects: 'good' | 'damaged' | 'unproven' | 'missing';
  served: 'same' | 'different' | 'more-files';
  context: boolean;
  transcript: 'known' | 'none' | 'forbidden' | 'missing';
}

/** Weakens the ports of a schedule, so that a test can see that the schedule notices. */
export type Weakness = (ports: SourceDeletePorts) => SourceDeletePorts;

export interface ScheduleResult {
  /** What must never be; empty where all is well. */
  readonly violations: readonly string[];
  readonly recordings: number;
  readonly deleted: number;
  readonly refused: number;
  readonly faults: number;
  readonly reasons: ReadonlyMap<string, number>;
}

/** Numbers in [0, 1), the same for the same seed. */
export function randomOf(seed: number): () => number {
  let state = (seed * 2_654_435_761) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export async function runSchedule(
  seed: number,
  weaken: Weakness = (ports) => ports,
): Promise<ScheduleResult> {
  const random = randomOf(seed);
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
  let now = START;
  const clock: Clock = { now: () => now, random, sleep: () => Promise.resolve() };
  const memory = new VersionedMemory();
  const { store } = memory;
  const violations: string[] = [];
  const reasons = new Map<string, number>();
  let faults = 0;
  let faultChance = 0;
  const world = new RecordingsWorld({
    seed,
    now: () => now,
    link: (id) => id,
    behaviour: {
      deleteDateIsDay: random() < 0.5,
      deletedStubMs: random() < 0.5 ? Number.POSITIVE_INFINITY : DAY_MS,
      mostProtected: 1_000,
    },
  });

  const truths: Truth[] = [];
  const conversations = 1 + Math.floor(random() * 2);
  for (let at = 0; at < conversations; at += 1) {
    const scripts: ScriptedRecording[] = Array.from({ length: 1 + Math.floor(random() * 2) }, () => ({
      sensitive: random() < 0.1,
      fate: random() < 0.08 ? 'archived' : 'available',
      ...(random() < 0.08 ? { deletedAfterS: (267 + Math.floor(random() * 20)) * 86_400 } : {}),
    }));
    const conversation = world.add({ endedAt: Date.parse(`${DAY}T10:00:00Z`), recordings: scripts });
    for (const { id } of conversation.recordings) {
      const ids = { recordingId: id, conversationId: conversation.id };
      const { key } = await addRecording(store, { ...ids, day: DAY });
      const item = { recording: id, conversation: conversation.id, day: DAY, keys: [key] };
      const truth: Truth = {
        item,
        objects: random() < 0.7 ? 'good' : pick(['damaged', 'unproven', 'missing'] as const),
        served: random() < 0.85 ? 'same' : pick(['different', 'more-files'] as const),
        context: random() < 0.9,
        transcript:
          random() < 0.85 ? pick(['known', 'none'] as const) : pick(['forbidden', 'missing'] as const),
      };
      if (truth.context) await store.put(contextKey(key), Buffer.from('context'), TEXT, unlimited);
      if (truth.transcript !== 'missing')
        await store.put(transcriptKey(key, truth.transcript), Buffer.from('words'), TEXT, unlimited);
      truths.push(truth);
    }
  }
  const truthOf = (recording: string) => truths.find(({ item }) => item.recording === recording);

  const ownDates = new Map(
    world.conversations.flatMap(({ recordings }) =>
      recordings.map(({ id, deleteDate }) => [id, deleteDate] as const),
    ),
  );
  // what the platform is asked to do is judged as it is asked
  const actsByDay = new Map<string, Set<string>>();
  const takenBack = new Set<string>();
  let drill = { at: (START - 3 * DAY_MS) as number | undefined, restored: 5, failed: 0 };
  const perDay = 1 + Math.floor(random() * 4);
  const seesUnredacted = random() < 0.95 ? ('yes' as const) : ('no' as const);
  const fateOf = (request: ApiRequest) => {
    const before =
      request.method === 'PUT' && request.path[2] === 'conversations' ? () => judge(request) : undefined;
    const isHit = random() < faultChance;
    if (!isHit) return before === undefined ? {} : { before };
    faults += 1;
    const kind = pick(['lost', 'refused', 'conflict', 'gone', 'unavailable'] as const);
    if (kind === 'lost') {
      const lost = new ArchiveError('GENESYS_UNAVAILABLE', 'the answer was lost');
      return before === undefined ? { lost } : { before, lost };
    }
    if (kind === 'unavailable') throw new ArchiveError('GENESYS_THROTTLED', '429');
    return { status: kind === 'refused' ? 403 : kind === 'conflict' ? 409 : 404 };
  };

  function judge({ path, body }: ApiRequest): void {
    const recording = path[5] ?? '';
    const { deleteDate } = body as { deleteDate: string | null };
    const model = world.findRecording(recording);
    const truth = truthOf(recording);
    if (model === undefined || truth === undefined) {
      violations.push('a date is set on an unknown recording');
      return;
    }
    // a date of the platform's own that is put back
    if (deleteDate === null || deleteDate === ownDates.get(recording)) return;
    const say = (what: string) => violations.push(`${what}: ${recording}`);
    if (truth.objects !== 'good') say(`a date is set on a copy that is ${truth.objects}`);
    if (truth.served !== 'same') say(`a date is set on a copy that is ${truth.served}`);
    if (!truth.context) say('a date is set without the context');
    if (truth.transcript === 'missing' || truth.transcript === 'forbidden')
      say('a date is set without the transcript');
    if (seesUnredacted !== 'yes') say('a date is set on what may be redacted');
    if (model.conversation.isProtected) say('a date is set on what is protected');
    if (model.fate === 'archived') say('a date is set on what is archived there');
    if (drill.failed > 0 || drill.at === undefined) say('a date is set without a drill');
    if (Date.parse(deleteDate) < now + 7 * DAY_MS) say('a date comes before the grace is over');
    const today = new Date(now).toISOString().slice(0, 10);
    const acts = actsByDay.get(today) ?? new Set();
    actsByDay.set(today, acts.add(recording));
    if (acts.size > perDay) say('more dates are set than a day may have');
    if (!hasEntry(recording)) say('a date is set without an access entry');
    if (!hasStep(recording)) say('a date is set without its intention');
    // a hold that stood before the intention did must have been seen
    for (const holds of heldBefore.get(recording) ?? []) say(`a date is set against the hold ${holds}`);
  }
  const bodies = (prefix: string) =>
    [...memory.all]
      .filter(([key]) => key.startsWith(prefix))
      .map(([, [newest]]) => newest?.body.toString('utf8') ?? '');
  const hasEntry = (recording: string) =>
    bodies('access/').some((text) => {
      const entry = parseAccessEntry(text);
      return entry?.action === 'source-delete' && (entry.recordings ?? []).includes(recording);
    });
  const hasStep = (recording: string) =>
    bodies('source-deletions/').some((text) => text.includes(recording) && text.includes('"marking"'));
  // of each recording: holds that stood when its newest intention was written
  const heldBefore = new Map<string, readonly string[]>();
  const standing = new Map<string, readonly string[]>();

  let killIn = Number.POSITIVE_INFINITY;
  memory.before = async (name, key) => {
    await new Promise((resolve) => setImmediate(resolve));
    if (name === 'put' && /^source-deletions\/2026\/.*\.json$/.test(key)) {
      for (const { item } of truths) {
        const holds = [...standing]
          .filter(([, keys]) => keys.some((one) => item.keys.includes(one)))
          .map(([id]) => id);
        if (key.includes(hashOf(item.recording))) heldBefore.set(item.recording, holds);
      }
    }
    killIn -= 1;
    if (killIn === 0) throw new Killed();
    if (random() < faultChance / 2) {
      faults += 1;
      throw new ArchiveError('STORE_UNAVAILABLE', 'the store does not answer');
    }
  };

  const inspecting: InspectPorts = {
    store,
    keys: new Map(),
    seesUnredacted: () => Promise.resolve(seesUnredacted),
    verify: (key) => {
      const truth = truths.find(({ item }) => item.keys.includes(key));
      const plaintext = { bytes: 100, sha256: 'aa' };
      const found = { isErased: false, withoutBodyHash: false, bytes: 100, digests: { plaintext } };
      // what stands beside a recording
      if (truth === undefined) return Promise.resolve({ ...found, findings: [], receipt: undefined });
      if (truth.objects === 'missing') throw new ArchiveError('OBJECT_NOT_FOUND', 'no object');
      const kinds = { good: [], damaged: ['plaintext-sha256'], unproven: ['unproven'] }[truth.objects];
      return Promise.resolve({
        ...found,
        findings: kinds.map((kind) => ({ kind })),
        receipt: 'archived' as const,
      });
    },
    serve: async function* ({ recordingId }) {
      await Promise.resolve();
      const served = truthOf(recordingId)?.served;
      const own = { channel: undefined, bytes: 100, sha256: served === 'different' ? 'bb' : 'aa' };
      yield served === 'more-files' ? [own, { channel: '1', bytes: 5, sha256: 'cc' }] : [own];
    },
  };
  const source = createSourceKeeper(inProcess(world, fateOf));
  const open = (): SourceDeletePorts =>
    weaken({
      store,
      keys: new Map(),
      signer: undefined,
      clock,
      source,
      perDay,
      inspect: (item, rules, budget) => inspectCopy(inspecting, item, rules, budget),
      lockedAmong: () => Promise.resolve([]),
      lastDrill: () => Promise.resolve(drill),
    });
  const rules = (): DeletionRules => ({
    compare: true,
    statedUnredacted: false,
    wantsContext: true,
    wantsTranscript: true,
    graceDays: 7,
    drillDays: 30,
    plannedAt: now,
  });
  const quietly = async (work: () => Promise<unknown>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof ArchiveError) && !(error instanceof Killed)) throw error;
    }
  };
  const run = async (plan: DeletionRules) => {
    const request = { rules: plan, by: 'A. Brandt', reason: 'retention', job: `job-${plan.plannedAt}` };
    const done = await markRecordings(
      open(),
      truths.map(({ item }) => item),
      request,
      unlimited,
    );
    for (const { reasons: found = [] } of done)
      for (const reason of found) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
    return done;
  };

  let plan = rules();
  const acts: Readonly<Record<string, () => Promise<void>>> = {
    run: () => quietly(() => run(plan)),
    race: async () => {
      await Promise.all([
        quietly(() => run(plan)),
        quietly(() => run(plan)),
        random() < 0.5 ? hold() : cancel(),
      ]);
    },
    kill: async () => {
      killIn = 1 + Math.floor(random() * 30);
      await quietly(() => run(plan));
      killIn = Number.POSITIVE_INFINITY;
    },
    replan: () => {
      now += 1_000;
      plan = rules();
      return Promise.resolve();
    },
    hold,
    release: async () => {
      const [id] = [...standing.keys()];
      if (id === undefined) return;
      await quietly(async () => {
        const ports = { store, keys: new Map(), signer: undefined, clock };
        const one = await readHold(ports, id, unlimited);
        await releaseHold(ports, one, { by: 'B', reason: undefined, twoPersons: false }, unlimited);
        standing.delete(id);
      });
    },
    protect: () => {
      const conversation = world.conversation(pick(truths).item.conversation);
      if (conversation === undefined) return Promise.resolve();
      for (const recording of conversation.recordings) recording.gone ||= isGone(recording.id);
      conversation.isProtected = !conversation.isProtected;
      return Promise.resolve();
    },
    damage: () => {
      pick(truths).objects = 'damaged';
      return Promise.resolve();
    },
    drill: () => {
      drill = { ...drill, at: now, failed: random() < 0.2 ? 1 : 0 };
      return Promise.resolve();
    },
    status,
    cancel,
    day: () => {
      now += DAY_MS;
      return Promise.resolve();
    },
    week: () => {
      now += 5 * DAY_MS;
      return Promise.resolve();
    },
  };

  async function hold(): Promise<void> {
    await quietly(async () => {
      const { item } = pick(truths);
      const ports = { store, keys: new Map(), signer: undefined, clock };
      const held = { matter: 'm', reason: undefined, by: 'A', selection: 's', keys: item.keys };
      const placed = await placeHold(ports, held, unlimited);
      standing.set(placed.id, item.keys);
    });
  }
  async function status(): Promise<void> {
    await quietly(async () => {
      const histories = [];
      for await (const history of listSourceDeletions(open(), unlimited)) histories.push(history);
      for (const history of histories) {
        const { state, isNew, last } = await followDeletion(open(), history, 'A', unlimited);
        const { recording } = last.ids;
        if (state === 'gone' && isNew && !isGone(recording))
          violations.push(`is noted as gone, and is there: ${recording}`);
      }
    });
  }
  async function cancel(): Promise<void> {
    await quietly(async () => {
      const histories = [];
      for await (const history of listSourceDeletions(open(), unlimited))
        if (isPending(history.last, now)) histories.push(history);
      const done = await takeBack(open(), histories, { by: 'A', reason: 'stop' }, unlimited);
      for (const { state, last } of done) if (state === 'taken-back') takenBack.add(last.ids.recording);
    });
  }
  const isGone = (recording: string) => {
    const model = world.findRecording(recording);
    if (model === undefined) return true;
    const isPast = model.deleteDate !== undefined && Date.parse(model.deleteDate) <= now;
    return model.gone || (isPast && !model.conversation.isProtected);
  };

  faultChance = random() < 0.7 ? random() * 0.25 : 0;
  const steps = 6 + Math.floor(random() * 12);
  for (let at = 0; at < steps; at += 1) await acts[pick(Object.keys(acts))]?.();

  // what is taken back at last, with nothing under way, stays
  faultChance = 0;
  await judgeTheEnd();
  return {
    violations,
    recordings: truths.length,
    deleted: truths.filter(({ item }) => isGone(item.recording)).length,
    refused: [...reasons.values()].reduce((sum, count) => sum + count, 0),
    faults,
    reasons,
  };

  async function judgeTheEnd(): Promise<void> {
    if (random() < 0.3) {
      takenBack.clear();
      await cancel();
      const own = new Set(
        truths
          .filter(({ item }) => world.findRecording(item.recording)?.deleteDate !== undefined)
          .map(({ item }) => item.recording),
      );
      await quietly(() => run(plan));
      now += 60 * DAY_MS;
      for (const recording of takenBack)
        if (isGone(recording) && !own.has(recording))
          violations.push(`was taken back, and is gone: ${recording}`);
      return;
    }
    // with no fault, holds released and nothing protected: what is good goes, and each other one stops itself only
    for (const id of Array.from(standing.keys())) {
      const ports = { store, keys: new Map(), signer: undefined, clock };
      const one = await readHold(ports, id, unlimited);
      await releaseHold(ports, one, { by: 'B', reason: undefined, twoPersons: false }, unlimited);
      standing.delete(id);
    }
    for (const conversation of world.conversations) conversation.isProtected = false;
    drill = { at: now, restored: 5, failed: 0 };
    await status();
    await cancel();
    now += DAY_MS;
    const wanted = truths.filter(({ item, ...truth }) => {
      const model = world.findRecording(item.recording);
      const isGood =
        truth.objects === 'good' &&
        truth.served === 'same' &&
        truth.context &&
        (truth.transcript === 'known' || truth.transcript === 'none');
      return (
        isGood &&
        seesUnredacted === 'yes' &&
        model?.fate === 'available' &&
        model.deleteDate === undefined &&
        !isGone(item.recording)
      );
    });
    for (let day = 0; day < truths.length + 1; day += 1) {
      plan = rules();
      await run(plan);
      now += DAY_MS;
    }
    now += 10 * DAY_MS;
    await status();
    const held = await heldAmong({ store, keys: new Map() }, new Set(), unlimited);
    if (held.size > 0) violations.push('a hold is left');
    for (const { item } of wanted)
      if (!isGone(item.recording))
        violations.push(`is verified in every respect, and is still there: ${item.recording}`);
    for await (const { last } of listSourceDeletions(open(), unlimited)) {
      if (last.step !== 'gone' && isGone(last.ids.recording) && last.step === 'marked')
        violations.push(`is gone by us, and is not noted: ${last.ids.recording}`);
    }
  }
}

class Killed extends Error {}

const hashOf = (recording: string) => createHash('sha256').update(recording.toLowerCase()).digest('hex');
