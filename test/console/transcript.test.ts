import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { updateCatalogue } from '../../src/catalogue/update-catalogue.ts';
import { unlimited } from '../../src/clock.ts';
import { loadConfig } from '../../src/config/config.ts';
import { openConsoleArchive } from '../../src/create/console.ts';
import { contextOf } from '../../web/pages/recording/context.ts';
import { backfills, type Started } from '../backfill/start-backfill.ts';
import { ask, openConsole, type OpenConsole } from './invented-console.ts';

/** Recordings as the archiver writes them, with what it keeps beside them, and the console as the command line opens it. */
const { start, closeAll } = backfills();
let started: Started;
let opened: OpenConsole;
let cookie: string;

beforeAll(async () => {
  started = await start(
    {
      conversations: [
        { recordings: [{ seconds: 8 }], transcribed: true },
        { recordings: [{ seconds: 2 }] },
        { recordings: [{ seconds: 2 }], transcribed: true },
      ],
    },
    { ARCHIVE_CONTEXT: '1', ARCHIVE_TRANSCRIPTS: '1', ARCHIVE_TRANSCRIPTS_WAIT: '0s', ARCHIVE_SETTLE: '0s' },
  );
  const [first, second, third] = started.simulator.world.conversations;
  for (const conversation of [first, second]) await started.archiveLive(conversation?.id ?? '');
  for (const kind of ['recording', 'recordingSegment'])
    started.simulator.world.deny(`recording:${kind}:view`);
  await started.archiveLive(third?.id ?? '');
  const archive = await openConsoleArchive(loadConfig({ env: started.settings }, 'wrap'), {});
  await updateCatalogue(archive.catalogue, { scope: 'all' }, unlimited);
  opened = await openConsole([archive]);
  cookie = await opened.signIn();
});

afterAll(async () => {
  await opened.stop();
  await closeAll();
});

const conversationAt = (at: number) => started.simulator.world.conversations[at];
const idAt = (at: number) => conversationAt(at)?.recordings[0]?.id ?? '';
const get = (at: number, part = '') => ask(`${opened.url}/api/recordings/${idAt(at)}${part}`, { cookie });

describe('what is archived beside a recording', () => {
  it('is shown by the console: the conversation, with who took part and when', async () => {
    const { status, json } = await get(0);
    expect(status).toBe(200);
    const detail = json() as { contextState: string; context: Record<string, unknown> };
    expect(detail.contextState).toBe('read');
    const context = contextOf(detail.context);
    expect(context).toMatchObject({
      conversation: conversationAt(0)?.id,
      startTime: expect.stringMatching(/^2026-/) as unknown,
      takenAt: expect.stringMatching(/^2026-/) as unknown,
    });
    expect(context?.participants.map(({ purpose }) => purpose)).toEqual(
      expect.arrayContaining(['customer', 'agent']),
    );
    expect(context?.participants.every(({ startTime }) => startTime !== undefined)).toBe(true);
  });

  it('is shown by the console: what was said, in seconds of the recording', async () => {
    const { status, json } = await get(0, '/transcript');
    expect({ status, ...json() }).toEqual({
      status: 200,
      language: 'en-us',
      turns: [
        {
          channel: 'internal',
          start: 0,
          end: 1.8,
          text: 'Good morning, how can I help you?',
          confidence: 0.94,
        },
        { channel: 'external', start: 2, end: 3.8, text: expect.any(String) as unknown, confidence: 0.94 },
        { channel: 'internal', start: 4, end: 5.8, text: expect.any(String) as unknown, confidence: 0.94 },
        { channel: 'external', start: 6, end: 7.8, text: expect.any(String) as unknown, confidence: 0.94 },
      ],
    });
  });

  it('is told from what the platform did not have, and from what it refused', async () => {
    for (const [at, why] of [
      [1, 'the platform had none'],
      [2, 'the platform refused it'],
    ] as const) {
      const { status, json } = await get(at, '/transcript');
      expect(status).toBe(404);
      expect(JSON.stringify(json())).toContain(why);
    }
  });

  it('is an entry of the access log before it is shown', async () => {
    const entries = async () => {
      const names = await started.files('.json');
      return names.filter((name) => /^access\/.*Z-[0-9a-f]+\.json$/.test(name)).length;
    };
    const before = await entries();
    await get(0);
    await get(0, '/transcript');
    expect(await entries()).toBe(before + 2);
  });
});
