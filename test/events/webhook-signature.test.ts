import { execFileSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { httpBody } from '../../src/events/http-body.ts';
import {
  isTimely,
  signWebhook,
  TIMESTAMP_HEADER,
  TIMESTAMP_WINDOW_MS,
  verifyWebhookSignature,
} from '../../src/events/webhook-signature.ts';
import { functionUrl, restApi, webhook } from './envelopes.ts';

const SECRET = 'correct horse battery staple';
const raw = Buffer.from(JSON.stringify(webhook(), null, 2));
const sign = (body: Uint8Array, secret: string, encoding: 'hex' | 'base64' = 'hex') =>
  `sha256=${createHmac('sha256', secret).update(body).digest(encoding)}`;
const verify = (signature: string | undefined, secrets: readonly string[] = [SECRET], body = raw) =>
  verifyWebhookSignature({
    raw: body,
    headers: signature === undefined ? {} : { 'x-hub-signature-256': signature },
    secrets,
  });

describe('verifyWebhookSignature', () => {
  it('knows GitHub’s published example', () => {
    // https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries#testing-the-webhook-payload-validation
    const signature = 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17';
    expect(verify(signature, ["It's a Secret to Everybody"], Buffer.from('Hello, World!'))).toBe(true);
  });

  it('takes hex in either case, and base64', () => {
    expect(verify(sign(raw, SECRET))).toBe(true);
    expect(verify(sign(raw, SECRET).toUpperCase().replace('SHA256', 'sha256'))).toBe(true);
    expect(verify(sign(raw, SECRET, 'base64'))).toBe(true);
  });

  it('takes any of several active secrets, and no other', () => {
    expect(verify(sign(raw, 'new'), ['old', 'new'])).toBe(true);
    expect(verify(sign(raw, 'old'), ['old', 'new'])).toBe(true);
    expect(verify(sign(raw, 'older'), ['old', 'new'])).toBe(false);
  });

  it.each<[string, string | undefined]>([
    ['no header', undefined],
    ['an empty header', ''],
    ['the prefix alone', 'sha256='],
    ['no prefix', sign(raw, SECRET).slice(7)],
    ['another algorithm', sign(raw, SECRET).replace('sha256', 'sha1')],
    ['another secret', sign(raw, `${SECRET}x`)],
    ['the signature of an empty body', sign(Buffer.alloc(0), SECRET)],
    ['a truncated one', sign(raw, SECRET).slice(0, -1)],
    ['one truncated by a byte', sign(raw, SECRET).slice(0, -2)],
    ['a longer one', `${sign(raw, SECRET)}00`],
    ['base64 without its padding', sign(raw, SECRET, 'base64').slice(0, -1)],
    ['white space', ` ${sign(raw, SECRET)}`],
    ['a line feed', `${sign(raw, SECRET)}\n`],
    ['a good and a bad one', `${sign(raw, SECRET)}, ${sign(raw, 'x')}`],
    ['the same twice', `${sign(raw, SECRET)}, ${sign(raw, SECRET)}`],
  ])('false: %s', (_, signature) => {
    expect(verify(signature)).toBe(false);
  });

  it('false: a header that occurs twice, in whichever way it arrives', () => {
    const good = sign(raw, SECRET);
    const headers = { 'X-Hub-Signature-256': good, 'x-hub-signature-256': good };
    expect(verifyWebhookSignature({ raw, headers, secrets: [SECRET] })).toBe(false);
    const event = { ...restApi(raw.toString()), multiValueHeaders: { 'X-Hub-Signature-256': [good, good] } };
    const twice = httpBody(event);
    expect(twice?.headers['x-hub-signature-256']).toBe(`${good}, ${good}`);
    expect(verifyWebhookSignature({ raw, headers: twice?.headers ?? {}, secrets: [SECRET] })).toBe(false);
  });

  it('false: the body parsed and written again', () => {
    const again = Buffer.from(JSON.stringify(JSON.parse(raw.toString())));
    expect(verify(sign(raw, SECRET), [SECRET], again)).toBe(false);
  });

  it('false: no secret, or an empty one, for any signature', () => {
    expect(verify(sign(raw, ''), [])).toBe(false);
    expect(verify(sign(raw, ''), [''])).toBe(false);
    expect(verify(sign(raw, ''), ['', SECRET])).toBe(false);
    expect(verify(sign(raw, SECRET), ['', SECRET])).toBe(true);
  });

  it('covers the bytes of a request, plain and base64', () => {
    for (const event of [functionUrl(raw.toString()), functionUrl(raw.toString('base64'), true)]) {
      const body = httpBody({ ...event, headers: { 'X-Hub-Signature-256': sign(raw, SECRET) } });
      expect(verifyWebhookSignature({ raw, headers: {}, ...body, secrets: [SECRET] })).toBe(true);
    }
  });

  it('accepts what was signed, and nothing that differs by one bit', () => {
    const secrets = fc.string({ minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 300 }),
        secrets,
        fc.constantFrom('hex' as const, 'base64' as const),
        fc.nat(),
        (bytes, secret, encoding, position) => {
          const body = Buffer.from(bytes);
          const signature = sign(body, secret, encoding);
          expect(verify(signature, [secret], body)).toBe(true);

          const bit = position % (body.length * 8);
          const changed = Buffer.from(body);
          changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
          expect(verify(signature, [secret], changed)).toBe(false);
          expect(verify(signature, [`${secret}.`], body)).toBe(false);

          const digest = Buffer.from(signature.slice(7), encoding);
          const wrong = position % 256;
          digest.writeUInt8(digest.readUInt8(wrong >> 3) ^ (1 << (wrong & 7)), wrong >> 3);
          expect(verify(`sha256=${digest.toString(encoding)}`, [secret], body)).toBe(false);
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it('takes any header value', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.string().map((text) => `sha256=${text}`),
        ),
        (value) => {
          expect(verify(value)).toBe(false);
        },
      ),
      { numRuns: 2_000 },
    );
  });
});

