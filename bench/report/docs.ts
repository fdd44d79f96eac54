/** Renews what `docs/performance.md` takes from `bench/results.json`: the blocks between its markers, and the plot. */
import { readFileSync, writeFileSync } from 'node:fs';
import type { Machine, Part, Results } from '../results.ts';
import { readResults, RESULTS_FILE } from '../results.ts';
import { comparisonTable, comparisonTitle, type Table } from './cells.ts';
import { goalsTable } from './goals.ts';
import { plotComparisons } from './plot.ts';
import { requestsWithReasons } from './requests.ts';
import { type Section, sectionsOf } from './sections.ts';

export const DOCS_FILE = 'docs/performance.md';
export const PLOT_FILE = 'docs/performance.svg';

const MARKED = /<!-- bench:([a-z-]+) -->\n[\s\S]*?<!-- \/bench:\1 -->/g;

/** @throws Error when there are no results, or the page has a block that nothing here writes. */
export function writeDocs(): void {
  const results = readResults(RESULTS_FILE);
  if (results === undefined) throw new Error(`there is no ${RESULTS_FILE}; --write-results makes one`);
  writeFileSync(DOCS_FILE, renewDocs(readFileSync(DOCS_FILE, 'utf8'), results));
  writeFileSync(PLOT_FILE, plotOf(results));
}

export function renewDocs(page: string, results: Results): string {
  return page.replaceAll(
    MARKED,
    (_, name: string) => `<!-- bench:${name} -->\n${renderBlock(name, results)}\n<!-- /bench:${name} -->`,
  );
}

export function plotOf({ parts }: Results): string {
  const large = parts.throughput ?? [];
  // 1 MB, one at a time, stands among the sizes already
  const small = (parts.small ?? []).filter(({ concurrency }) => concurrency > 1);
  return plotComparisons([...large, ...small]);
}

function renderBlock(name: string, { machine, parts }: Results): string {
  switch (name) {
    case 'machine':
      return describe(machine);
    case 'goals':
      return markdownTable(goalsTable(parts));
    case 'throughput':
    case 'small': {
      const rows = parts[name] ?? [];
      const titles = [...new Set(rows.map(comparisonTitle))];
      const tableOf = (title: string) =>
        markdownTable(comparisonTable(rows.filter((row) => comparisonTitle(row) === title)));
      return titles.map((title) => `**${title}**\n\n${tableOf(title)}`).join('\n\n');
    }
    case 'requests': {
      const small = (parts.small ?? []).find(({ variant }) => variant === 'ours');
      return small === undefined ? 'Not measured.' : markdownTable(requestsWithReasons(small));
    }
    case 'memory':
    case 'cli-memory':
    case 'jobs':
    case 'find':
    case 'compaction':
    case 'seal':
    case 'console':
    case 'latency':
    case 'limits':
    case 'lambda':
    case 'init':
      return parts[name] === undefined ? 'Not measured.' : sections(name, parts);
    default:
      throw new Error(`${DOCS_FILE} has a block "${name}" that nothing writes`);
  }
}

const sections = (part: Part, parts: Results['parts']) =>
  sectionsOf(part, parts).map(formatSection).join('\n\n');

function describe({ node, processors, memoryGib, model }: Machine): string {
  return `Node ${node} on ${processors} processors (${model}), ${memoryGib} GiB of memory.`;
}

function formatSection({ title, table, notes }: Section): string {
  const blocks = [
    `**${title}**`,
    table === undefined ? '' : markdownTable(table),
    notes.map(sentence).join(' '),
  ];
  return blocks.filter((block) => block !== '').join('\n\n');
}

const sentence = (note: string) => `${note.charAt(0).toUpperCase()}${note.slice(1)}.`;

function markdownTable({ header, rows }: Table): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  const isNumeric = (at: number) => rows.every((cells) => /^[\d–]/.test(cells[at] ?? ''));
  const rule = header.map((_, at) => (at > 0 && isNumeric(at) ? '---:' : '---'));
  return [line(header), line(rule), ...rows.map(line)].join('\n');
}
