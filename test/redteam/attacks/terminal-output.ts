import { PassThrough } from 'node:stream';
import { createUi } from '../../../src/cli/_ui.ts';
import { receiptKey } from '../../../src/record/object-key.ts';
import { runHere } from '../../cli/run-here.ts';
import type { Attack, Kind } from '../attack.ts';
import { type HostileBucket, sharedBuckets } from '../hostile-bucket.ts';

const buckets = sharedBuckets();
/** Clears the screen, hides what follows, turns the line around, and hides text in tags. */
const HOSTILE = 'x\u001B[2J\u001B[8m\u009B2J\u202Egpj.\u{E0041}\u200Bz';
const STEERS = /(?!\n)[\p{Cc}\p{Cf}]/u;

const judged = (text: string) => ({ shown: text.length > 0, steers: STEERS.test(text) });
const SILENT = { shown: true, steers: false };

function printing(name: string, args: (json: boolean) => readonly string[], may: string, input = ''): Attack {
  return {
    name,
    may,
    outcome: [SILENT, SILENT],
    attempt: () =>
      Promise.all(
        [false, true].map(async (json) => {
          const env = { ARCHIVE_STORE: 'file:/nonexistent', ENCRYPTION_KEY_HEX: 'a1'.repeat(32) };
          const { stdout, stderr } = await runHere(args(json), { env, input });
          return judged(stdout + stderr);
        }),
      ),
  };
}

const json = (wanted: boolean) => (wanted ? ['--json'] : []);

function inBucket(
  name: string,
  does: (bucket: HostileBucket) => Promise<void>,
  ...commands: readonly (readonly string[])[]
): Attack {
  return {
    name,
    may: 'writes objects and metadata into the bucket; an operator looks at it in a terminal',
    under: ['static'],
    outcome: commands.flatMap(() => [SILENT, SILENT]),
    attempt: async (wrap) => {
      const bucket = await buckets.open(wrap);
      await does(bucket);
      const outcomes: unknown[] = [];
      for (const command of commands) {
        for (const wanted of [false, true]) {
          const { stdout, stderr } = await bucket.run(
            ...command.map((word) => (word === 'KEY' ? bucket.keys.a : word)),
            ...json(wanted),
          );
          outcomes.push(judged(stdout + stderr));
        }
      }
      return outcomes;
    },
  };
}

export const terminalOutput: Kind = {
  title: 'text that is to steer a terminal',
  close: () => buckets.close(),
  attacks: [
    printing(
      'writes control characters into the id of a recording that an operator asks for',
      (wanted) => ['restore', HOSTILE, '-o', '/nonexistent/x', ...json(wanted)],
      'says which recording an operator should look at',
    ),
    printing(
      'writes control characters into an event',
      (wanted) => ['archive', '--event', '-', '--dry-run', ...json(wanted)],
      'sends events',
      JSON.stringify({ mediaId: HOSTILE, interactionId: HOSTILE }),
    ),
    inBucket(
      'writes control characters into a receipt',
      (bucket) =>
        bucket.changeReceipt(bucket.keys.a, (text) =>
          text.replace('"contentType":"', `"contentType":"${HOSTILE}`),
        ),
      ['verify', '--all'],
      ['inspect', 'KEY'],
      ['list'],
    ),
    inBucket(
      'puts objects there whose names steer a terminal',
      async (bucket) => {
        const key = bucket.keys.a.replace(/[^/]+$/, `${HOSTILE}.enc`);
        await bucket.copyRaw(bucket.keys.a, key);
        await bucket.copyRaw(receiptKey(bucket.keys.a), receiptKey(key));
      },
      ['verify', '--all'],
      ['list', '--brief'],
    ),
    {
      name: 'has an error of another server steer a terminal',
      may: 'answers in the place of a server',
      outcome: [SILENT, SILENT],
      attempt: () =>
        Promise.resolve(
          [false, true].map((wanted) => {
            const [stdout, stderr] = [new PassThrough(), new PassThrough()];
            const options = { env: {}, json: wanted, quiet: false, debug: true, color: false };
            const ui = createUi({ stdout, stderr, ...options });
            ui.warn(HOSTILE);
            ui.say(HOSTILE);
            ui.fail(new Error(HOSTILE));
            return judged(`${String(stdout.read() ?? '')}${String(stderr.read() ?? '')}`);
          }),
        ),
    },
  ],
};
