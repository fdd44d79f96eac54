import type { AgainOptions, ProvedRecording } from '../../archive/archive-again.ts';
import { findRecording } from '../../audit/find-recording.ts';
import { whyNoObject } from '../../audit/why-missing.ts';
import { isSameRecording } from '../../record/identity.ts';
import { identifyKey } from '../../record/layout.ts';
import type { Budget } from '../../clock.ts';
import { type ArchiveConfig, loadConfig } from '../../config/config.ts';
import { type Archiver, createArchiver, readTrust } from '../../create/archiver.ts';
import { ArchiveError, toArchiveError } from '../../errors.ts';
import type { ArchiveRequest, ObjectStat, ObjectStore } from '../../ports.ts';
import { present } from '../../present.ts';
import { canonicalId, isSafeId } from '../../recording/id.ts';
import { concludeItems, isIntegrityFailure, type ItemFailure } from '../_conclude.ts';
import { type CommandContext, openBudget, readSettings, readSources, searchIn } from '../_context.ts';
import { formatBytes, printable } from '../_format.ts';

/** Characters of a reason; it stands in a receipt. */
const MAX_REASON = 256;
const PRINTABLE = /^[\x20-\x7e]+$/;

export interface AgainRun {
  /** Id or key; `undefined` when events name it. */
  readonly named: string | undefined;
  readonly interaction: string | undefined;
  readonly requests: readonly ArchiveRequest[];
  readonly reason: string;
  readonly timeout: number | undefined;
}

/** @throws `USAGE` when it would not stand in a receipt as it was written. */
export function requireReason(reason: string | undefined): string {
  const trimmed = reason?.trim() ?? '';
  if (PRINTABLE.test(trimmed) && trimmed.length <= MAX_REASON) return trimmed;
  throw new ArchiveError('USAGE', '--again needs a reason', {
    hint: `--reason TEXT, of 1 to ${MAX_REASON} printable ASCII characters: it stands in the receipt`,
  });
}

/**
 * Reads the settings to archive with, and the RSA private key, which is never needed to archive: comparing has to open the object.
 *
 * @throws `CONFIG_INVALID`, also where no key opens anything.
 */
export async function readAgainSettings(context: CommandContext): Promise<ArchiveConfig> {
  const config = await readSettings(context, 'archive');
  const { encryption } = loadConfig(await readSources(context), 'restore');
  const { privateKeyFile } = encryption;
  if (privateKeyFile === undefined) return config;
  return { ...config, encryption: { ...config.encryption, privateKeyFile } };
}

/** Compares objects with what the platform serves, one after the other, and tells what became of each. */
export async function runAgain(
  context: CommandContext,
  config: ArchiveConfig,
  { named, interaction, requests, reason, timeout }: AgainRun,
): Promise<number> {
  const { clock, logger } = context;
  const archiver = await createArchiver(config, { clock, logger });
  const { budget, end } = openBudget(context, timeout);
  const failures: ItemFailure[] = [];
  let done = 0;
  const { keys } = await readTrust(config);
  const range = searchIn(config, { keys });
  const find = (idOrKey: string) => findSpelled(archiver.store, idOrKey, range, budget);
  const prove = async (name: string, ways: () => Promise<readonly ArchiveRequest[]>, key?: string) => {
    try {
      const locate: AgainOptions['locate'] = ({ recordingId }) =>
        key === undefined ? find(recordingId) : Promise.resolve(key);
      for (const one of await proveAnyWay(archiver, await ways(), { reason, locate }, budget)) {
        done += 1;
        reportProved(context, one);
      }
    } catch (thrown) {
      const error = toArchiveError(thrown);
      failures.push({ error });
      reportFailed(context, name, error);
    }
  };
  try {
    if (named !== undefined) {
      const key = await find(named);
      await prove(named, () => waysToAsk(archiver.store, config, { key, interaction }, budget), key);
    }
    for (const request of requests) await prove(nameOf(request), () => Promise.resolve([request]));
  } finally {
    end();
    archiver.close();
  }
  return concludeItems(done + failures.length, failures, context.signal, isIntegrityFailure);
}

