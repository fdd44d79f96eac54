/** Seals the days of an archive: the whole of what `seal` and the scheduled function do. */
import type { Budget } from '../clock.ts';
import { type ArchiveError, toArchiveError } from '../errors.ts';
import type { Anchor, AnchoredCheckpoint } from '../ports.ts';
import type { Statement } from './formats/statement.ts';
import { gatherSeal, type GatherOptions, type GatherPorts } from './gather-seal.ts';
import { findHead, type readLastStatement, readStatementAt, type TreeHead } from './log/head.ts';
import { findKeyChange, readCurrentVkey, readLogFile } from './log/key-history.ts';
import type { SealingPlace } from './seal/finish-seal.ts';
import { type OutsideView, sealLog } from './seal/seal-log.ts';
import { present } from '../present.ts';

export interface SealDaysPorts extends GatherPorts, SealingPlace {
  readonly anchors: readonly Anchor[];
}

export interface SealDaysOptions extends Pick<GatherOptions, 'through' | 'everyDay'> {
  /** A new key that neither the key before nor the recovery key vouches for. */
  readonly unvouchedKey?: boolean;
}

export interface SealedDays {
  readonly head: TreeHead;
  readonly staged: number;
  readonly finished: number;
  /** Of this run, in the order of the log. */
  readonly statements: readonly Statement[];
  readonly anchored: readonly { readonly kind: string; readonly name: string; readonly time?: number }[];
  /** Anchors that failed: the next run makes it up. */
  readonly failed: readonly { readonly kind: string; readonly name: string; readonly error: ArchiveError }[];
}

/**
 * Seals every day that is due, and anchors the newest checkpoint.
 *
 * @throws `LOG_MISSING`, `LOG_ROLLED_BACK`, `SEAL_FORGED`, `LOG_CONFLICT`, `LOG_MALFORMED`, `LOG_KEY_UNKNOWN`, `CONFIG_INVALID`;
 *   `STORE_*`, `OUT_OF_TIME`.
 */
export async function sealDays(
  ports: SealDaysPorts,
  options: SealDaysOptions,
  budget: Budget,
): Promise<SealedDays> {
  const log = await readLogFile(ports, budget);
  const before = await findHead(ports, budget);
  const failures: Failures = new Map();
  const recall = async (head: TreeHead): Promise<readonly OutsideView[]> => {
    const views: OutsideView[] = [];
    const own = await largestCheckpoint(ports, budget);
    if (own !== undefined) views.push({ size: own, known: 'its own checkpoints' });
    for (const { recall: ask, kind, name } of ports.anchors) {
      try {
        const view = await ask?.(budget, checkpointOf(head));
        if (view !== undefined) {
          const root = view.root === undefined ? {} : { root: Buffer.from(view.root, 'base64') };
          views.push({ size: view.size, ...root, known: `${kind} ${name}` });
        }
      } catch (error) {
        failures.set(`${kind} ${name}`, { kind, name, error: toArchiveError(error) });
      }
    }
    return views;
  };
  const gather = async (head: TreeHead, last: Awaited<ReturnType<typeof readLastStatement>>) => {
    const current = await readCurrentVkey(ports, log, head.size, budget);
    const keyChange = findKeyChange(ports, {
      log,
      current,
      now: ports.now(),
      unvouched: options.unvouchedKey === true,
    });
    const given: GatherOptions = {
      first: log.first,
      ...options,
      ...present({ keyChange }),
    };
    return gatherSeal(ports, given, { head, last }, budget);
  };
  const { head, staged, finished } = await sealLog(ports, { recall, gather }, budget);
  const statements = await readStatements(ports, before, head, budget);
  const anchored = await anchorHead(ports, head, failures, budget);
  return { head, staged, finished, statements, anchored, failed: [...failures.values()] };
}

/** By kind and name: what cannot be asked can as a rule not be told either, and is reported once. */
type Failures = Map<string, SealedDays['failed'][number]>;

function checkpointOf({ size, root, note }: TreeHead): AnchoredCheckpoint | undefined {
  return note === undefined ? undefined : { size, root: root.toString('base64'), note };
}

/** The largest size that a checkpoint or token in the store is named after. */
async function largestCheckpoint(
  { store, keys }: SealDaysPorts,
  budget: Budget,
): Promise<number | undefined> {
  let largest: number | undefined;
  // in the order of their sizes
  for await (const { key } of store.list(keys.checkpoints, budget)) {
    const [, size] = /^(\d{12})\./.exec(key.slice(keys.checkpoints.length)) ?? [];
    if (size !== undefined) largest = Number(size);
  }
  return largest;
}

async function readStatements(
  ports: SealDaysPorts,
  before: TreeHead,
  head: TreeHead,
  budget: Budget,
): Promise<readonly Statement[]> {
  const statements: Statement[] = [];
  // the newest first: each names the one before
  for (let index = head.size - 1; index >= before.size; ) {
    const { statement } = await readStatementAt(ports, index, head.size, budget);
    statements.push(statement);
    index = statement.previous?.index ?? -1;
  }
  return statements.toReversed();
}

async function anchorHead(
  ports: SealDaysPorts,
  head: TreeHead,
  failures: Failures,
  budget: Budget,
): Promise<SealedDays['anchored']> {
  const anchored: SealedDays['anchored'][number][] = [];
  const checkpoint = checkpointOf(head);
  if (checkpoint === undefined) return anchored;
  for (const { keep, kind, name } of ports.anchors) {
    try {
      anchored.push({ kind, name, ...(await keep(checkpoint, budget)) });
    } catch (error) {
      failures.set(`${kind} ${name}`, { kind, name, error: toArchiveError(error) });
    }
  }
  return anchored;
}
