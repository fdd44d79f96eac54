/** When which days were last looked at: `find` says by it how fresh its answer is. It says nothing of what any file holds. */
import * as z from 'zod';
import type { Budget } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import { parseForeignJson } from '../json.ts';
import { canonicalJson } from '../record/canonical-json.ts';
import { getSmall } from '../record/small-object.ts';
import { nextDay, RUNS_KEY } from './places.ts';
import { exchangeFile } from './exchange.ts';
import type { CataloguePorts } from './ports.ts';

/** Which days are looked at: the present one, with the one before, the last 35, or all that the archive has. */
export type Scope = 'today' | 'yesterday' | 'recent' | 'all';

const MAX_BYTES = 64 * 1024;
const MAX_ATTEMPTS = 5;
const time = z.iso.datetime({ precision: 3 });
const runs = z.object({
  schema: z.literal('genesys-media-archive/catalogue-runs/v1'),
  store: z.string(),
  /** When the last run of each kind began that looked at all of its days. */
  began: z.object({
    today: time.exactOptional(),
    yesterday: time.exactOptional(),
    recent: time.exactOptional(),
    all: time.exactOptional(),
  }),
});

export type Runs = z.output<typeof runs>['began'];

/** What each kind of run has looked at besides its own days. */
const INCLUDES: Readonly<Record<Scope, readonly Scope[]>> = {
  today: ['today'],
  yesterday: ['today', 'yesterday'],
  recent: ['today', 'yesterday', 'recent'],
  all: ['today', 'yesterday', 'recent', 'all'],
};

/** How many days before its own each kind of run looks at. */
export const DAYS_BACK: Readonly<Record<Scope, number>> = {
  today: 0,
  yesterday: 1,
  recent: 34,
  all: Number.POSITIVE_INFINITY,
};

/**
 * When a day was last looked at, epoch ms; `undefined` where no run has. A day after a run had nothing then.
 *
 * @param day `YYYY-MM-DD`; what is before every day asks for runs over all of them.
 */
export function asOfDay(runs: Runs, day: string): number | undefined {
  let last: number | undefined;
  for (const [scope, back] of Object.entries(DAYS_BACK)) {
    const began = runs[scope as Scope];
    if (began === undefined) continue;
    const first = Number.isFinite(back) ? nextDay(began.slice(0, 10), -back) : '';
    if (day >= first) last = Math.max(last ?? 0, Date.parse(began));
  }
  return last;
}

/** None where no run has ended yet, or what stands there is no record of runs of this archive. */
export async function readRuns(
  { catalogue, archive }: Pick<CataloguePorts, 'catalogue' | 'archive'>,
  budget: Budget,
): Promise<Runs> {
  const json = await getSmall(catalogue, RUNS_KEY, MAX_BYTES, budget);
  const parsed = json === undefined ? undefined : runs.safeParse(parseForeignJson(json));
  return parsed?.success === true && parsed.data.store === archive.location ? parsed.data.began : {};
}

export async function noteRun(
  ports: Pick<CataloguePorts, 'catalogue' | 'archive'>,
  scope: Scope,
  at: number,
  budget: Budget,
): Promise<void> {
  const { catalogue, archive } = ports;
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
    const stat = await catalogue.head(RUNS_KEY, budget);
    const began: Record<string, string> = { ...(await readRuns(ports, budget)) };
    const now = new Date(at).toISOString();
    for (const one of INCLUDES[scope]) if ((began[one] ?? '') < now) began[one] = now;
    const schema = 'genesys-media-archive/catalogue-runs/v1';
    const body = Buffer.from(`${canonicalJson({ schema, store: archive.location, began })}\n`);
    const options = { metadata: {}, contentType: 'application/json' };
    if (await exchangeFile(ports, { key: RUNS_KEY, before: stat, options }, body, budget)) return;
  }
  throw new ArchiveError('CATALOGUE_CONTENDED', 'others noted their runs each time');
}