describe('a signature that covers the time', () => {
  const TIME = '1900000000';
  const v2 = (body: Uint8Array = raw, time = TIME, secret = SECRET) => signWebhook(secret, time, body);
  const judge = (headers: Record<string, string>, versions?: 'any' | 'v2') =>
    verifyWebhookSignature({ raw, headers, secrets: ['old', SECRET], versions });
  const signed = (signature: string, time: string | undefined = TIME) => ({
    'x-hub-signature-256': signature,
    ...(time === undefined ? {} : { 'x-genesys-archive-timestamp': time }),
  });

  it('is the HMAC of the timestamp, a full stop and the body, as a shell makes it', () => {
    const stdout = execFileSync('openssl', ['dgst', '-sha256', '-hmac', SECRET, '-r'], {
      input: Buffer.concat([Buffer.from(`${TIME}.`), raw]),
      encoding: 'utf8',
    });
    expect(v2()).toBe(`v2=${stdout.slice(0, 64)}`);
    const base64 = Buffer.from(stdout.slice(0, 64), 'hex').toString('base64');
    expect([judge(signed(v2())), judge(signed(`v2=${base64}`), 'v2')]).toEqual([true, true]);
  });

  it('fits no other time, no other body and no other secret', () => {
    expect(judge(signed(v2(), '1900000001'))).toBe(false);
    expect(judge(signed(v2(), `0${TIME}`))).toBe(false);
    expect(judge(signed(v2(Buffer.from('{}'))))).toBe(false);
    expect(judge(signed(v2(raw, TIME, 'another')))).toBe(false);
  });

  it('needs a timestamp that is there once and well formed', () => {
    for (const time of ['', 'now', '-1', '1900000000.0', ' 1900000000', '1'.repeat(12)]) {
      expect(judge(signed(v2(raw, time), time))).toBe(false);
    }
    expect(judge({ 'x-hub-signature-256': v2(raw, '') })).toBe(false);
    expect(judge({ ...signed(v2()), 'X-Genesys-Archive-Timestamp': TIME })).toBe(false);
  });

  it('is the only one that is accepted once the setting says v2', () => {
    const old = signed(sign(raw, SECRET));
    expect([judge(old), judge(old, 'any'), judge(old, 'v2')]).toEqual([true, true, false]);
    expect([judge(signed(v2())), judge(signed(v2()), 'v2')]).toEqual([true, true]);
  });

  it('is never taken for the other version: neither digest fits under the other name', () => {
    const [, plain] = sign(raw, SECRET).split('=');
    const [, timed] = v2().split('=');
    expect([judge(signed(`v2=${plain}`)), judge(signed(`sha256=${timed}`))]).toEqual([false, false]);
    for (const name of ['v1', 'V2', 'v3', 'sha1', '']) expect(judge(signed(`${name}=${timed}`))).toBe(false);
    expect(judge(signed(`${v2()}, ${sign(raw, SECRET)}`))).toBe(false);
  });
});

const NOW = Date.UTC(2026, 4, 20, 12);
const at = (seconds: number) => ({ [TIMESTAMP_HEADER]: String(seconds) });

describe('the timestamp of a webhook', () => {
  it('is optional', () => {
    expect(isTimely({}, NOW)).toBe(true);
    expect(isTimely({ [TIMESTAMP_HEADER]: undefined }, NOW)).toBe(true);
  });

  it('may be 300 seconds off, in either direction, and no second more', () => {
    const now = NOW / 1000;
    expect([-301, -300, 0, 300, 301].map((off) => isTimely(at(now + off), NOW))).toEqual([
      false,
      true,
      true,
      true,
      false,
    ]);
  });

  it('is accepted exactly within the window, at any time', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4e9 }), fc.integer({ min: -1000, max: 1000 }), (now, off) => {
        fc.pre(now + off >= 0);
        expect(isTimely(at(now + off), now * 1000)).toBe(Math.abs(off) * 1000 <= TIMESTAMP_WINDOW_MS);
      }),
    );
  });

  it.each([
    '',
    ' ',
    'now',
    '1.5',
    '-1',
    '1e9',
    `${NOW / 1000}, ${NOW / 1000}`,
    `${NOW}`,
    '2026-05-20T12:00:00Z',
  ])('is refused when it is not one number of seconds: "%s"', (text) => {
    expect(isTimely({ [TIMESTAMP_HEADER]: text }, NOW)).toBe(false);
  });

  it('is refused when it is there twice, in any case', () => {
    const twice = { ...at(NOW / 1000), 'X-Genesys-Archive-Timestamp': String(NOW / 1000) };
    expect(isTimely(twice, NOW)).toBe(false);
    expect(isTimely({ 'X-Genesys-Archive-Timestamp': String(NOW / 1000) }, NOW)).toBe(true);
  });
});
