import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { alignColumns, columnsOf } from '../../src/cli/_table.ts';
import { formatTable } from '../../src/cli/find/table.ts';
import { type CatalogueRow, COLUMNS } from '../../src/catalogue/schema.ts';

describe('the columns of a terminal that a text takes', () => {
  it.each([
    ['Claims', 6],
    ['', 0],
    ['申請', 4],
    ['Ｃｌ', 4],
    ['한국', 4],
    ['カスタマー', 10],
    // a letter and its accent, as macOS writes names
    ['Jose\u0301', 4],
    ['нет', 3],
    ['नमस्ते', 4],
    ['한국'.normalize('NFD'), 4],
    ['📞 Claims', 9],
    ['✅', 2],
    ['☎', 1],
    ['👍🏽', 2],
    ['🇩🇪', 2],
    ['…', 1],
    ['�', 1],
  ])('of %j are %i', (text, columns) => {
    expect(columnsOf(text)).toBe(columns);
  });
});

describe('a table', () => {
  const names = [
    'Claims',
    '申請',
    '📞 Hotline',
    'Jose\u0301 Álvarez',
    '🇩🇪 DE',
    'ﬁnance',
    'e\u0301e\u0301e\u0301e\u0301e\u0301',
  ];

  it('keeps its columns one below the other, for names of all scripts', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...names), { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 8, max: 60 }),
        (queues, width) => {
          const columns = [
            { title: 'queue', least: 4, cells: queues },
            { title: 'n', cells: queues.map(() => '1') },
          ];
          const { lines, heading } = alignColumns(columns, width);
          const places = [heading, ...lines].map((line) => columnsOf(line));
          expect(new Set(places).size).toBe(1);
          expect(Math.max(...places)).toBeLessThanOrEqual(width);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('cuts no letter from its accent', () => {
    const { lines } = alignColumns([{ title: 'q', least: 3, cells: ['e\u0301e\u0301e\u0301e\u0301'] }], 3);
    expect(lines).toEqual(['e\u0301e\u0301…']);
  });
});

describe('the table of find', () => {
  const row = {
    ...(Object.fromEntries(COLUMNS.map(({ name }) => [name, null])) as unknown as CatalogueRow),
    recorded_at: Date.parse('2026-03-05T08:00:00Z'),
    recording_id: '0f0f0f0f-0f0f-4f0f-8f0f-0f0f0f0f0f0f',
    state: 'archived',
    duration_ms: 65_000,
    bytes: 1_000_000n,
    direction: 'inbound',
    media: 'call',
    queue_ids: ['q'],
    queue_names: ['Claims and complaints'],
    agent_ids: ['0e0e0e0e-0e0e-4e0e-8e0e-0e0e0e0e0e0e'],
    wrap_up_codes: ['w'],
    wrap_up_names: ['Solved at the first call'],
  };

  it.each([80, 100, 120, 160, 200])(
    'fits into a terminal of %i columns, and says what it leaves out',
    (width) => {
      const { heading, lines, leftOut } = formatTable([{ row }], width);
      for (const line of [heading, ...lines]) expect(columnsOf(line)).toBeLessThanOrEqual(width);
      // what a recording is named by is never cut
      expect(lines[0]).toContain(row.recording_id);
      expect(lines[0]).toContain('2026-03-05 08:00');
      const whole = formatTable([{ row }], undefined).heading.split(/ +/);
      expect([...heading.split(/ +/), ...leftOut].sort()).toEqual(whole.sort());
      expect(leftOut.length > 0).toBe(width <= 120);
    },
  );
});
