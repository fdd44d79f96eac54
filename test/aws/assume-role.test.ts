import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AssumeRoleOptions, openRole, roleSessionName } from '../../src/aws/assume-role.ts';
import { systemClock, unlimited } from '../../src/clock.ts';
import { ArchiveError } from '../../src/errors.ts';
import type { HttpRequest, Transport } from '../../src/http/transport.ts';

const ROLE = 'arn:aws:iam::123456789012:role/console-reader';

/** An answer of STS, as its XML has it. */
const made = (expiration: string) =>
  `<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIAEXAMPLE</AccessKeyId><SecretAccessKey>a/b+c=</SecretAccessKey><SessionToken>token==</SessionToken><Expiration>${expiration}</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`;

const placeOf = (request: HttpRequest | undefined) => `${request?.url.protocol}//${request?.url.host}`;

function ask(status: number, text: string, more: Partial<AssumeRoleOptions> = {}) {
  const sent: HttpRequest[] = [];
  const transport: Transport = {
    send: (request) => {
      sent.push(request);
      const body = (async function* () {
        await Promise.resolve();
        yield Buffer.from(text);
      })();
      return Promise.resolve({ status, headers: {}, body, discard: () => undefined });
    },
    close: () => undefined,
  };
  const assume = openRole({
    roleArn: ROLE,
    region: 'eu-central-1',
    credentials: () => Promise.resolve({ accessKeyId: 'base', secretAccessKey: 'secret' }),
    clock: systemClock,
    transport,
    ...more,
  });
  return { sent, outcome: assume('ada@example.com-0123456789abcdef', unlimited) };
}

describe('a role that is assumed for a person', () => {
  it('is asked for in the region, signed, under the name, for an hour', async () => {
    const { sent, outcome } = ask(200, made('2026-11-28T15:00:00Z'));
    expect(await outcome).toEqual({
      credentials: { accessKeyId: 'ASIAEXAMPLE', secretAccessKey: 'a/b+c=', sessionToken: 'token==' },
      until: Date.parse('2026-11-28T15:00:00Z'),
    });
    const [request] = sent;
    expect(placeOf(request)).toBe('https://sts.eu-central-1.amazonaws.com');
    expect(request?.headers['authorization']).toMatch(
      /Credential=base\/\d{8}\/eu-central-1\/sts\/aws4_request/,
    );
    expect(Object.fromEntries(new URLSearchParams(String(request?.body)))).toEqual({
      Action: 'AssumeRole',
      Version: '2011-06-15',
      RoleArn: ROLE,
      RoleSessionName: 'ada@example.com-0123456789abcdef',
      DurationSeconds: '3600',
    });
  });

  it.each([
    [
      403,
      '<ErrorResponse><Error><Code>AccessDenied</Code><Message>user x</Message></Error></ErrorResponse>',
      'AccessDenied',
    ],
    [500, '', 'no credentials'],
    [200, made('2026-11-28T15:00:00Z').replace(/<SessionToken>.*<\/SessionToken>/, ''), 'no credentials'],
    [200, '<html>a proxy</html>', 'no credentials'],
  ])(
    'is not there where STS answers %i without all of it: a code, and none of the words',
    async (status, text, reason) => {
      const error = await ask(status, text).outcome.catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(ArchiveError);
      expect(error).toMatchObject({ code: 'ROLE_NOT_ASSUMED', retryable: true, details: { reason } });
      expect((error as ArchiveError).message).not.toContain('user x');
      expect((error as ArchiveError).message).not.toContain('a/b+c=');
    },
  );

  it('is asked for where an emulator is, and in China at its own domain', async () => {
    const at = async (more: Partial<AssumeRoleOptions>) => {
      const { sent, outcome } = ask(200, made('2026-11-28T15:00:00Z'), more);
      await outcome;
      return placeOf(sent[0]);
    };
    expect(await at({ endpoint: 'http://127.0.0.1:9' })).toBe('http://127.0.0.1:9');
    const roleArn = ROLE.replace('aws', 'aws-cn');
    expect(await at({ roleArn, region: 'cn-north-1' })).toBe('https://sts.cn-north-1.amazonaws.com.cn');
  });
});

describe('the name of a session', () => {
  it('is one that STS takes, ends with the session, and begins with the person as far as it fits', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, unit: 'grapheme' }), (person) => {
        const name = roleSessionName(person, '0123456789abcdef');
        expect(name).toMatch(/^[\w+=,.@-]{2,64}$/);
        expect(name.endsWith('-0123456789abcdef')).toBe(true);
      }),
    );
    expect(roleSessionName('ada@example.com', '0123456789abcdef')).toBe('ada@example.com-0123456789abcdef');
    expect(roleSessionName(`x${'y'.repeat(100)}`, '0123456789abcdef')).toHaveLength(64);
  });
});
