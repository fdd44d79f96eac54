import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { readTranscript } from '../../src/audit/read-transcript.ts';
import { unlimited } from '../../src/clock.ts';
import { createArchiver, createReader } from '../../src/create/archiver.ts';
import { parseEvent } from '../../src/events/parse-event.ts';
import { objectKey } from '../../src/record/object-key.ts';
import { findRecording } from '../../src/audit/find-recording.ts';
import { verifyRecording } from '../../src/audit/read-recording.ts';
import { failure } from '../failure.ts';
import { backfills, DAY_MS, NOW, type Started } from '../backfill/start-backfill.ts';
import { runHere } from '../cli/run-here.ts';

const { start: begin, closeAll } = backfills();
afterEach(closeAll);

const MINUTE = 60_000;
const ON = { ARCHIVE_TRANSCRIPTS: '1', ARCHIVE_SETTLE: '0s' };
const SPOKEN = { recordings: [{ seconds: 2 }], transcribed: true };

/** What live archiving does with the events of all conversations, once. */
async function archiveAll({ config, clock, logger, simulator }: Started) {
  const archiver = await createArchiver(config, { clock, logger });
  try {
    const states: string[] = [];
    for (const { id } of simulator.world.conversations) {
      const parsed = parseEvent(simulator.conversationEvent(id), { api: 'recordings' });
      for (const request of parsed.kind === 'requests' ? parsed.requests : []) {
        const results = await archiver.archive(request, unlimited);
        states.push(...results.map((one) => ('status' in one ? one.status : one.state)));
      }
    }
    return states;
  } finally {
    archiver.close();
  }
}

async function readAll(started: Started) {
  const { config, clock, logger, backfill, simulator } = started;
  const reader = await createReader(config, { clock, logger });
  const ports = { store: backfill.store, reader };
  const answers = [];
  for (const { recordings } of simulator.world.conversations) {
    for (const { id } of recordings) {
      const key = await findRecording(backfill.store, id, {}, unlimited);
      answers.push(await readTranscript(ports, key, unlimited));
    }
  }
  return answers;
}
const statusesOf = async (started: Started) => (await readAll(started)).map(({ status }) => status);

describe('transcripts of live conversations', () => {
  it('are kept beside recordings with what the platform said, or that it has none; text needs none', async () => {
    const started = await begin(
      { conversations: [SPOKEN, { recordings: [{ seconds: 2 }] }, { recordings: [{ kind: 'chat' }] }] },
      { ...ON, ARCHIVE_TRANSCRIPTS_WAIT: '0s' },
    );
    expect(await archiveAll(started)).toEqual(['archived', 'archived', 'archived']);
    const [first, ...others] = await readAll(started);
    expect(first).toMatchObject({
      status: 'known',
      source: 'speechandtextanalytics',
      fetchedAt: expect.stringMatching(/^2026-11-28T12:00:0/) as unknown,
      transcript: { transcripts: [{ phrases: [{ text: 'Good morning, how can I help you?' }, {}, {}, {}] }] },
    });
    expect(others.map(({ status }) => status)).toEqual(['none', 'none']);
    // a second delivery asks nothing
    const asked = started.called('transcripturls');
    await archiveAll(started);
    expect(started.called('transcripturls')).toBe(asked);
  });

  it('that come late are waited for, half an hour and no longer', async () => {
    const late = { ...SPOKEN, transcribedAfterS: 20 * 60 };
    const never = { recordings: [{ seconds: 2 }] };
    const started = await begin({ conversations: [late, never] }, ON);
    expect(await archiveAll(started)).toEqual(['archived', 'transcribing', 'archived', 'transcribing']);
    expect(await statusesOf(started)).toEqual(['not-asked', 'not-asked']);
    started.clock.advance(25 * MINUTE);
    expect(await archiveAll(started)).toEqual(['archived', 'archived', 'transcribing']);
    started.clock.advance(6 * MINUTE);
    expect(await archiveAll(started)).toEqual(['archived', 'archived']);
    expect(await statusesOf(started)).toEqual(['known', 'none']);
  });

  it('that are forbidden keep nothing else from being archived, and say so', async () => {
    const started = await begin({ conversations: [SPOKEN] }, ON);
    for (const kind of ['recording', 'recordingSegment'])
      started.simulator.world.deny(`recording:${kind}:view`);
    expect(await archiveAll(started)).toEqual(['archived']);
    expect(await statusesOf(started)).toEqual(['forbidden']);
  });

  it('beyond their share of the requests a minute come later, and recordings do not wait', async () => {
    const conversations = Array.from({ length: 4 }, () => SPOKEN);
    const started = await begin({ conversations }, { ...ON, ARCHIVE_TRANSCRIPTS_SHARE: '1/60' });
    // 5 requests a minute: two conversations, and the half of a third
    expect(await archiveAll(started)).toEqual([
      'archived',
      'archived',
      'archived',
      'transcribing',
      'archived',
      'transcribing',
    ]);
    started.clock.advance(61_000);
    expect(await archiveAll(started)).not.toContain('transcribing');
    expect(new Set(await statusesOf(started))).toEqual(new Set(['known']));
  });

  it.each([
    ['a web page', { kind: 'html' }, 'MEDIA_NOT_AUDIO'],
    ['no JSON object', { kind: 'answer', body: '[]' }, 'GENESYS_BAD_RESPONSE'],
    [
      'that of another conversation',
      { kind: 'answer', body: '{"conversationId":"x"}' },
      'GENESYS_BAD_RESPONSE',
    ],
  ] as const)('are refused where the file is %s', async (_what, fault, code) => {
    const started = await begin({ conversations: [SPOKEN] }, ON);
    const [conversation] = started.simulator.world.conversations;
    const [recording] = conversation?.recordings ?? [];
    const id = `transcript.${conversation?.id}.${recording?.id}`;
    started.simulator.faults.add({ on: 'download', id, fault, times: 9 });
    expect((await failure(archiveAll(started))).code).toBe(code);
    expect(await statusesOf(started)).toEqual(['not-asked']);
  });
});

