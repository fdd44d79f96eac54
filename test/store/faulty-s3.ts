import { AbortMultipartUploadCommand, ListMultipartUploadsCommand } from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import { abortReason, type Budget, type Clock, unlimited } from '../../src/clock.ts';
import type { LogFields, Logger } from '../../src/log.ts';
import type { ObjectStore } from '../../src/ports.ts';
import type { S3ErrorCode, S3Fault, S3Operation } from '../../packages/simulator/src/s3/s3.ts';
import { createS3Client } from '../../src/store/s3/client.ts';
import { bodyOf, contentOf, readAll, sha256 } from './bytes.ts';
import { PART_BYTES } from './s3-under-test.ts';
import { type SimulatedS3, useSimulatedS3 } from './simulated-s3.ts';

/** One request. */
export const SMALL = contentOf(1000);
/** Two parts. */
export const LARGE = contentOf(PART_BYTES + 1);
export const OPTIONS = { metadata: { iv: 'AAECAwQFBgcICQoL' }, contentType: 'audio/wav' };

/** A store on the simulator's endpoint, which can be told to fail, and a clock on which waiting takes no time. */
export class FaultyS3 {
  #s3: SimulatedS3 | undefined;
  #store: ObjectStore | undefined;
  #serial = 0;
  key = '';
  /** Delays that were waited for, ms. */
  readonly slept: number[] = [];
  readonly logged: { message: string; fields: LogFields }[] = [];
  /** Epoch ms; its time passes by waiting only, however slow the machine is. */
  #began = Date.now();
  #ahead = 0;
  readonly clock: Clock = {
    now: () => this.#began + this.#ahead,
    sleep: (ms, signal) => this.sleep(ms, signal),
    random: () => 0.999,
  };
  sleep: Clock['sleep'] = (ms, signal) => this.#skip(ms, signal);

  /** Makes one for the tests of a file, each of which begins without faults and has to leave no open upload. */
  static forTests(): FaultyS3 {
    const faulty = new FaultyS3();
    beforeAll(async () => {
      faulty.#s3 = await useSimulatedS3();
    });
    beforeEach(() => {
      faulty.renewKey();
      faulty.slept.length = 0;
      faulty.logged.length = 0;
      faulty.#began = Date.now();
      faulty.#ahead = 0;
      faulty.sleep = (ms, signal) => faulty.#skip(ms, signal);
      const logger: Logger = {
        log: (_level, message, fields = {}) => faulty.logged.push({ message, fields }),
      };
      faulty.#store = faulty.s3.proxied({ clock: faulty.clock, logger });
    });
    afterEach(async () => {
      faulty.s3.server.faults.clear();
      faulty.s3.proxy.faults.length = 0;
      expect(await faulty.s3.leftovers()).toEqual([]);
    });
    afterAll(async () => {
      await faulty.s3.close();
    });
    return faulty;
  }

  async #skip(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted === true) throw abortReason(signal);
    this.slept.push(ms);
    this.#ahead += ms;
  }

  get s3(): SimulatedS3 {
    if (this.#s3 === undefined) throw new Error('the server was not started');
    return this.#s3;
  }

  get store(): ObjectStore {
    if (this.#store === undefined) throw new Error('the store was not opened');
    return this.#store;
  }

  renewKey(): void {
    this.key = `faults/${++this.#serial}`;
  }

  put(content: Uint8Array, budget: Budget = unlimited) {
    return this.store.put(this.key, bodyOf(content), OPTIONS, budget);
  }

  inject(operation: S3Operation, fault: S3Fault, times = 1, skip = 0): void {
    this.s3.server.faults.add({ operation, fault, times, skip });
  }

  fail(operation: S3Operation, code: S3ErrorCode, times = 1, skip = 0): void {
    this.inject(operation, { kind: 'error', code }, times, skip);
  }

  /** Operations the endpoint was asked for since `work` began. */
  async during(work: () => Promise<unknown>): Promise<(S3Operation | undefined)[]> {
    const before = this.s3.server.requests.length;
    await work();
    return this.s3.server.requests.slice(before).map(({ operation }) => operation);
  }

  async expectStored(content: Uint8Array): Promise<void> {
    const got = await this.store.get(this.key, unlimited);
    expect(got.stat.metadata).toEqual(OPTIONS.metadata);
    expect(sha256(await readAll(got.body))).toBe(sha256(content));
  }

  /** A client of the same server that waits for an answer for `idleMs` only. */
  impatientClient(idleMs: number): ReturnType<typeof createS3Client> {
    const { AWS_ACCESS_KEY_ID = '', AWS_SECRET_ACCESS_KEY = '' } = this.s3.server.environment();
    return createS3Client({
      endpoint: this.s3.server.url,
      region: 'us-east-1',
      credentials: { accessKeyId: AWS_ACCESS_KEY_ID, secretAccessKey: AWS_SECRET_ACCESS_KEY },
      forcePathStyle: true,
      timeouts: { idleMs },
    });
  }

  /** Those whose creation was answered by silence, or whose abort was refused: a lifecycle rule's business. */
  async abandonUploads(): Promise<void> {
    const { client, bucket } = this.s3;
    const open = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }));
    for (const { Key, UploadId } of open.Uploads ?? []) {
      await client.send(new AbortMultipartUploadCommand({ Bucket: bucket, Key, UploadId }));
    }
  }
}
