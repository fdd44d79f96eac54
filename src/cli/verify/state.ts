import { constants, type FileHandle, open, rm } from 'node:fs/promises';
import type { Finding } from '../../audit/verify-recording.ts';
import { ArchiveError, describeForeign, systemCodeOf } from '../../errors.ts';
import { present } from '../../present.ts';
import { outputHint } from '../file-target.ts';

/** What makes two runs of `verify` one. */
export interface VerifyPlan {
  readonly store: string;
  readonly depth: string;
  /** In (0, 1]; `null` for everything. */
  readonly share: number | null;
  readonly seed: string | null;
  /** As given on the command line. */
  readonly from: string | null;
  readonly to: string | null;
  /** Of the archive, where it is not that of the tutorial. */
  readonly layout?: string;
  /** Kinds of findings that are allowed, where there are any. */
  readonly allow?: string;
}

/** Where an earlier run, ended in the middle, had come to, as its file says. */
export interface VerifyProgress {
  readonly startedAt: string;
  /** The last key of which everything before is done. */
  readonly after: string | undefined;
  readonly checked: number;
  readonly findings: readonly Finding[];
  /** Keys that could not be looked at. */
  readonly failed: readonly string[];
  /** The job beside the file that has the rest. */
  readonly job: string | undefined;
}

/** How every state file begins. */
const FIRST = '{"type":"plan",';

/** All but the first two are what version 0.1 has written. */
type Line =
  | ({ readonly type: 'plan'; readonly version: 1; readonly startedAt: string } & VerifyPlan)
  | { readonly type: 'job'; readonly id: string }
  | { readonly type: 'finding'; readonly finding: Finding }
  | { readonly type: 'failed'; readonly key: string }
  | { readonly type: 'retried'; readonly key: string }
  | { readonly type: 'reached'; readonly key: string; readonly checked: number };

/**
 * The file of a `verify` that may be ended at any time: what makes two runs one, and the job that has the progress. JSON lines that are
 * only ever appended, so that a line cut short by a kill is the last one and is passed over.
 */
export interface VerifyState {
  readonly progress: VerifyProgress;
  /** Names the job that goes on from here. */
  nameJob(id: string): Promise<void>;
  /** The run has come to its end: the file has no more use. */
  remove(): Promise<void>;
}

/**
 * Opens the state file, or starts it. A seed or depth that the command line leaves open is taken from the file.
 *
 * @throws `USAGE` when the file belongs to a run of another store, depth, sample or time, or is not a state file; `OUTPUT_FAILED`
 *   when it cannot be read or written.
 */
export async function openVerifyState(file: string, plan: VerifyPlan, now: number): Promise<VerifyState> {
  const text = await readText(file);
  const begun = text !== undefined && text !== '' && !isStillborn(text);
  const append = (...lines: readonly Line[]) => write(file, lines);
  const remove = () => rm(file, { force: true });
  const nameJob = (id: string) => append({ type: 'job', id });
  if (!begun) {
    if (text !== undefined && text !== '') await remove();
    const startedAt = new Date(now).toISOString();
    await append({ type: 'plan', version: 1, startedAt, ...plan });
    return {
      progress: { startedAt, after: undefined, checked: 0, findings: [], failed: [], job: undefined },
      nameJob,
      remove,
    };
  }
  const progress = readProgress(text, plan);
  // a line that was cut short by a kill must not run into the next one
  if (!text.endsWith('\n')) await append();
  return { progress, nameJob, remove };
}

/**
 * What an interrupted run has come to, for a job that takes it over; `undefined` when there is no such file, or nothing in it. The
 * file is not touched.
 *
 * @throws as {@link openVerifyState}.
 */
export async function readVerifyState(file: string, plan: VerifyPlan): Promise<VerifyProgress | undefined> {
  const text = await readText(file);
  return text === undefined || text === '' || isStillborn(text) ? undefined : readProgress(text, plan);
}

/** All that a full disk or a kill has left of a first line: nothing was looked at yet. */
function isStillborn(text: string): boolean {
  return !text.includes('\n') && (FIRST.startsWith(text) || text.startsWith(FIRST));
}

/** Reads the seed of the run that a state file belongs to; `undefined` without one. */
export async function readSeed(file: string): Promise<string | undefined> {
  const [first] = ((await readText(file)) ?? '').split('\n');
  const plan = parseLine(first ?? '');
  return plan?.type === 'plan' ? (plan.seed ?? undefined) : undefined;
}

function readProgress(text: string, plan: VerifyPlan): VerifyProgress {
  const [first = '', ...rest] = text.split('\n');
  const head = parseLine(first);
  if (head?.type !== 'plan' || head.version !== 1) throw usage('is not a state file of verify');
  const names = ['store', 'depth', 'share', 'seed', 'from', 'to', 'layout', 'allow'] as const;
  const other = names.find((name) => head[name] !== plan[name]);
  if (other !== undefined) throw usage(`belongs to a run with another ${other}`);
  let after: string | undefined;
  let checked = 0;
  const findings: Finding[] = [];
  const failed = new Set<string>();
  let job: string | undefined;
  for (const line of rest.map(parseLine)) {
    if (line?.type === 'reached') ({ key: after, checked } = line);
    else if (line?.type === 'job') job = line.id;
    else if (line?.type === 'finding') findings.push(line.finding);
    else if (line?.type === 'failed') failed.add(line.key);
    else if (line?.type === 'retried') failed.delete(line.key);
  }
  const isDone = (key: string) => after !== undefined && key <= after;
  return {
    startedAt: head.startedAt,
    after,
    checked,
    findings: findings.filter(({ key }) => isDone(key)),
    failed: [...failed].filter(isDone),
    job,
  };
}

function parseLine(text: string): Line | undefined {
  try {
    const line = JSON.parse(text) as unknown;
    return typeof line === 'object' && line !== null && 'type' in line ? (line as Line) : undefined;
  } catch {
    return undefined;
  }
}

const LINK_HINT = 'it is a symbolic link, and is not followed: name the file itself';

async function readText(file: string): Promise<string | undefined> {
  try {
    return await withRegular(file, constants.O_RDONLY, (handle) => handle.readFile('utf8'));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw failed(error);
  }
}

async function write(file: string, lines: readonly Line[]): Promise<void> {
  const text = lines.length === 0 ? '\n' : lines.map((line) => `${JSON.stringify(line)}\n`).join('');
  try {
    const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT;
    await withRegular(file, flags, (handle) => handle.appendFile(text));
  } catch (error) {
    throw failed(error);
  }
}

/** Opens a regular file only: a link could lead to another user's choice of file, and a named pipe would block. */
async function withRegular<T>(
  file: string,
  flags: number,
  use: (handle: FileHandle) => Promise<T>,
): Promise<T> {
  const handle = await open(file, flags | constants.O_NOFOLLOW | constants.O_NONBLOCK, 0o600);
  try {
    if (!(await handle.stat()).isFile()) throw usage('is not a regular file');
    return await use(handle);
  } finally {
    await handle.close();
  }
}

function usage(what: string): ArchiveError {
  return new ArchiveError('USAGE', `the file of --resume ${what}`, {
    hint: 'repeat the options of that run, or name a new file',
  });
}

function failed(error: unknown): ArchiveError {
  if (error instanceof ArchiveError) return error;
  const hint = systemCodeOf(error) === 'ELOOP' ? LINK_HINT : outputHint(error);
  return new ArchiveError(
    'OUTPUT_FAILED',
    `the file of --resume: ${describeForeign(error)}`,
    present({ hint }),
  );
}
