import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type SimulatorOptions, startSimulator } from '../../../packages/simulator/src/simulator.ts';
import { unlimited } from '../../../src/clock.ts';
import { loadConfig } from '../../../src/config/config.ts';
import { createArchiver } from '../../../src/create/archiver.ts';
import { openRelease } from '../../../src/create/quarantine.ts';
import { parseEvent } from '../../../src/events/parse-event.ts';
import type { ReleasePorts } from '../../../src/keep/quarantine/release-types.ts';
import type { ObjectStore, ObjectVersion, VersionedStore } from '../../../src/ports.ts';
import { type FastClock, fastClock } from '../../fast-clock.ts';
import { recordingLogger } from '../../recording-logger.ts';
import { type MapStore, mapStore } from '../../archive/map-store.ts';

export const QUARANTINE_RULES = {
  schema: 'genesys-media-archive/quarantine/v1',
  rules: [{ name: 'pii', annotations: ['pii'], for: '30d' }],
} as const;

/** Marks of the platform on the one recording of the one conversation. */
export const MARKED: SimulatorOptions = { conversations: [{ recordings: [{ annotated: ['pii'] }] }] };

/** Everything real but the store, which is a map that can be put back. */
export async function makeQuarantineWorld(
  options: SimulatorOptions = MARKED,
  {
    env = {},
    store = mapStore(),
    clock = fastClock(),
  }: { readonly env?: Record<string, string>; readonly store?: ObjectStore; readonly clock?: FastClock } = {},
) {
  const simulator = await startSimulator({ now: () => clock.now(), ...options });
  const dir = await mkdtemp(path.join(tmpdir(), 'quarantine-'));
  const signingKey = path.join(dir, 'signing.pem');
  const { privateKey } = generateKeyPairSync('ed25519');
  await writeFile(signingKey, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  const settings = {
    ...simulator.environment(),
    GENESYS_API: 'recordings',
    GENESYS_ORGANIZATION_ID: simulator.world.organizationId,
    ENCRYPTION_KEY_HEX: randomBytes(32).toString('hex'),
    ARCHIVE_STORE: `file:${dir}/store`,
    ARCHIVE_SIGNING_KEY_FILE: signingKey,
    ARCHIVE_QUARANTINE: JSON.stringify(QUARANTINE_RULES),
    ARCHIVE_SETTLE: '0s',
    ARCHIVE_CONTEXT: '1',
    ARCHIVE_WRITE_BACK: 'external-tag',
    ...env,
  };
  const logger = recordingLogger();
  const configOf = (more: Record<string, string> = {}) =>
    loadConfig({ env: { ...settings, ...more } }, 'archive');
  const config = configOf();
  const archiver = await createArchiver(config, { clock, logger, store });
  const [conversation] = simulator.world.conversations;
  if (conversation === undefined) throw new Error('no conversation');
  const deliver = async (from = archiver) => {
    const parsed = parseEvent(simulator.conversationEvent(conversation.id), { api: config.genesys.api });
    const results = [];
    for (const request of parsed.kind === 'requests' ? parsed.requests : [])
      results.push(...(await from.archive(request, unlimited)));
    return results;
  };
  const openPorts = async (changed: Partial<ReleasePorts> = {}): Promise<ReleasePorts> => ({
    ...(await openRelease(config, archiver, { clock, logger, store }, unlimited)),
    archive: 'objects' in store ? mapVersions(store as MapStore) : NO_VERSIONS,
    ...changed,
  });
  return {
    simulator,
    conversation,
    dir,
    settings,
    store,
    clock,
    logger,
    config,
    configOf,
    archiver,
    deliver,
    openPorts,
    downloads: () =>
      simulator.requests.filter(
        ({ route, status }) => route.startsWith('GET /genesys-media') && status === 200,
      ).length,
    close: async () => {
      archiver.close();
      await simulator.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

const unused = () => Promise.reject(new Error('not part of this world'));

const NO_VERSIONS: VersionedStore = {
  location: 'none:',
  versions: () => {
    throw new Error('not part of this world');
  },
  lockOf: unused,
  remove: unused,
  retain: unused,
  keptState: unused,
  setTag: unused,
  bucketLock: unused,
  abortUploads: unused,
};

/** The objects of a map, as the one version that each has. */
export function mapVersions({ objects }: MapStore): VersionedStore {
  return {
    ...NO_VERSIONS,
    location: 'map:',
    async *versions(prefix): AsyncGenerator<ObjectVersion> {
      for (const [key, { stat }] of [...objects].sort(([one], [other]) => (one < other ? -1 : 1))) {
        if (!key.startsWith(prefix)) continue;
        const { size, lastModified } = stat;
        yield await Promise.resolve({
          key,
          versionId: undefined,
          isLatest: true,
          isMarker: false,
          size,
          lastModified,
        });
      }
    },
    remove: ({ key }) => {
      objects.delete(key);
      return Promise.resolve('removed');
    },
    lockOf: ({ key }) => {
      const found = objects.get(key);
      return Promise.resolve(
        found && { legalHold: false, retainUntil: undefined, metadata: found.stat.metadata },
      );
    },
    bucketLock: () => Promise.resolve({ lock: 'none', defaultDays: undefined }),
    abortUploads: () => Promise.resolve(0),
  };
}
