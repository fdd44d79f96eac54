import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import path from 'node:path';
import { createLayout } from '../../record/layout.ts';
import type { Budget } from '../../clock.ts';
import { chooseArchive } from '../../config/archives/choose-archive.ts';
import {
  type ArchiveConfig,
  type ConfigFile,
  loadConfig,
  type RestoreConfig,
  revealKey,
  type StoreConfig,
} from '../../config/config.ts';
import { createReader, openConfiguredStore } from '../../create/archiver.ts';
import { describeForeign, toArchiveError } from '../../errors.ts';
import { FIRST_DAY } from '../../recording/time.ts';
import { parseStoreLocation } from '../../store/open-store.ts';
import { type CommandContext, readSettingsFile } from '../_context.ts';
import { checkCatalogue } from './catalogue.ts';
import { type DoctorCheck, failed, skip } from './check.ts';
import { checkClock, checkGenesys } from './genesys.ts';
import { checkKeyRecords } from './key-records.ts';
import { checkQuarantine } from './quarantine.ts';
import { checkRetention } from './retention.ts';
import { checkSigningKey } from './signing.ts';
import { describeProxies } from './proxies.ts';

/** Until then the AWS SDK and this program run on it; the SDK has announced that it will ask for 22. */
const OLDEST_NODE = [20, 19] as const;
const RECOMMENDED_NODE = 22;

const GENESYS_NAMES = ['GENESYS_CLIENT_ID', 'GENESYS_CLIENT_SECRET', 'GENESYS_ENVIRONMENT'] as const;

/** Each check stands by itself; what needs a part of the configuration that is broken is skipped, and says so. */
export async function* checkInstallation(
  context: CommandContext,
  budget: Budget,
): AsyncGenerator<DoctorCheck, void, undefined> {
  yield checkNode(process.versions.node);
  const settings = await readWhatCanBeRead(context);
  yield* settings.checks;
  if (settings.store !== undefined) yield describeProxies(context.env, settings.store, settings.archive);
  yield await checkKey(settings.restore);
  if (settings.archive !== undefined) yield await checkSigningKey(context, settings.archive, budget);
  if (settings.store === undefined) yield skip('store', 'its settings cannot be read');
  else {
    const store = await checkStore(context, settings.store, budget);
    yield store;
    const keyRecords = await checkKeyRecords(context, settings.archive ?? settings.store, budget);
    if (keyRecords !== undefined) yield keyRecords;
    // what cannot be reached is said once
    const isReached = store.status !== 'fail';
    if (isReached) {
      const retention = await checkRetention(context, settings.archive ?? settings.store, budget);
      if (retention !== undefined) yield retention;
      const quarantine = await checkQuarantine(context, settings.archive ?? settings.store, budget);
      if (quarantine !== undefined) yield quarantine;
    }
    if (isReached || settings.store.catalogue.store !== undefined) {
      const catalogue = await checkCatalogue(context, settings.store, budget);
      if (catalogue !== undefined) yield catalogue;
    }
  }
  if (settings.archive === undefined) {
    yield skip('genesys', settings.wantsGenesys ? 'its settings cannot be read' : 'not configured');
    return;
  }
  yield* await checkGenesys(context, settings.archive, budget);
  yield await checkClock(context, settings.archive, budget);
}

export function checkNode(version: string): DoctorCheck {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const detail = `Node.js ${version}, genesys-archive ${PACKAGE_VERSION}, ${process.platform} ${process.arch}`;
  if (major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1])) {
    return { name: 'node', status: 'fail', detail, fix: 'install Node.js 22 or later', code: 'USAGE' };
  }
  if (major < RECOMMENDED_NODE) {
    return {
      name: 'node',
      status: 'warn',
      detail: `${detail}; the AWS SDK will ask for 22 from January 2027`,
      fix: 'install Node.js 22 or later',
    };
  }
  return { name: 'node', status: 'ok', detail };
}

interface ReadableSettings {
  readonly checks: readonly DoctorCheck[];
  readonly store: StoreConfig | undefined;
  readonly restore: RestoreConfig | undefined;
  readonly archive: ArchiveConfig | undefined;
  readonly wantsGenesys: boolean;
}

