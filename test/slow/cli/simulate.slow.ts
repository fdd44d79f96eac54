import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { verifyWebhookSignature } from '../../../src/events/webhook-signature.ts';
import { makeDirectory, runCli, type RunningCli, startCli } from '../../cli/run-cli.ts';

let dir: string;
let remove: () => Promise<void>;
beforeEach(async () => {
  ({ dir, remove } = await makeDirectory());
});
afterEach(() => remove());

async function stop(running: RunningCli) {
  running.kill('SIGINT');
  return running.end;
}

describe('simulate', () => {
  it('prints settings to paste, with which everything works, over S3 too; Ctrl-C is its normal end', async () => {
    const running = startCli([
      'simulate',
      '--recordings',
      '2',
      '--s3',
      path.join(dir, 's3'),
      '--fault',
      'media:503',
    ]);
    await running.shows('then: ');
    const exports = [...running.stdout().matchAll(/^export (\w+)=(.*)$/gm)];
    const env = {
      ...Object.fromEntries(exports.map(([, name, value]) => [name, value] as [string, string])),
      ENCRYPTION_KEY_HEX: randomBytes(32).toString('hex'),
    };
    const events = startCli(['simulate', '--recordings', '2', '--events', '--shape', 'bare']);
    await events.shows('Ctrl-C ends it');
    await events.shows('interactionId');
    const input = (await stop(events)).stdout;
    expect(input.trimEnd().split('\n')).toHaveLength(2);
    const archived = await runCli(['archive', '--event', '-'], { env, input });
    expect(archived.code).toBe(0);
    const listed = await runCli(['list', '-q'], { env });
    expect(listed.stdout.trimEnd().split('\n')).toHaveLength(2);
    const [, first = ''] = /^then: \S+ \S+cli\.mjs (archive --media .*)$/m.exec(running.stderr()) ?? [];
    expect(await runCli(first.split(' '), { env })).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^found /) as unknown,
    });
    const result = await stop(running);
    expect(result.code).toBe(0);
    expect(result.stderr).toMatch(/^api {3}503 GET \/api\/v2\/media\/\S+ {2}fault: status$/m);
    expect(result.stderr).toMatch(/^s3 {4}200 PUT \/simulated-archive\/archive\//m);
  });

  it('prints JSON', async () => {
    const running = startCli(['simulate', '--recordings', '1', '--json', '--events', '-q']);
    await running.shows('"type":"event"');
    const [simulator, event] = (await stop(running)).records();
    expect(simulator).toMatchObject({
      type: 'simulator',
      schemaVersion: 1,
      environment: { GENESYS_CLIENT_ID: 'simulator-client' },
      recordings: [{ id: expect.any(String) as unknown }],
    });
    expect(event).toMatchObject({ event: { detail: { data: { eventType: 'media' } } } });
  });

  it('posts signed webhooks to this machine', async () => {
    const received: { readonly raw: Buffer; readonly headers: IncomingMessage['headers'] }[] = [];
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        received.push({ raw: Buffer.concat(chunks), headers: request.headers });
        response.end();
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const secret = 'a-secret-of-the-test';
    const running = startCli(
      ['simulate', '--recordings', '3', '--emit', '2', '--post', `http://127.0.0.1:${port}/hook`],
      { env: { ARCHIVE_WEBHOOK_SECRET: secret } },
    );
    while (received.length < 2) await new Promise((resolve) => setTimeout(resolve, 10));
    const result = await stop(running);
    server.close();
    server.closeAllConnections();
    expect(result.code).toBe(0);
    expect(received).toHaveLength(2);
    for (const { raw, headers } of received) {
      const { 'x-hub-signature-256': signature } = headers;
      const given = { 'x-hub-signature-256': String(signature) };
      expect(verifyWebhookSignature({ raw, headers: given, secrets: [secret] })).toBe(true);
    }
  });

  it.each([
    [['--fault', 'media:nonsense'], '"nonsense" is no fault; there are'],
    [['--shape', 'round'], 'shapes: eventbridge, webhook, bare'],
    [['--post', 'https://example.com/hook'], '[URL_REFUSED]'],
    [['--media', '/nowhere'], 'the media folder /nowhere cannot be read'],
  ])('%j: exit 2', async (args, message) => {
    const result = await runCli(['simulate', ...args]);
    expect(result).toMatchObject({ code: 2, stdout: '' });
    expect(result.stderr).toContain(message);
  });

  it('names the days of a past in the command that it suggests', async () => {
    const running = startCli(['simulate', '--recordings', '3', '--from', '2026-01-01', '--to', '2026-01-02']);
    await running.shows('then: ');
    expect((await stop(running)).stderr).toMatch(/ backfill --from 2026-01-01 --to 2026-01-0[12] --wait$/m);
  });

  it('says when its port is taken', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const result = await runCli(['simulate', '--port', String(port)]);
    server.close();
    expect(result.code).toBe(2);
    expect(result.stderr).toContain(`cannot listen on port ${port}: Error EADDRINUSE`);
  });

  it('--help explains faults and shapes', async () => {
    const { stdout } = await runCli(['simulate', '--help']);
    expect(stdout).toContain('\nShapes of events:\n  eventbridge, webhook');
    expect(stdout).toContain('\nFaults:\n  FAULT is TARGET');
  });
});
