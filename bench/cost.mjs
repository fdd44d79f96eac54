// What the archive costs: computes the tables of docs/cost.md from the prices, measurements and assumptions that stand in it.
//   node bench/cost.mjs                              prints the tables
//   node bench/cost.mjs --write                      renews them in docs/cost.md
//   node bench/cost.mjs --results bench/results.json --write    takes over new measurements first
import { readFileSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

export const COST_PAGE = 'docs/cost.md';

const MB = 1e6;
const GB = 1e9;
/** MB of memory that Lambda gives one vCPU for; the work of one recording is mostly on one thread. */
const MB_PER_VCPU = 1769;
/** Bytes of the parts that larger objects are uploaded in, see src/store/s3/part-size.ts. */
const PART_BYTES = 5 * 1024 * 1024;
const SIZES_MB = [1, 10, 100];
const MEMORY_MB = [256, 512, 1024, 1769];

/** The rows `| \`name\` | what | number | … |` of all tables of the page that are not computed. */
export function readInputs(page) {
  const stated = page.replaceAll(/<!-- cost:(?!measured)([a-z-]+) -->[\s\S]*?<!-- \/cost:\1 -->/g, '');
  const rows = stated.matchAll(/^\| `([a-z0-9-]+)` \|[^|]*\| ([0-9.]+) \|/gm);
  return Object.fromEntries([...rows].map(([, name, value]) => [name, Number(value)]));
}

/** One figure of the page; a page that lacks one is broken. */
function need(inputs, name) {
  const value = inputs[name];
  if (Number.isFinite(value)) return value;
  throw new Error(`${COST_PAGE} has no row \`${name}\` with a number`);
}

/** Seconds of Lambda for one recording: the larger of computing and receiving, and the requests it waits for one after the other. */
export function secondsFor(bytes, memoryMb, inputs) {
  const get = (name) => need(inputs, name);
  const cpu = get('cpu-fixed') + (bytes / GB) * get('cpu-per-gb');
  const computing = cpu / Math.min(1, memoryMb / MB_PER_VCPU);
  const receiving = bytes / MB / get('source-rate');
  const requests = get('s3-writes') + get('s3-reads') + get('genesys-requests') + get('kms-requests');
  return Math.max(computing, receiving) + requests * get('round-trip');
}

export function s3WritesFor(bytes, inputs) {
  const parts = bytes > PART_BYTES ? Math.ceil(bytes / PART_BYTES) : 0;
  // create and complete take the place of one PUT
  return need(inputs, 's3-writes') + (parts > 0 ? parts + 1 : 0);
}

/** US dollars for 1,000 recordings, by what they are for. */
export function costOfThousand(bytes, memoryMb, inputs) {
  const get = (name) => need(inputs, name);
  const deliveries = get('events-per-recording') * get('deliveries-per-event');
  // the deliveries that find nothing to do ask the store and the platform, and end
  const idle = (deliveries - 1) * get('idle-requests') * get('round-trip');
  const gbSeconds = (memoryMb / 1024) * (secondsFor(bytes, memoryMb, inputs) + idle);
  const lambda = gbSeconds * get('lambda-gb-second') + (deliveries * get('lambda-requests')) / MB;
  const idleReads = (deliveries - 1) * get('s3-reads');
  const s3 =
    (s3WritesFor(bytes, inputs) * get('s3-put') + (get('s3-reads') + idleReads) * get('s3-get')) / 1000 +
    get('s3-transition') / 1000;
  const kms = (get('kms-requests') * get('kms-call')) / 10_000;
  const events =
    (get('events-per-recording') * get('eventbridge-event') +
      deliveries * get('sqs-per-delivery') * get('sqs-request')) /
    MB;
  const logs = (deliveries * get('log-bytes') * get('logs-gb')) / GB;
  const parts = { lambda, s3, kms, events, logs };
  const archived = Object.fromEntries(Object.entries(parts).map(([name, each]) => [name, each * 1000]));
  const total = Object.values(archived).reduce((sum, each) => sum + each, 0);
  const storage = 1000 * ((bytes / GB) * get('s3-gb-month') + get('s3-monitoring') / 1000);
  return { ...archived, total, storage };
}

export function monthlyCost(inputs) {
  const get = (name) => need(inputs, name);
  // the event source mapping keeps asking an empty queue: some pollers, 20 s each time
  const polls = (get('pollers') * 30 * 86_400) / 20;
  return {
    'KMS key': get('kms-key'),
    'three secrets': 3 * get('secret'),
    'twelve metrics': 12 * get('metric'),
    'seven alarms': 7 * get('alarm'),
    dashboard: get('dashboard'),
    'asking the empty queue': (polls * get('sqs-request')) / MB,
  };
}

/** US dollars of the two places a signing key can be in, a month and for a million recordings. */
export function signingCost(inputs) {
  const get = (name) => need(inputs, name);
  // each execution environment reads the secret again after five minutes, as long as it has something to do
  const reads = get('max-concurrency') * 12 * 24 * 30;
  const waiting = get('signatures') * get('round-trip') * (get('memory') / 1024) * get('lambda-gb-second');
  return {
    secret: { monthly: get('secret') + (reads * get('secret-read')) / 10_000, perMillion: 0 },
    kms: {
      monthly: get('kms-key'),
      perMillion: MB * ((get('signatures') * get('kms-sign')) / 10_000 + waiting),
    },
  };
}

/** Days of 30.4 to a month. */
const DAYS_IN_MONTH = 30.4;
/** Runs of src/catalogue/update-catalogue.ts, as days that are listed a day: the present one, half of it on average, hourly; the one before; the last 35. */
const DAYS_LISTED_DAILY = 24 / 2 + 4 + 35;
const KEYS_IN_PAGE = 1000;
/** Facts of the day, of the one before and of the one after. */
const LISTINGS_OF_FACTS = 3;
/** Receipts that are read at a time, and GB of memory: src/catalogue/day/make-day.ts, infra/scheduled/catalogue.ts. */
const RECEIPTS_AT_ONCE = 16;
const COMPACTOR_GB = 1;
/** Files that a run which finds something new writes: day, people, runs. */
const FILES_OF_RUN = 3;

/** US dollars a month that the catalogue of the recordings of a month costs, and what share that is of archiving them. */
export function catalogueCost(inputs) {
  const get = (name) => need(inputs, name);
  const recordings = get('catalogue-recordings');
  const daily = recordings / DAYS_IN_MONTH;
  // objects and receipts
  const pages = 2 * Math.ceil(daily / KEYS_IN_PAGE) + LISTINGS_OF_FACTS;
  const days = DAYS_IN_MONTH * DAYS_LISTED_DAILY + (DAYS_IN_MONTH / 7) * get('catalogue-days');
  const listings = days * pages;
  const writes = DAYS_IN_MONTH * (24 + 4 + 1) * FILES_OF_RUN;
  const seconds =
    listings * get('round-trip') +
    (recordings / RECEIPTS_AT_ONCE) * get('round-trip') +
    recordings / get('catalogue-rows-per-second');
  const parts = {
    receipts: (recordings / 1000) * get('s3-get'),
    listings: (listings / 1000) * get('s3-put'),
    writes: (writes / 1000) * get('s3-put'),
    lambda: seconds * COMPACTOR_GB * get('lambda-gb-second'),
    // a year of such months
    storage: ((12 * recordings * get('catalogue-row-bytes')) / GB) * get('s3-gb-month'),
  };
  const total = Object.values(parts).reduce((sum, each) => sum + each, 0);
  const archiving = (recordings / 1000) * costOfThousand(10 * MB, get('memory'), inputs).total;
  return { ...parts, total, share: total / archiving };
}

function describeCatalogue(inputs) {
  const { receipts, listings, writes, lambda, storage, total, share } = catalogueCost(inputs);
  const rows = [
    ['each receipt, read once', receipts],
    ['listings of days', listings],
    ['files written', writes],
    ['Lambda', lambda],
    ['a year of its files, kept', storage],
  ];
  return `${table(
    ['the catalogue', 'a month, $'],
    [...rows.map(([what, each]) => [what, each.toFixed(2)]), ['**together**', `**${total.toFixed(2)}**`]],
  )}

That is ${(share * 100).toFixed(1)} % of what archiving these recordings costs, at 10 MB each.`;
}

const dollars = (value) =>
  value >= 10 ? value.toFixed(0) : value >= 1 ? value.toFixed(2) : value.toFixed(3);
const table = (header, rows) =>
  [header, header.map((_, index) => (index === 0 ? '---' : '---:')), ...rows]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');

function describeConcurrency(inputs) {
  const memory = need(inputs, 'memory');
  const concurrency = need(inputs, 'max-concurrency');
  const perMinute = (size) => Math.floor((concurrency * 60) / secondsFor(size * MB, memory, inputs));
  return `The default, ${concurrency} invocations of ${memory} MB with one recording each, has room for ${perMinute(10)} recordings of 10 MB a minute, ${perMinute(100)} of 100 MB, or ${perMinute(1000)} of 1 GB.`;
}

function describeSigning(inputs) {
  const { secret, kms } = signingCost(inputs);
  const row = (name, { monthly, perMillion }) => [name, monthly.toFixed(2), perMillion.toFixed(2)];
  return table(
    ['the key that signs receipts', 'a month, at most', 'a million recordings'],
    [row('in a secret (default)', secret), row('in KMS', kms)],
  );
}

/** Each computed block of the page, by the name in its markers. */
export function renderBlocks(inputs) {
  const memory = need(inputs, 'memory');
  const thousand = SIZES_MB.map((size) => ({ size, ...costOfThousand(size * MB, memory, inputs) }));
  const [small, large] = [1, 1000].map((size) => costOfThousand(size * MB, memory, inputs));
  const monthly = Object.entries(monthlyCost(inputs));
  const fixed = monthly.reduce((sum, [, each]) => sum + each, 0);
  const month = costOfThousand(10 * MB, memory, inputs);
  return {
    'per-thousand': table(
      [
        'recording',
        'Lambda',
        'S3 requests',
        'KMS',
        'events and queue',
        'logs',
        'to archive 1,000',
        'to keep them, a month',
      ],
      thousand.map(({ size, lambda, s3, kms, events, logs, total, storage }) => [
        `${size} MB`,
        ...[lambda, s3, kms, events, logs, total, storage].map(dollars),
      ]),
    ),
    'per-gb': `A recording of any size costs $${(small.total / 1000).toFixed(6)}, and each further GB $${((large.total - small.total) / 999).toFixed(4)} to archive and $${dollars(need(inputs, 's3-gb-month'))} a month to keep.`,
    monthly: table(
      ['for', 'a month, $'],
      [
        ...monthly.map(([what, each]) => [what, each.toFixed(2)]),
        ['**together**', `**${fixed.toFixed(2)}**`],
      ],
    ),
    example: `100,000 recordings of 10 MB a month: $${dollars(100 * month.total)} to archive them, $${dollars(100 * month.storage)} more each month to keep them, and $${fixed.toFixed(2)} for what is there anyway.`,
    signing: describeSigning(inputs),
    catalogue: describeCatalogue(inputs),
    concurrency: describeConcurrency(inputs),
    memory: table(
      ['memory', '10 MB recording', '1 GB recording', 'Lambda, 1,000 × 10 MB', 'Lambda, 1,000 × 100 MB'],
      MEMORY_MB.map((each) => [
        `${each} MB`,
        `${secondsFor(10 * MB, each, inputs).toFixed(1)} s`,
        `${secondsFor(GB, each, inputs).toFixed(0)} s`,
        `$${dollars(costOfThousand(10 * MB, each, inputs).lambda)}`,
        `$${dollars(costOfThousand(100 * MB, each, inputs).lambda)}`,
      ]),
    ),
  };
}

/** The measurements that the page rests on, from the file that `npm run bench` keeps. */
export function readMeasurements(results) {
  const all = [...(results.parts?.throughput ?? []), ...(results.parts?.small ?? [])];
  // while there was a hash thread (docs/decisions/012), `ours` was with it, and this without
  const ours = all.some(({ variant }) => variant === 'ours-in-place') ? 'ours-in-place' : 'ours';
  const rows = all.filter(
    ({ variant, scheme, concurrency }) => variant === ours && scheme === 'https' && concurrency === 1,
  );
  const bySize = rows.toSorted((one, other) => one.bytes - other.bytes);
  const [small] = bySize;
  const large = bySize.at(-1);
  if (small === undefined || large === undefined || large.bytes <= PART_BYTES || small.bytes > PART_BYTES) {
    throw new Error(
      'the results have no small and no large recording over https, one at a time, for the variant ours',
    );
  }
  const cpuOf = ({ bytes, cpuSecondsPerGb }) => (cpuSecondsPerGb.median * bytes) / GB;
  const perGb = ((cpuOf(large) - cpuOf(small)) / (large.bytes - small.bytes)) * GB;
  const count = (pattern) =>
    Object.entries(small.requests).reduce((sum, [kind, times]) => sum + (pattern.test(kind) ? times : 0), 0);
  const { node, processors } = results.machine;
  const how = `${small.bytes / MB} MB and ${large.bytes / MB} MB over TLS, Node ${node}, ${processors} processors`;
  const measured = [
    [
      'cpu-fixed',
      `CPU seconds of a recording of any size (${how})`,
      Math.max(0, cpuOf(small) - (perGb * small.bytes) / GB).toFixed(4),
    ],
    ['cpu-per-gb', 'CPU seconds for each GB', perGb.toFixed(2)],
    [
      's3-writes',
      'S3 writes of a recording of one part: object, receipt, marker',
      Math.round(count(/^(?:PUT|POST create|POST complete)/)),
    ],
    ['s3-reads', 'S3 look-ups (HEAD): was it erased, and is it what was sent', Math.round(count(/^HEAD/))],
    ['genesys-requests', 'requests to Genesys Cloud', Math.round(count(/^(?:GET media|PATCH)/))],
  ];
  return [
    '| name | what | measured |',
    '|---|---|---:|',
    ...measured.map(([name, what, value]) => `| \`${name}\` | ${what} | ${value} |`),
  ].join('\n');
}

export function renewPage(page, results) {
  const replace = (text, name, block) => {
    const marked = new RegExp(`<!-- cost:${name} -->\\n[\\s\\S]*?<!-- /cost:${name} -->`);
    if (!marked.test(text)) throw new Error(`${COST_PAGE} has no block ${name}`);
    return text.replace(marked, () => `<!-- cost:${name} -->\n${block}\n<!-- /cost:${name} -->`);
  };
  const measured = results === undefined ? page : replace(page, 'measured', readMeasurements(results));
  return Object.entries(renderBlocks(readInputs(measured))).reduce(
    (text, [name, block]) => replace(text, name, block),
    measured,
  );
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { values } = parseArgs({ options: { write: { type: 'boolean' }, results: { type: 'string' } } });
  const results = values.results === undefined ? undefined : JSON.parse(readFileSync(values.results, 'utf8'));
  const page = renewPage(readFileSync(COST_PAGE, 'utf8'), results);
  if (values.write === true) writeFileSync(COST_PAGE, page);
  else
    for (const [name, block] of Object.entries(renderBlocks(readInputs(page))))
      console.log(`${name}\n\n${block}\n`);
}
