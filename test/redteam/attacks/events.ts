import { createHmac } from 'node:crypto';
import { parseEvent } from '../../../src/events/parse-event.ts';
import {
  SIGNATURE_HEADER,
  signBody,
  signWebhook,
  verifyWebhookSignature,
} from '../../../src/events/webhook-signature.ts';
import { TIMESTAMP_HEADER } from '../../../src/events/webhook-signature.ts';
import { data, functionUrl, webhook } from '../../events/envelopes.ts';
import { start } from '../../lambda/start.ts';
import { type Attack, codeOf, type Kind } from '../attack.ts';

const SECRET = 'the-secret-of-the-webhook';
const MAY = 'calls the public address of the function; has no webhook secret';

type Headers = Readonly<Record<string, string>>;

/** A request to the function's address. @returns its status, and how often the platform was asked. */
async function call(body: string, headers: (now: number) => Headers, env: Headers = {}) {
  const settings = { ARCHIVE_WEBHOOK_SECRET: SECRET, ...env };
  const world = await start({ env: settings });
  try {
    const request = { ...functionUrl(body), headers: headers(world.clock.now()) };
    const { statusCode } = (await world.handle(request, {})) as { readonly statusCode: number };
    return {
      status: statusCode,
      asked: world.simulator.requests.length,
      stored: (await world.objects()).length,
    };
  } finally {
    await world.close();
  }
}

const body = JSON.stringify(webhook());
const UNTOUCHED = { asked: 0, stored: 0 };

function refused(
  name: string,
  headers: (now: number) => Headers,
  more: Partial<Attack> & { env?: Headers } = {},
): Attack {
  const { env = {}, ...rest } = more;
  return {
    name,
    may: MAY,
    outcome: { status: 401, ...UNTOUCHED },
    attempt: () => call(body, headers, env),
    ...rest,
  };
}

const seconds = (now: number) => Math.floor(now / 1000);

const many = (count: number) =>
  Array.from({ length: count }, (_, at) => ({
    mediaId: `a1b2c3d4-5678-40ab-8def-${String(at).padStart(12, '0')}`,
    interactionId: data.interactionId,
  }));

export const events: Kind = {
  title: 'events that are forged, replayed or too much',
  attacks: [
    refused('sends a webhook without a signature', () => ({})),
    refused('signs a webhook with a secret of their own', () => ({
      [SIGNATURE_HEADER]: signBody('mine', body),
    })),
    refused('signs a webhook with the empty secret', () => ({
      [SIGNATURE_HEADER]: `sha256=${createHmac('sha256', '').update(body).digest('hex')}`,
    })),
    refused('uses the signature of another body', () => ({
      [SIGNATURE_HEADER]: signBody(SECRET, `${body} `),
    })),
    refused(
      'replays a signed webhook six minutes later',
      (now) => ({
        [SIGNATURE_HEADER]: signWebhook(SECRET, String(seconds(now) - 360), body),
        [TIMESTAMP_HEADER]: String(seconds(now) - 360),
      }),
      { may: 'has seen a signed request; has no webhook secret' },
    ),
    refused(
      'replays a signed webhook with a new time',
      (now) => ({
        [SIGNATURE_HEADER]: signWebhook(SECRET, String(seconds(now) - 360), body),
        [TIMESTAMP_HEADER]: String(seconds(now)),
      }),
      { may: 'has seen a signed request; has no webhook secret' },
    ),
    refused(
      'replays a webhook of version 1, which covers no time, where version 2 is asked for',
      () => ({ [SIGNATURE_HEADER]: signBody(SECRET, body) }),
      {
        may: 'has seen a signed request; has no webhook secret',
        env: { ARCHIVE_WEBHOOK_SIGNATURE: 'v2' },
      },
    ),
    {
      name: 'sends the signature header twice, one of them good',
      may: 'has seen a signed request; has no webhook secret',
      outcome: false,
      attempt: () => {
        const good = signBody(SECRET, body);
        const headers = { 'X-Hub-Signature-256': 'sha256=00', 'x-hub-signature-256': good };
        const signed = { raw: Buffer.from(body), headers, secrets: [SECRET] };
        return Promise.resolve(verifyWebhookSignature(signed));
      },
    },
    {
      name: 'asks for 1,400 recordings in one webhook',
      may: 'holds a webhook secret',
      outcome: { status: 400, ...UNTOUCHED },
      attempt: () => {
        const Records = many(1_400).map((event, at) => ({
          messageId: `${at}`,
          body: JSON.stringify(event),
        }));
        const text = JSON.stringify({ Records });
        return call(text, () => ({ [SIGNATURE_HEADER]: signBody(SECRET, text) }));
      },
    },
    {
      name: 'sends 8 MB of brackets',
      may: 'sends events',
      outcome: 'EVENT_INVALID',
      attempt: () => codeOf(() => parseEvent('['.repeat(8e6))),
    },
    {
      name: 'names paths and other things that are no ids',
      may: 'sends events',
      outcome: Array.from({ length: 5 }, () => 'EVENT_INVALID'),
      attempt: () =>
        Promise.all(
          ['../../etc/passwd', 'a/b', 'a?x=1', '%2e%2e', 'a\n'].map((mediaId) =>
            codeOf(() => parseEvent({ ...data, mediaId })),
          ),
        ),
    },
    {
      name: 'sends an event that states where to download the recording from',
      may: 'sends events',
      outcome: { says: false },
      attempt: () => {
        const parsed = parseEvent({
          ...data,
          mediaUri: 'https://evil.example/a.wav',
          url: 'https://evil.example',
        });
        return Promise.resolve({ says: JSON.stringify(parsed).includes('evil') });
      },
    },
    {
      name: 'calls a function whose webhook has no secret',
      may: MAY,
      outcome: { status: 500, ...UNTOUCHED },
      attempt: async () => {
        const world = await start();
        try {
          const { statusCode } = (await world.handle(functionUrl(body), {})) as {
            readonly statusCode: number;
          };
          return {
            status: statusCode,
            asked: world.simulator.requests.length,
            stored: (await world.objects()).length,
          };
        } finally {
          await world.close();
        }
      },
    },
  ],
};
