import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { consoleReaderStatements } from '../../../infra/console/statements.ts';
import type { ArchiveResources } from '../../../infra/access/policies.ts';
import { type AwsCall, recordAwsCalls } from '../../e2e/aws-call-recorder.ts';
import { missing, unused } from '../../e2e/compare-grants.ts';
import {
  CATALOGUE,
  type ConsoleWorld,
  openConsoleWorld,
  runConsole,
  type Streamed,
  TOKEN,
  urlEvent,
} from '../../e2e/console-world.ts';
import { ORGANIZATION } from '../../e2e/lambda-function.ts';

/** The function of the console as it ships: what it answers, and what it asks of AWS, compared with its roles. */

let dir: string;
let own: ConsoleWorld;
let calls: readonly AwsCall[];
let answers: readonly Streamed[];
let output: string;
let refused: readonly Streamed[];
let broken: readonly Streamed[];

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'iam-console-'));
  own = await openConsoleWorld(dir);
  const [first] = own.world.simulator.recordings;
  const id = first?.id ?? '';
  const cookie = own.cookieOf({ roles: ['auditor', 'custodian', 'operator'] });
  const overseer = own.cookieOf({ sub: 'Olga Ö.', roles: ['overseer'] });
  const recorder = await recordAwsCalls(own.environment, (_service, name) => name);
  const range = { range: 'bytes=0-' };
  const events = [
    urlEvent('GET', '/', { headers: { 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate' } }),
    urlEvent('GET', '/auth/login', { headers: { 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate' } }),
    urlEvent('GET', '/api/me', { cookie }),
    urlEvent('GET', '/api/recordings', { cookie }),
    urlEvent('GET', `/api/recordings/${id}`, { cookie }),
    urlEvent('POST', '/api/listens', { cookie, json: { recording: id } }),
    urlEvent('GET', '{{5.media}}', { cookie, headers: range }),
    urlEvent('HEAD', '{{5.media}}', { cookie }),
    urlEvent('GET', '{{5.media}}', { cookie: overseer, headers: range }),
    urlEvent('POST', '/api/listens/{{5.listen}}/end', { cookie, json: { heard: [[0, 1]] } }),
    urlEvent('GET', `/api/recordings/${id}/verification?depth=full`, { cookie }),
    urlEvent('GET', `/api/recordings/${id}/peaks`, { cookie }),
    urlEvent('POST', '/api/holds', { cookie, json: { matter: 'case 7', recordings: [id] } }),
    urlEvent('GET', '/api/holds', { cookie }),
    urlEvent('GET', '/api/work', { cookie }),
    urlEvent('GET', '/api/completeness?year=2026', { cookie }),
    urlEvent('GET', '/api/access', { cookie: overseer }),
    urlEvent('GET', '/api/about', { cookie }),
    urlEvent('GET', '/api/me', { cookie, headers: { 'x-viewer-host': 'evil.example.com' } }),
    urlEvent('GET', '/api/me', { cookie, headers: { 'x-viewer-host': '' } }),
    urlEvent('GET', '/health'),
  ];
  ({ answers, output } = await runConsole(dir, events, recorder.environment));
  ({ calls } = recorder);
  await recorder.close();
  own.refuse = { status: 403, code: 'AccessDenied' };
  const asking = urlEvent('GET', '/api/recordings', { cookie });
  ({ answers: refused } = await runConsole(dir, [asking], own.environment));
  const without = { ...own.environment, ARCHIVE_CONSOLE_ROLE_ARN: '' };
  ({ answers: broken } = await runConsole(dir, [asking, asking], without));
}, 180_000);

afterAll(async () => {
  await own.close();
  await rm(dir, { recursive: true, force: true });
});

const json = (index: number) => JSON.parse(answers[index]?.body.toString() ?? '') as Record<string, unknown>;

describe('the function of the console', () => {
  it('answers what the console answers elsewhere, through a response stream', () => {
    expect({ output, statuses: answers.map(({ statusCode }) => statusCode) }).toEqual({
      output,
      statuses: [
        303, 303, 200, 200, 200, 201, 206, 200, 403, 204, 200, 200, 201, 200, 200, 200, 200, 200, 421, 421,
        200,
      ],
    });
    expect(answers.every(({ broken: isBroken }) => !isBroken)).toBe(true);
    expect(answers[1]?.cookies[0]).toMatch(/^__Secure-gma_console_login=.*HttpOnly/);
    expect(json(2)).toMatchObject({ name: 'Ada', signIn: 'provider' });
    expect(json(3)).toMatchObject({ items: [{ state: 'archived' }, { state: 'archived' }] });
    const sound = answers[6];
    expect(sound?.headers).toMatchObject({
      'content-range': `bytes 0-${(sound?.body.length ?? 0) - 1}/${sound?.body.length ?? 0}`,
      'content-security-policy': expect.stringContaining("default-src 'none'") as string,
    });
    // a stream has no other length than its own
    expect(sound?.headers).not.toHaveProperty('content-length');
    expect(sound?.body.subarray(0, 4).toString()).toBe('RIFF');
    expect([answers[7]?.body.length, answers[20]?.body.length]).toEqual([0, 0]);
    expect(answers[11]?.body.subarray(0, 4).toString()).toBe('GMP1');
    const { licences } = json(17) as { licences: { name: string }[] };
    expect(licences.length).toBeGreaterThan(20);
  });

  it('reaches the archive under the name of the person and the session, once for each', () => {
    const names = own.assumed.map((form) => [form.get('Action'), form.get('RoleSessionName')]);
    expect(names.slice(0, 2)).toEqual([
      ['AssumeRole', expect.stringMatching(/^ada@example\.com-[0-9a-f]{16}$/)],
      ['AssumeRole', expect.stringMatching(/^Olga--\.-[0-9a-f]{16}$/)],
    ]);
    expect(own.assumed.length).toBe(3);
    const listed = json(16)['items'] as { action: string; session: string }[];
    const sessions = listed.filter(({ action }) => action === 'listen' || action === 'read');
    expect(sessions).toHaveLength(2);
    const [, name = ''] = names[0] ?? [];
    for (const { session } of sessions) expect(name?.endsWith(session.split('.')[0] ?? '-')).toBe(true);
  });

  it('asks for nothing that its roles lack, and they have nothing that it does not ask for', () => {
    const resources: ArchiveResources = {
      bucketArn: 'arn:aws:s3:::recordings',
      bucketName: 'recordings',
      catalogueBucketArn: `arn:aws:s3:::${CATALOGUE}`,
      keyArn: 'alias/recordings',
      organizationId: ORGANIZATION,
      queueArn: '',
      deadLetterQueueArn: '',
      logGroupArn: '',
      secretArns: [],
    };
    const [secrets, reached] = [
      calls.filter(({ action }) => action.startsWith('secretsmanager:')),
      calls.filter(({ action }) => !action.startsWith('secretsmanager:')),
    ];
    const { ARCHIVE_CONSOLE_SECRET_ARN: secret, ARCHIVE_SIGNING_KEY_SECRET_ARN: signing } = own.environment;
    expect(new Set(secrets.map(({ resource }) => resource))).toEqual(new Set([secret, signing]));
    const statements = consoleReaderStatements(resources);
    expect(missing(statements, reached)).toEqual([]);
    // no log, no erasure, nothing that a rule let go, no job, no context and no transcript is in this archive
    const left = unused(statements, reached).filter(
      (grant) => !/\/(?:proof|erasures|removals|links|jobs|context|transcripts)\/|\/control\//.test(grant),
    );
    expect(left).toEqual([]);
    const writes = reached.filter(({ action }) => action === 's3:PutObject');
    expect(writes.every(({ resource }) => /\/(?:access|holds|peaks)\//.test(resource))).toBe(true);
  });

  it('shows nothing where the role cannot be assumed, and says so to the person', () => {
    expect(refused[0]?.statusCode).toBe(503);
    expect(refused[0]?.body.toString()).toContain('ROLE_NOT_ASSUMED');
  });

  it('says no more than a code where its settings are wrong, and prints no secret', () => {
    for (const answer of broken) {
      expect(answer.statusCode).toBe(503);
      expect(answer.body.toString()).not.toContain('ARCHIVE_CONSOLE');
    }
    for (const canary of [...own.world.canaries, 'canary-client-secret', TOKEN])
      expect(output).not.toContain(canary);
  });
});
