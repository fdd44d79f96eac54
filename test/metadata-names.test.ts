import { describe, expect, it } from 'vitest';
import { detectFormat, needsInstruction } from '../src/envelope/detect.ts';
import { canonicalMetadata, describeRenamed } from '../src/metadata-names.ts';

const v2 = { 'x-amz-key-v2': 'a', 'x-amz-iv': 'b', 'x-amz-cek-alg': 'AES/GCM/NoPadding', 'gca-idem': 'c' };
const respelled = (spell: (name: string) => string) =>
  Object.fromEntries(Object.entries(v2).map(([name, value]) => [spell(name), value]));
const capitalise = (name: string) => name.replaceAll(/(^|-)[a-z]/g, (letter) => letter.toUpperCase());

describe('names of metadata that another tool has changed', () => {
  it.each([
    ['capitalised', capitalise],
    ['in capitals', (name: string) => name.toUpperCase()],
    ['with the prefix of S3', (name: string) => `x-amz-meta-${name}`],
    ['with the prefix twice', (name: string) => `x-amz-meta-x-amz-meta-${name}`],
    ['capitalised, with the prefix', (name: string) => capitalise(`x-amz-meta-${name}`)],
  ])('%s: are read as they were written, and said to be changed', (_, spell) => {
    const { metadata, renamed } = canonicalMetadata(respelled(spell));
    expect(metadata).toEqual(v2);
    expect(renamed).toHaveLength(4);
    expect(describeRenamed(renamed)).toMatch(/^names of 4 metadata are capitalised/);
    expect(detectFormat(respelled(spell))).toMatchObject({ format: 's3ec-v2', metadata: v2 });
    expect(needsInstruction(respelled(spell))).toBe(false);
  });

  it('are left as they are where they are unchanged, and where they are other people’s', () => {
    expect(canonicalMetadata(v2)).toEqual({ metadata: v2, renamed: [] });
    const others = { 'Content-Owner': 'x', 'x-amz-meta-owner': 'y' };
    expect(canonicalMetadata(others)).toEqual({ metadata: others, renamed: [] });
    expect(describeRenamed([])).toBeUndefined();
  });

  it('are refused when two spellings of one name disagree, in any order, and taken when they agree', () => {
    for (const odd of ['X-Amz-Iv', 'x-amz-meta-x-amz-iv', 'X-AMZ-META-X-AMZ-IV']) {
      for (const both of [
        { ...v2, [odd]: 'other' },
        { [odd]: 'other', ...v2 },
      ]) {
        expect(() => canonicalMetadata(both)).toThrow('metadata x-amz-iv is there in two spellings');
        expect(() => detectFormat(both)).toThrow('two spellings');
        expect(() => needsInstruction(both)).toThrow('two spellings');
      }
      expect(canonicalMetadata({ ...v2, [odd]: 'b' }).metadata).toEqual(v2);
    }
  });

  it('of two formats are refused in every spelling', () => {
    expect(() => detectFormat({ ...v2, 'X-Amz-C': '115' })).toThrow('metadata of several formats');
  });
});
