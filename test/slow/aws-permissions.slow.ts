import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listRecordings } from '../../src/audit/find-recording.ts';
import { verifyRecording } from '../../src/audit/read-recording.ts';
import { unlimited } from '../../src/clock.ts';
import { loadConfig } from '../../src/config/config.ts';
import { createArchiver, createReader } from '../../src/create/archiver.ts';
import { parseEvent } from '../../src/events/parse-event.ts';
import { type Simulator, startSimulator } from '../../packages/simulator/src/simulator.ts';
import { openStore } from '../../src/store/open-store.ts';

/** https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html */
const ACTION_OF: Readonly<Record<string, string>> = {
  PutObject: 's3:PutObject',
  CreateMultipartUpload: 's3:PutObject',
  UploadPart: 's3:PutObject',
  CompleteMultipartUpload: 's3:PutObject',
  AbortMultipartUpload: 's3:AbortMultipartUpload',
  HeadObject: 's3:GetObject',
  GetObject: 's3:GetObject',
  ListObjectsV2: 's3:ListBucket',
  HeadBucket: 's3:ListBucket',
};

interface Policy {
  Statement: { Action: string[]; Resource: string[] }[];
}

async function policy(name: string): Promise<Policy> {
  const text = await readFile('docs/aws-permissions.md', 'utf8');
  const [, json = ''] = new RegExp(`\`\`\`json ${name}\\n([^\`]+)\`\`\``).exec(text) ?? [];
  return JSON.parse(json) as Policy;
}

function allows({ Statement }: Policy, action: string, key: string): boolean {
  return Statement.some(
    ({ Action, Resource }) =>
      Action.includes(action) &&
      Resource.some((resource) => {
        const pattern = resource.replace('arn:aws:s3:::BUCKET', '').replace(/^\//, '');
        if (action === 's3:ListBucket') return pattern === '';
        return pattern.endsWith('*') && key.startsWith(pattern.slice(0, -1));
      }),
  );
}

describe('docs/aws-permissions.md', () => {
  let dir: string;
  let simulator: Simulator;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'permissions-'));
    simulator = await startSimulator({
      recordings: [{ seconds: 1 }, { bytes: 20_000_000 }, { bytes: 18_000_000 }],
      statesStartTime: false,
      s3: { dir, bucket: 'bucket' },
    });
  });
  afterAll(async () => {
    await simulator.close();
    await rm(dir, { recursive: true, force: true });
  });

  it('grants what an end-to-end run asks for: nothing missing, nothing unused', async () => {
    const env: Record<string, string> = {
      ...simulator.environment(),
      ENCRYPTION_KEY_HEX: 'ab'.repeat(32),
    };
    const config = loadConfig({ env }, 'archive');
    const store = await openStore(config.store, {
      s3: {
        endpoint: env['AWS_ENDPOINT_URL_S3'] ?? '',
        region: env['AWS_REGION'] ?? '',
        credentials: {
          accessKeyId: env['AWS_ACCESS_KEY_ID'] ?? '',
          secretAccessKey: env['AWS_SECRET_ACCESS_KEY'] ?? '',
        },
        forcePathStyle: true,
      },
    });
    const archiver = await createArchiver(config, { store });
    const [small, large, broken] = simulator.recordings;
    const archive = async (id = '', shape: 'eventbridge' | 'bare' = 'eventbridge') => {
      const parsed = parseEvent(simulator.event(id, shape));
      if (parsed.kind === 'requests') for (const request of parsed.requests) await archiver.archive(request);
    };
    await archive(small?.id);
    await archive(small?.id); // a redelivery
    await archive(large?.id, 'bare'); // in parts, with a claim
    await archive(large?.id, 'bare');
    simulator.faults.add({
      on: 'download',
      times: 99,
      fault: { kind: 'cut', atByte: 12_000_000, keepLength: true },
    });
    simulator.faults.add({ on: 'download', times: 99, fault: { kind: 'no-range' } });
    await expect(archive(broken?.id)).rejects.toHaveProperty('code'); // an upload that is aborted
    archiver.close();
    const written = [...(simulator.s3?.requests ?? [])];

    const reader = await createReader(config);
    for await (const { key } of listRecordings(store, {}, unlimited)) {
      await verifyRecording({ store, reader }, key, unlimited);
    }
    const read = (simulator.s3?.requests ?? []).slice(written.length);

    for (const [name, asked] of [
      ['writer', written],
      ['auditor', read],
    ] as const) {
      const granted = await policy(name);
      const denied = asked.filter(
        ({ operation, key }) => !allows(granted, ACTION_OF[operation ?? ''] ?? 'unknown', key),
      );
      expect(denied).toEqual([]);
      const used = new Set(asked.map(({ operation }) => ACTION_OF[operation ?? '']));
      const unused = granted.Statement.flatMap(({ Action }) => Action).filter((action) => !used.has(action));
      expect(unused).toEqual([]);
    }
  });
});
