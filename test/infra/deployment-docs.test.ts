import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { createTemplateStack } from '../../infra/index.ts';
import { deploySettings } from '../../src/config/deploy/settings.ts';
import { synthesise } from './synthesise.ts';

const page = readFileSync('docs/deployment.md', 'utf8');

it('docs/deployment.md has every setting of the file, and nothing else', () => {
  const [, table = ''] = /\| setting \|[^\n]*\n\|[-|]+\n((?:\|[^\n]*\n)+)/.exec(page) ?? [];
  const named = table
    .trim()
    .split('\n')
    .flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`(\w+)`/g)].map(([, name = '']) => name));
  expect(named.toSorted()).toEqual(Object.keys(deploySettings.shape).toSorted());
});

it('docs/deployment.md has an example that is accepted', () => {
  const [, example = ''] = /```json\n([^`]+)```/.exec(page) ?? [];
  expect(deploySettings.parse(JSON.parse(example)).maxConcurrency).toBe(5);
});

it('docs/deployment.md has every property of the construct', () => {
  const source = ['props/archive', 'props/hardening', 'buckets/home']
    .map((name) => readFileSync(`infra/${name}.ts`, 'utf8'))
    .join('\n');
  const found = source.matchAll(
    /interface (?:GenesysMediaArchive|Hardening|Home)Props[^{]*\{([\s\S]*?)\n\}/g,
  );
  const props = [...found].map(([, text]) => text).join('\n');
  const names = [...props.matchAll(/readonly (\w+)\??:/g)].map(([, name]) => name);
  expect(names.length).toBeGreaterThan(27);
  // conditions are for the template itself
  expect(names.filter((name) => name !== 'conditions' && !page.includes(`\`${name}\``))).toEqual([]);
});

it('docs/deployment.md has every parameter of the template, and gives those without a default', () => {
  const { raw, end } = synthesise((app) => createTemplateStack(app, 'Template'), {
    Environment: 'mypurecloud.de',
    OrganizationId: '0c2f9a6e-52a4-4a8b-9c55-1f3f6a1a9b77',
    CodeBucket: 'code-bucket',
    CodeKey: 'archive.zip',
  });
  end();
  const { Parameters } = raw as { Parameters: Record<string, { Default?: unknown }> };
  const [, command = ''] = /--parameter-overrides \\\n([^`]+)```/.exec(page) ?? [];
  const given = [...command.matchAll(/(\w+)=/g)].map(([, name]) => name);
  expect(given.filter((name = '') => !(name in Parameters))).toEqual([]);
  for (const [name, { Default }] of Object.entries(Parameters)) {
    expect([name, given.includes(name) || (Default !== undefined && page.includes(`\`${name}\``))]).toEqual([
      name,
      true,
    ]);
  }
});
