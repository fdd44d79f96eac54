import { generateKeyPairSync, randomBytes } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { archiveRequest } from '../../src/archive/archive-request.ts';
import { createReceiptSigner } from '../../src/record/receipt/receipt.ts';
import { unlimited } from '../../src/clock.ts';
import { createStaticEnvelope } from '../../src/envelope/static-gcm.ts';
import { type Connection, connect } from '../genesys/connect.ts';
import { type ProxiedS3, useProxiedS3 } from '../store/answer-proxy.ts';
import { PART_BYTES, type S3UnderTest } from '../store/s3-under-test.ts';
import type { SimulatedS3 } from '../store/simulated-s3.ts';
import { only } from './set-up.ts';

const CHECKSUM = 'x-amz-checksum-sha256';

describe('what the archive asks S3 for once more after writing it', () => {
  let s3: SimulatedS3;
  let proxied: ProxiedS3;
  let subject: S3UnderTest;
  let connection: Connection;
  let change: (headers: IncomingHttpHeaders) => void = () => {};

  beforeAll(async () => {
    proxied = await useProxiedS3((headers) => change(headers));
    ({ s3, subject } = proxied);
    // once a process, after the first object that is missing, the store asks for the bucket
    await subject.store.head('none', unlimited);
    connection = await connect({
      simulator: { recordings: [{ seconds: 1 }, { seconds: 1 }, { bytes: PART_BYTES + 1000 }] },
    });
  });
  afterEach(() => {
    change = () => {};
  });
  afterAll(async () => {
    await connection.close();
    await proxied.close();
  });

  /** Archives one recording; `operation folder` of every request, in order. */
  async function archive(which: number): Promise<readonly string[]> {
    const { resolver, opener, references, clock, logger, simulator } = connection;
    const recording = simulator.recordings[which];
    if (recording === undefined) throw new Error('the simulator has no such recording');
    const signer = createReceiptSigner(generateKeyPairSync('ed25519').privateKey);
    const ports = {
      resolver,
      opener,
      references,
      clock,
      logger,
      signer,
      store: subject.store,
      envelope: createStaticEnvelope(randomBytes(32)),
    };
    const before = s3.server.requests.length;
    const request = {
      dialect: 'media',
      mediaId: recording.id,
      interactionId: recording.interactionId,
      occurredAt: Date.UTC(2026, 4, 20),
    } as const;
    expect(await only(archiveRequest(ports, request, unlimited))).toMatchObject({ state: 'archived' });
    return s3.server.requests
      .slice(before)
      .map(({ operation, key }) => `${operation} ${/some\/prefix\/(\w+)/.exec(key ?? '')?.[1]}`);
  }

  it('is the recording, and neither its receipt nor the mark of its link', async () => {
    expect(await archive(0)).toEqual([
      'HeadObject archive',
      'HeadObject erasures',
      'PutObject archive',
      'HeadObject archive',
      'PutObject receipts',
      'PutObject links',
    ]);
  });

  it('is everything, on a server that does not state what it has written', async () => {
    change = (headers) => delete headers[CHECKSUM];
    expect(await archive(1)).toEqual([
      'HeadObject archive',
      'HeadObject erasures',
      'PutObject archive',
      'HeadObject archive',
      'PutObject receipts',
      'HeadObject receipts',
      'PutObject links',
      'HeadObject links',
    ]);
  });

  it('is a recording in parts too', async () => {
    const asked = await archive(2);
    expect(asked.slice(-4)).toEqual([
      'CompleteMultipartUpload archive',
      'HeadObject archive',
      'PutObject receipts',
      'PutObject links',
    ]);
  });
});
