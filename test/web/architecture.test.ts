import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';

const files = readdirSync('web', { recursive: true, encoding: 'utf8' })
  .map((name) => name.replaceAll('\\', '/'))
  .filter((name) => /\.tsx?$/.test(name));

/** `ground`: files directly in `web/` that the rooms use; `frame`: those that put the pages together. */
const FRAME = new Set(['main.tsx', 'app.tsx', 'page-of.tsx', 'frame.tsx']);
const roomOf = (file: string) =>
  FRAME.has(file)
    ? 'frame'
    : file.includes('/')
      ? (file.split('/')[0] ?? '')
      : file === 'api.ts'
        ? 'api'
        : 'ground';

const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  ground: [],
  api: ['ground'],
  ui: ['ground', 'api'],
  player: ['ground', 'api', 'ui'],
  // of the frame only the heading
  pages: ['ground', 'api', 'ui', 'player', 'frame'],
  frame: ['ground', 'api', 'ui', 'pages'],
};

interface Import {
  readonly from: string;
  readonly to: string;
  readonly isType: boolean;
}

const imports: readonly Import[] = files.flatMap((from) => {
  const text = readFileSync(join('web', from), 'utf8');
  const stated = text.matchAll(
    /^(?:import|export)\b( type\b)?[^;']*?from '([^']+)'|(typeof )?\bimport\('([^']+)'\)/gm,
  );
  return [...stated].map(([, type, path, typeOf, lazy]) => {
    const target = path ?? lazy ?? '';
    return {
      from,
      to: target.startsWith('.') ? join(dirname(from), target).replaceAll('\\', '/') : target,
      isType: type !== undefined || typeOf !== undefined,
    };
  });
});
const show = (list: readonly Import[]) => list.map(({ from, to }) => `${from} → ${to}`);
const isOwn = ({ to }: Import) => files.includes(to);

describe('the page', () => {
  it('lets pages use the player and the controls, both of them the API, and nothing look back', () => {
    expect(files.length).toBeGreaterThan(40);
    expect(imports.filter(isOwn).length).toBeGreaterThan(100);
    const wrong = imports.filter(isOwn).filter(({ from, to }) => {
      const [room, target] = [roomOf(from), roomOf(to)];
      return room !== target && !(MAY_IMPORT[room] ?? []).includes(target);
    });
    expect(show(wrong)).toEqual([]);
    const ofFrame = imports.filter(({ from, to }) => roomOf(from) === 'pages' && roomOf(to) === 'frame');
    expect([...new Set(ofFrame.map(({ to }) => to))]).toEqual(['frame.tsx']);
  });

  it('takes types of the server, and no code of it', () => {
    const ofServer = imports.filter(({ to }) => to.startsWith('../'));
    expect(ofServer.length).toBeGreaterThan(0);
    expect(show(ofServer.filter(({ isType }) => !isType))).toEqual([]);
    expect([...new Set(ofServer.map(({ from, to }) => `${from} ${dirname(to)}`))]).toEqual([
      'api-types.ts ../src/console',
    ]);
  });

  it('holds no package but Preact', () => {
    const packages = imports.filter((one) => !isOwn(one) && !one.to.startsWith('../'));
    expect([...new Set(packages.map(({ to }) => to))].sort()).toEqual(['preact', 'preact/hooks']);
  });

  it('asks the server in one place, and never writes markup as text', () => {
    const says = (pattern: RegExp) =>
      files.filter((file) => pattern.test(readFileSync(join('web', file), 'utf8')));
    expect(says(/\bfetch\(|XMLHttpRequest|EventSource/)).toEqual(['api.ts']);
    expect(says(/innerHTML|insertAdjacentHTML|document\.write|dangerouslySet|\beval\(/)).toEqual([]);
  });

  it('has short files with kebab-case names', () => {
    expect(files.filter((file) => readFileSync(join('web', file), 'utf8').split('\n').length > 300)).toEqual(
      [],
    );
    expect(files.filter((file) => !/^(?:[a-z]+\/)*[a-z]+(?:-[a-z]+)*\.tsx?$/.test(file))).toEqual([]);
  });
});
