import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { COMMANDS } from '../src/cli/specs/commands.ts';
import { parseCommandLine } from '../src/cli/_program.ts';
import { METRICS } from '../src/config/metric-names.ts';
import { LOOK_PERMISSIONS } from '../src/stack/check-stack.ts';

const PAGES = [
  'README.md',
  'AGENTS.md',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  ...readdirSync('docs', { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name.replaceAll('\\', '/')}`),
];

/** As GitHub makes them: words in lower case, everything but letters, digits, `-` and `_` taken out, spaces to hyphens. */
function anchorsOf(text: string): Set<string> {
  const prose = text.replaceAll(/^```[\s\S]*?^```/gm, '');
  return new Set(
    [...prose.matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}

describe('links', () => {
  const links = PAGES.flatMap((page) =>
    [...readFileSync(page, 'utf8').matchAll(/\]\((?!https?:|mailto:)([^)\s]+)\)/g)].map(
      ([, target = '']) => [page, target] as const,
    ),
  );

  it('there are some', () => expect(links.length).toBeGreaterThan(50));

  it.each(links)('%s → %s', (page, target) => {
    const [file = '', anchor] = target.split('#');
    const linked = file === '' ? page : path.join(path.dirname(page), file);
    expect(existsSync(linked)).toBe(true);
    if (anchor !== undefined) expect([...anchorsOf(readFileSync(linked, 'utf8'))]).toContain(anchor);
  });
});

describe('each page', () => {
  it.each(PAGES)('%s says nothing twice in a row, as a merge of two edits of one line leaves it', (page) => {
    const prose = readFileSync(page, 'utf8').replaceAll(/^```[\s\S]*?^```/gm, '');
    const lines = prose.split('\n').map((line) => line.trim().slice(0, 75));
    const doubled = lines.filter(
      (line, at) => line.length === 75 && lines.slice(at + 1, at + 3).includes(line),
    );
    expect(doubled).toEqual([]);
  });
});

/** Words of one simple command, as a shell has them; what it would put in for `$(…)` or a variable is one word. */
function wordsOf(command: string): string[] {
  const words = command.match(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g) ?? [];
  return words.map((word) => word.replaceAll(/["']/g, ''));
}

/** Every command line of this program on a page: in a block for a shell, or between backticks. */
function commandsOf(text: string): string[] {
  const program = /^(?:genesys-archive|node dist\/cli\.mjs) (?=[a-z-])/;
  const blocks = [...text.matchAll(/^\s*```(?:sh|bash)\n([\s\S]*?)^\s*```/gm)].map(([, block = '']) => block);
  const lines = blocks.flatMap((block) => block.replaceAll('\\\n', ' ').split('\n'));
  const spans = [...text.matchAll(/`([^`\n]+)`/g)].map(([, span = '']) => span);
  return [...lines, ...spans]
    .map((line) => line.trim().replace(/\s+#.*$/, ''))
    .map((line) => line.replaceAll(/"?\$\([^)]*\)"?/g, 'OUTPUT'))
    .flatMap((line) => line.split(/ \| | && |; /))
    .map((line) => line.replace(/ [<>] .*$/, '').trim())
    .filter((line) => program.test(line) && !/[….]{3}$|…/.test(line))
    .map((line) => line.replace(program, ''));
}

describe('command lines', () => {
  const commands = PAGES.flatMap((page) =>
    [...new Set(commandsOf(readFileSync(page, 'utf8')))].map((command) => [page, command] as const),
  );

  it('there are some, on the pages that are followed line by line', () => {
    for (const page of ['README.md', 'docs/quickstart.md', 'docs/runbook.md', 'docs/serve.md']) {
      expect(commands.filter(([named]) => named === page).length).toBeGreaterThan(3);
    }
  });

  it.each(commands)('%s: genesys-archive %s', async (_page, command) => {
    // in prose a command is also called by its name alone
    if (/^[a-z]+$/.test(command)) {
      expect(COMMANDS.map(({ name }) => name)).toContain(command);
      return;
    }
    const invocation = await parseCommandLine(wordsOf(command));
    expect(invocation.kind === 'text' ? invocation.failed : false).toBe(false);
  });
});

describe('the ways into the code', () => {
  it.each(['AGENTS.md', 'CONTRIBUTING.md', 'docs/architecture.md', 'docs/glossary.md'])(
    '%s names only files and folders that exist',
    (page) => {
      const text = readFileSync(page, 'utf8').replaceAll(/^```[\s\S]*?^```/gm, '');
      const named = [...text.matchAll(/`([a-z0-9-]+(?:\/[a-z0-9.-]+)*(?:\/|\.ts|\.mjs))`/g)]
        .map(([, file = '']) => file)
        .filter((file) => file.includes('/'));
      expect(named.length).toBeGreaterThan(5);
      // in full or below src/; but prefixes of keys, and folders whose parent stands beside them
      const missing = named.filter((file) => !existsSync(file) && !existsSync(path.join('src', file)));
      expect(
        missing.filter(
          (file) => !/^(?:dist|archive|links|claims|recordings|media|write-back|s3|directory)\/$/.test(file),
        ),
      ).toEqual([]);
    },
  );
});

describe('docs/glossary.md', () => {
  it('lists its words in the order of the alphabet, in one table', () => {
    const lines = readFileSync('docs/glossary.md', 'utf8').split('\n');
    const rows = lines.slice(lines.indexOf('| word | meaning |') + 2).filter((line) => line !== '');
    const words = rows.map((line) => line.split('|')[1]?.trim().toLowerCase() ?? '');
    expect(words.length).toBeGreaterThan(50);
    expect(lines.filter((line) => line.startsWith('|'))).toHaveLength(words.length + 2);
    expect(words).toEqual(words.toSorted());
  });
});

describe('README.md', () => {
  it('has at most 150 lines, and calls the program by one name', () => {
    const text = readFileSync('README.md', 'utf8');
    expect(text.trimEnd().split('\n').length).toBeLessThanOrEqual(150);
    expect(text.match(/dist\/cli\.mjs/g)).toHaveLength(1);
  });
});

describe('docs/deployment.md', () => {
  it('says what every metric is', () => {
    const page =
      readFileSync('docs/deployment.md', 'utf8').split('\n## Metrics\n')[1]?.split('\n## ')[0] ?? '';
    const named = [...page.matchAll(/^\| (`[^|]+) \|/gm)].flatMap(([, cell = '']) => cell.split(', '));
    expect(named.toSorted(), 'the table of docs/deployment.md and METRICS differ').toEqual(
      Object.values(METRICS)
        .map((name) => `\`${name}\``)
        .toSorted(),
    );
  });
});

describe('docs/runbook.md', () => {
  const text = readFileSync('docs/runbook.md', 'utf8');
  const anchors = anchorsOf(text);

  /** Alarms link to these. */
  it.each(['queue-is-old', 'dead-letters', 'verify-failure', 'auth-failure', 'error-rate'])(
    'has an entry for the alarm %s',
    (anchor) => expect([...anchors]).toContain(anchor),
  );

  it('says of every symptom how to check, fix and verify', () => {
    const entries = text
      .split(/^## /m)
      .slice(1)
      .filter((entry) => entry.includes('**Symptom.**'));
    expect(entries.length).toBeGreaterThan(12);
    for (const entry of entries) {
      for (const part of ['**Check', '**Fix', '**Verify']) expect(entry).toContain(part);
    }
  });

  it('lists the permissions that doctor --stack needs, and no other', () => {
    const section = text.slice(text.indexOf('## Permissions of doctor'));
    const listed = [...section.matchAll(/`([a-z0-9]+:[A-Za-z]+)`/g)].map(([, action]) => action);
    expect(new Set(listed)).toEqual(new Set(LOOK_PERMISSIONS));
    expect(listed).toHaveLength(LOOK_PERMISSIONS.length);
  });

  it('is where doctor sends people to', () => {
    const sources = readdirSync('src', { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => readFileSync(`src/${name}`, 'utf8'))
      .join('\n');
    const named = [...sources.matchAll(/docs\/runbook\.md#([a-z0-9-]+)/g)].map(([, anchor = '']) => anchor);
    expect(named.length).toBeGreaterThan(2);
    expect(named.filter((anchor) => !anchors.has(anchor))).toEqual([]);
  });
});

/** What a table defines stands in it once: two branches that each add a row to it merge without a conflict. */
describe.each(['docs/glossary.md', 'docs/guarantees.md', 'docs/catalogue.md'])('%s', (page) => {
  it('defines nothing twice in one table', () => {
    const twice: string[] = [];
    let seen = new Set<string>();
    for (const line of readFileSync(page, 'utf8').split('\n')) {
      if (!line.startsWith('|')) seen = new Set();
      const [, first = ''] = line.split('|');
      const name = first.trim();
      if (/^[-: ]*$/.test(name)) continue;
      if (seen.has(name)) twice.push(name);
      seen.add(name);
    }
    expect(twice).toEqual([]);
  });
});