/** Without any of Genesys's settings, an installation that only reads back is a sound one. */
async function readWhatCanBeRead(context: CommandContext): Promise<ReadableSettings> {
  const { env, flags, archive: chosen } = context;
  const problems: DoctorCheck[] = [];
  const attempt = <T>(read: () => T): T | undefined => {
    try {
      return read();
    } catch (error) {
      const { message, hint, code } = toArchiveError(error);
      problems.push({ name: 'configuration', status: 'fail', detail: message, fix: hint, code });
      return undefined;
    }
  };
  let file: ConfigFile | undefined;
  try {
    file = await readSettingsFile(context);
  } catch (error) {
    attempt(() => {
      throw error;
    });
  }
  const sources = { flags, env, file, archive: chosen };
  const own = quietly(() => chooseArchive(sources));
  const named = new Set(
    [flags, env, file?.values ?? {}, own?.section ?? {}, own?.variables ?? {}].flatMap(Object.keys),
  );
  const wantsGenesys = GENESYS_NAMES.some((name) => named.has(name) && env[name] !== '');
  const archive = wantsGenesys ? attempt(() => loadConfig(sources, 'archive')) : undefined;
  // problems of the larger purpose include those of the smaller ones: they are told once
  const told = problems.length > 0;
  const tryAgain = <T>(read: () => T): T | undefined => (told ? quietly(read) : attempt(read));
  const restore = archive ?? tryAgain(() => loadConfig(sources, 'restore'));
  const store = restore ?? quietly(() => loadConfig(sources, 'store'));
  const warnings = (archive ?? restore ?? store)?.warnings ?? [];
  const purpose =
    archive === undefined
      ? 'verify and restore; without Genesys Cloud, not archive'
      : 'archive, verify and restore';
  const sound: DoctorCheck[] = [{ name: 'configuration', status: 'ok', detail: `enough to ${purpose}` }];
  return {
    checks: [
      ...(problems.length > 0 ? problems : sound),
      ...warnings.map((detail): DoctorCheck => ({ name: 'configuration', status: 'warn', detail })),
    ],
    store,
    restore,
    archive,
    wantsGenesys,
  };
}

function quietly<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

async function checkKey(restore: RestoreConfig | undefined): Promise<DoctorCheck> {
  if (restore === undefined) return skip('key', 'its settings cannot be read');
  const { key: staticKey } = restore.encryption;
  if (staticKey === undefined) return checkKeySources(restore);
  const key = revealKey(staticKey);
  const different = new Set(key).size;
  key.fill(0);
  // 32 random bytes have some 30 different values; fewer than 16 do not happen by chance (p < 1e-9)
  if (different < 16) {
    return {
      name: 'key',
      status: 'warn',
      detail: 'ENCRYPTION_KEY_HEX has 64 hex digits, but does not look random',
      fix: 'make keys with: openssl rand -hex 32',
    };
  }
  return { name: 'key', status: 'ok', detail: 'ENCRYPTION_KEY_HEX has 64 hex digits and looks random' };
}

/** Opens the key files. Whether a key service answers, `keys check` tells: asking it costs money and a permission. */
async function checkKeySources(restore: RestoreConfig): Promise<DoctorCheck> {
  try {
    await createReader(restore);
    const detail = 'the sources of wrapping keys can be used; `genesys-archive keys check` tries the keys';
    return { name: 'key', status: 'ok', detail };
  } catch (error) {
    return failed('key', error, 'look at the key files');
  }
}

async function checkStore(
  { clock, logger }: CommandContext,
  config: StoreConfig,
  budget: Budget,
): Promise<DoctorCheck> {
  try {
    const store = await openConfiguredStore(config, { clock, logger });
    const location = parseStoreLocation(config.store);
    // a listing tells a missing bucket from an empty one, which a look at one object does not
    const prefix = createLayout(config.layout).prefixOf(FIRST_DAY);
    for await (const _ of store.list(prefix, budget)) break;
    await store.head(`${prefix}doctor.enc`, budget);
    if (location.kind === 's3') {
      return {
        name: 'store',
        status: 'ok',
        detail: `${store.location} answers${describeOwner(config)}; whether it takes objects only archiving shows`,
      };
    }
    return await checkDirectory(path.resolve(location.path));
  } catch (error) {
    return failed('store', error, `look at ${config.store}, its permissions and AWS_* settings`);
  }
}

function describeOwner({ s3: { expectedBucketOwner: owner } }: StoreConfig): string {
  return owner === undefined ? '' : `, and belongs to account ${owner}`;
}

/** The directory itself, or, as it is made by the first write, the nearest one above it. */
async function checkDirectory(directory: string): Promise<DoctorCheck> {
  let existing = directory;
  for (;;) {
    const facts = await stat(existing).catch(() => undefined);
    if (facts?.isDirectory() === true) break;
    if (facts !== undefined || path.dirname(existing) === existing) {
      return {
        name: 'store',
        status: 'fail',
        detail: `${existing} is not a directory`,
        code: 'STORE_MISSING',
      };
    }
    existing = path.dirname(existing);
  }
  try {
    await access(existing, constants.W_OK | constants.X_OK);
  } catch (error) {
    const detail = `${existing} cannot be written to: ${describeForeign(error)}`;
    return { name: 'store', status: 'fail', detail, fix: `chmod u+wx ${existing}`, code: 'STORE_DENIED' };
  }
  return existing === directory
    ? { name: 'store', status: 'ok', detail: `file:${directory} is there and writable` }
    : { name: 'store', status: 'ok', detail: `file:${directory} will be made by the first recording` };
}