/** An id that is spelled in another case names the same recording. */
async function findSpelled(
  store: ObjectStore,
  idOrKey: string,
  range: ReturnType<typeof searchIn>,
  budget: Budget,
): Promise<string> {
  try {
    return await findRecording(store, canonicalId(idOrKey), range, budget);
  } catch (error) {
    const isOther = canonicalId(idOrKey) !== idOrKey && toArchiveError(error).code === 'OBJECT_NOT_FOUND';
    if (!isOther) throw error;
    return findRecording(store, idOrKey, range, budget);
  }
}

/** The platform knows a recording by one of its two APIs; only the event says by which. */
async function proveAnyWay(
  archiver: Archiver,
  ways: readonly ArchiveRequest[],
  options: AgainOptions,
  budget: Budget,
): Promise<readonly ProvedRecording[]> {
  const [first, ...others] = ways;
  if (first === undefined) return [];
  try {
    return await archiver.again(first, options, budget);
  } catch (error) {
    if (others.length === 0 || toArchiveError(error).code !== 'MEDIA_NOT_FOUND') throw error;
    return proveAnyWay(archiver, others, options, budget);
  }
}

/** How the platform can be asked for the recording under `key`. @throws `USAGE` when nothing says whose it is. */
async function waysToAsk(
  store: ObjectStore,
  { genesys: { api } }: ArchiveConfig,
  { key, interaction }: { readonly key: string; readonly interaction: string | undefined },
  budget: Budget,
): Promise<readonly ArchiveRequest[]> {
  const stat = await store.head(key, budget);
  // one that is lost has its receipt, and the platform may still have it
  if (stat === undefined && interaction === undefined) throw await whyNoObject({ store }, key, budget);
  const recordingId = identifyKey(key)?.recordingId;
  const conversationId = interaction ?? (recordingId && stat && conversationOf(stat, recordingId));
  if (recordingId === undefined || conversationId === undefined || !isSafeId(conversationId)) {
    throw new ArchiveError('USAGE', `nothing says of which conversation ${printable(key)} is`, {
      hint: 'add --interaction ID, the id of its interaction or conversation, or name the event with --event FILE',
    });
  }
  const media: ArchiveRequest = { dialect: 'media', mediaId: recordingId, interactionId: conversationId };
  const published: ArchiveRequest = { dialect: 'recordings', conversationId, recordingId };
  if (api === 'media') return [media];
  return api === 'recordings' ? [published] : [media, published];
}

/** As the encryption context states it, and the object's own hash of its ids confirms. Nothing rests on it: it is only asked for. */
function conversationOf(stat: ObjectStat, recordingId: string): string | undefined {
  const context = stat.metadata['x-amz-t'] ?? stat.metadata['x-amz-matdesc'] ?? '';
  const [, conversationId] = /"conversation-id"\s*:\s*"([A-Za-z0-9._-]{1,128})"/.exec(context) ?? [];
  if (conversationId === undefined) return undefined;
  const { channel } = identifyKey(stat.key) ?? {};
  const ids = { recordingId, conversationId, ...present({ channel }) };
  return isSameRecording(stat, ids) ? conversationId : undefined;
}

const nameOf = (request: ArchiveRequest) =>
  request.dialect === 'media' ? request.mediaId : (request.recordingId ?? request.conversationId);

function reportProved({ ui }: CommandContext, proved: ProvedRecording): void {
  const { state, ids, key, receiptKey, bytes, predecessor } = proved;
  if (ui.json) ui.record('proof', { state, ...ids, key, receiptKey, bytes, predecessor });
  else {
    const words = {
      completed: ui.style('green', 'proved  '),
      present: 'present ',
      successor: ui.style('green', 'again   '),
    } as const;
    const what = words[state];
    ui.out(`${what}  ${ids.recordingId}  ${key}  ${formatBytes(bytes)}`);
    if (state === 'present')
      ui.say('the platform serves what is archived, and it verifies: nothing was written');
    if (predecessor !== undefined) ui.say(`it takes the place of ${printable(predecessor)}, which stays`);
  }
}

function reportFailed({ ui }: CommandContext, name: string, error: ArchiveError): void {
  const { code, message, retryable } = error;
  if (ui.json) ui.record('failed', { name, code, message, retryable });
  else ui.out(`${ui.style('red', 'failed')}    ${printable(name)}  ${printable(message)}  [${code}]`);
}