describe('transcripts in a backfill', () => {
  const past = (count: number) => ({
    conversations: Array.from({ length: count }, (_, at) => ({
      ...SPOKEN,
      endedAt: NOW - (5 + at) * DAY_MS,
    })),
  });

  it('come with the recordings, for one call each where facts name the sessions', async () => {
    const started = await begin(past(3), ON);
    const facts = await started.backfill.openFacts('2026-11-23', unlimited);
    const query = { day: Date.UTC(2026, 10, 23), of: 'active' } as const;
    for await (const one of started.backfill.analytics.conversations(query, unlimited)) await facts.add(one);
    await facts.finish(NOW);
    const outcomes = await started.work(started.all());
    expect(outcomes.map(({ state }) => state)).toEqual(['done', 'done', 'done']);
    expect(await statusesOf(started)).toEqual(['known', 'known', 'known']);
    expect(started.called('transcripturls')).toBe(3);
    // of the day with facts the conversation was not asked for
    expect(
      started.simulator.requests.filter(({ route }) => route.endsWith('conversations/{conversationId}')),
    ).toHaveLength(2);
  });

  it('that were forbidden or none are asked for again, and only those', async () => {
    const started = await begin(past(2), ON);
    const [, second] = started.simulator.world.conversations;
    for (const kind of ['recording', 'recordingSegment'])
      started.simulator.world.deny(`recording:${kind}:view`);
    await started.work(started.all());
    expect(await statusesOf(started)).toEqual(['forbidden', 'forbidden']);
    started.simulator.world.grant('recording:recording:view');
    await started.work([{ conversationId: second?.id ?? '' }]);
    expect(await statusesOf(started)).toEqual(['forbidden', 'known']);
    const asked = started.called('transcripturls');
    await started.work(started.all());
    expect(started.called('transcripturls')).toBe(asked + 1);
    expect(await statusesOf(started)).toEqual(['known', 'known']);
  });
});

describe('a transcript object', () => {
  it('is held to the receipt of its recording, restored by its key, and no stranger to verify', async () => {
    const started = await begin({ conversations: [SPOKEN, SPOKEN] }, ON);
    await archiveAll(started);
    const { config, clock, logger, backfill, settings, dir } = started;
    const keys = (await started.files('.json.enc')).filter((name) => name.startsWith('transcripts/'));
    const [key = '', other = ''] = keys;
    const run = (...args: string[]) => runHere(args, { env: settings });
    const out = join(dir, 'out.json');
    expect(await run('restore', key, '-o', out)).toMatchObject({ code: 0 });
    expect(await run('verify', '--all', '--depth', 'full')).toMatchObject({ code: 0 });
    // one that was moved beside another recording is not that one's
    const { stat, body } = await backfill.store.get(other, unlimited);
    const chunks = [];
    for await (const chunk of body) chunks.push(chunk);
    const moved = objectKey({ recordingId: 'moved', at: clock.now() });
    const foreign = moved.replace('archive/', 'transcripts/').replace(/\.enc$/, '.json.enc');
    const bytes = Buffer.concat(chunks);
    const { metadata, contentType } = stat;
    await backfill.store.put(
      foreign,
      bytes,
      { metadata, contentType: contentType ?? '', contentLength: bytes.length },
      unlimited,
    );
    const reader = await createReader(config, { clock, logger });
    const { code } = await failure(verifyRecording({ store: backfill.store, reader }, foreign, unlimited));
    expect(code).toBe('RECEIPT_MISMATCH');
  });
});
