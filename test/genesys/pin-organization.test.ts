import { describe, expect, it } from 'vitest';
import { unlimited } from '../../src/clock.ts';
import { ArchiveError } from '../../src/errors.ts';
import type { ApiAnswer, GenesysApi } from '../../src/genesys/api-client.ts';
import { gateChanges, pinOrganization } from '../../src/genesys/pin-organization.ts';
import { fastClock } from '../fast-clock.ts';
import { recordingLogger } from '../recording-logger.ts';

const OWN = '0c2f9a6e-52a4-4a8b-9c55-1f3f6a1a9b77';
const OTHER = '8d4d3f1e-7a55-4b39-9a6c-0d7f9f2f5c11';

type Scripted = Partial<Pick<ApiAnswer, 'status'>> & {
  readonly body?: unknown;
  readonly error?: ArchiveError;
};

/** Answers each endpoint with what the script has for it, in order; the last one stays. */
function scriptedApi(script: { organizations?: Scripted[]; tokens?: Scripted[] }) {
  const asked: string[] = [];
  const api: GenesysApi = {
    call: ({ method, path }) => {
      const name = path[2] === 'organizations' ? 'organizations' : 'tokens';
      asked.push(`${method} ${path.join('/')}`);
      const answers = script[name] ?? [{ status: 404 }];
      const { status = 200, body, error } = (answers.length > 1 ? answers.shift() : answers[0]) ?? {};
      if (error !== undefined) return Promise.reject(error);
      const text = typeof body === 'string' ? body : JSON.stringify(body ?? {});
      return Promise.resolve({ status, text, errorCode: undefined, correlationId: undefined });
    },
  };
  return { api, asked };
}

function pinned(organizationId: string | undefined, script: Parameters<typeof scriptedApi>[0]) {
  const { api, asked } = scriptedApi(script);
  const logger = recordingLogger();
  let unknown = 0;
  const pin = pinOrganization({
    organizationId,
    clock: fastClock(),
    logger,
    onUnknown: () => {
      unknown += 1;
    },
  });
  return { ask: () => pin(api, unlimited), asked, logger, unknown: () => unknown };
}

const failure = async (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: unknown) => error as ArchiveError,
  );

describe('the organization of the OAuth client', () => {
  it('is not asked for where none is configured', async () => {
    const { ask, asked } = pinned(undefined, {});
    expect(await ask()).toBe('not-asked');
    expect(asked).toEqual([]);
  });

  it('is asked for once, however many wait for it, in upper and lower case', async () => {
    const { ask, asked } = pinned(OWN, { organizations: [{ body: { id: OWN.toUpperCase() } }] });
    expect(await Promise.all([ask(), ask(), ask()])).toEqual(['same', 'same', 'same']);
    expect(await ask()).toBe('same');
    expect(asked).toEqual(['GET api/v2/organizations/me']);
  });

  it('is refused when it is another one, with both settings named and the id that the platform states', async () => {
    const { ask } = pinned(OWN, { organizations: [{ body: { id: OTHER } }] });
    const error = await failure(ask());
    expect(error).toMatchObject({ code: 'ORGANIZATION_MISMATCH', retryable: false });
    expect(error?.message).toContain(OTHER);
    expect(error?.message).toContain('GENESYS_ORGANIZATION_ID');
  });

  it('is refused when the configured id is a name of one’s own', async () => {
    const { ask } = pinned('acme', { organizations: [{ body: { id: OTHER } }] });
    expect(await failure(ask())).toMatchObject({ code: 'ORGANIZATION_MISMATCH' });
  });

  it('is looked at again after a refusal: the credentials may have been exchanged', async () => {
    const { ask } = pinned(OWN, { organizations: [{ body: { id: OTHER } }, { body: { id: OWN } }] });
    expect(await failure(ask())).toMatchObject({ code: 'ORGANIZATION_MISMATCH' });
    expect(await ask()).toBe('same');
  });

  it.each<[string, Scripted]>([
    ['forbidden', { status: 403 }],
    ['not served', { status: 404 }],
    ['answered without an id', { body: { name: 'Acme' } }],
    ['answered with what is no id', { body: { id: 17 } }],
    ['answered with what is no JSON', { body: '<html>' }],
  ])('is told by the token where the first endpoint is %s', async (_name, organizations) => {
    const { ask, asked, unknown } = pinned(OWN, {
      organizations: [organizations],
      tokens: [{ body: { organization: { id: OWN } } }],
    });
    expect(await ask()).toBe('same');
    expect(asked).toEqual(['GET api/v2/organizations/me', 'GET api/v2/tokens/me']);
    expect(unknown()).toBe(0);
  });

  it('is refused when only the token tells that it is another one', async () => {
    const { ask } = pinned(OWN, {
      organizations: [{ status: 403 }],
      tokens: [{ body: { organization: { id: OTHER } } }],
    });
    expect(await failure(ask())).toMatchObject({ code: 'ORGANIZATION_MISMATCH' });
  });

  it('is unknown where neither endpoint tells: one warning, one count, and the work goes on', async () => {
    const { ask, asked, logger, unknown } = pinned(OWN, {
      organizations: [{ status: 403 }],
      tokens: [{ status: 403 }],
    });
    expect([await ask(), await ask()]).toEqual(['unknown', 'unknown']);
    expect(asked).toHaveLength(2);
    expect(unknown()).toBe(1);
    expect(logger.lines).toEqual([expect.stringMatching(/"level":"warn".*was not compared/) as string]);
  });

  it('is asked for again after a failure of the platform, which is no answer', async () => {
    const outage = new ArchiveError('GENESYS_UNAVAILABLE', 'GET was answered with 503');
    const { ask } = pinned(OWN, { organizations: [{ error: outage }, { body: { id: OWN } }] });
    expect(await failure(ask())).toMatchObject({ code: 'GENESYS_UNAVAILABLE', retryable: true });
    expect(await ask()).toBe('same');
  });

  it('lets a caller give up without taking the answer from the others', async () => {
    const { api } = scriptedApi({ organizations: [{ body: { id: OWN } }] });
    const slow: GenesysApi = {
      call: async (request, budget) => {
        await new Promise((resolve) => setTimeout(resolve, 20));
        return api.call(request, budget);
      },
    };
    const pin = pinOrganization({ organizationId: OWN, clock: fastClock(), logger: recordingLogger() });
    const impatient = new AbortController();
    const both = Promise.allSettled([
      pin(slow, { ...unlimited, signal: impatient.signal }),
      pin(slow, unlimited),
    ]);
    impatient.abort(new ArchiveError('INTERRUPTED', 'stop'));
    const [one, other] = await both;
    expect(one).toMatchObject({ status: 'rejected', reason: { code: 'INTERRUPTED' } });
    expect(other).toMatchObject({ value: 'same' });
  });
});

describe('calls that change something on the platform', () => {
  it('wait for the comparison and are not made when it refuses; reading goes on', async () => {
    const { api, asked } = scriptedApi({ tokens: [{}] });
    const refusal = new ArchiveError('ORGANIZATION_MISMATCH', 'another one');
    const gated = gateChanges(api, () => Promise.reject(refusal));
    const path = ['api', 'v2', 'conversations', 'c'];
    expect(await failure(gated.call({ method: 'PATCH', path }, unlimited))).toBe(refusal);
    expect(asked).toEqual([]);
    await gated.call({ method: 'GET', path }, unlimited);
    expect(asked).toEqual(['GET api/v2/conversations/c']);
  });
});
