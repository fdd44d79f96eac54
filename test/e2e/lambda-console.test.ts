import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openConsoleWorld, readStream, TOKEN, urlEvent } from './console-world.ts';
import { startFunction } from './lambda-function.ts';

/** The function of the console in the runtime that AWS runs functions in, which streams its answers. */
const { TEST_LAMBDA_RUNTIME: runtime, TEST_LAMBDA_NODES } = process.env;
const nodes = TEST_LAMBDA_NODES?.split(',') ?? [process.execPath];
const needs = runtime === undefined ? ' [needs: TEST_LAMBDA_RUNTIME]' : '';

describe.skipIf(runtime === undefined).each(nodes)(`the console under aws-lambda-ric${needs}, %s`, (node) => {
  it('streams the page’s answers: head, body, nothing where there is nothing, and sound after its entry', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'lambda-console-'));
    const own = await openConsoleWorld(dir);
    onTestFinished(async () => {
      await own.close();
      await rm(dir, { recursive: true, force: true });
    });
    const lambda = await startFunction({
      node,
      runtime: runtime ?? '',
      handler: 'lambda/console.handler',
      environment: { ...own.environment, LAMBDA_TASK_ROOT: resolve('dist') },
    });
    expect(lambda.startError).toBeUndefined();
    const cookie = own.cookieOf({ roles: ['auditor'] });
    const asked = async (event: object) => {
      const { stream, error } = await lambda.invoke(event);
      expect(error).toBeUndefined();
      expect(stream?.contentType).toBe('application/vnd.awslambda.http-integration-response');
      return readStream(stream?.bytes ?? Buffer.alloc(0), stream?.broken);
    };
    const health = await asked(urlEvent('GET', '/health'));
    expect([health.statusCode, health.body.length]).toEqual([200, 0]);
    const page = await asked(
      urlEvent('GET', '/', { cookie, headers: { 'sec-fetch-site': 'none', 'accept-encoding': 'br' } }),
    );
    expect([page.statusCode, page.headers['content-encoding']]).toEqual([200, 'br']);
    const [recording] = own.world.simulator.recordings;
    const json = { recording: recording?.id ?? '' };
    const granted = await asked(urlEvent('POST', '/api/listens', { cookie, json }));
    expect(granted.statusCode).toBe(201);
    const { media } = JSON.parse(granted.body.toString()) as { media: string };
    const sound = await asked(urlEvent('GET', media, { cookie, headers: { range: 'bytes=0-' } }));
    expect([sound.statusCode, sound.broken]).toEqual([206, false]);
    expect(sound.body.length).toBe(recording?.bytes);
    const stranger = await asked(urlEvent('GET', media, { cookie: own.cookieOf({ roles: ['auditor'] }) }));
    expect(stranger.statusCode).toBe(404);
    for (const canary of [...own.world.canaries, 'canary-client-secret', TOKEN])
      expect(lambda.output()).not.toContain(canary);
  }, 60_000);
});
