/** The red-team suite can fail: each weakness that is planted into the product lets at least one of its attacks through. */
import { isDeepStrictEqual } from 'node:util';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { casesOf, type Kind } from './attack.ts';

interface Weakness {
  /** Of the product, from `src/` or `infra/`. */
  readonly module: string;
  /** Exports that take the place of the real ones. */
  readonly plant: (real: Readonly<Record<string, (...args: readonly unknown[]) => unknown>>) => object;
  readonly attacks: () => Promise<Kind>;
}

const exchanged = async () => (await import('./attacks/exchanged-objects.ts')).exchangedObjects;
const receipts = async () => (await import('./attacks/forged-receipts.ts')).forgedReceipts;
const adoption = async () => (await import('./attacks/adoption.ts')).adoption;
const deletions = async () => (await import('./attacks/hidden-deletions.ts')).hiddenDeletions;
const wraps = async () => (await import('./attacks/wraps.ts')).wraps;
const formats = async () => (await import('./attacks/formats.ts')).formats;
const settings = async () => (await import('./attacks/configuration.ts')).configuration;
const files = async () => (await import('./attacks/local-files.ts')).localFiles;
const network = async () => (await import('./attacks/network.ts')).network;
const deployment = async () => (await import('./attacks/deployment.ts')).deployment;
const events = async () => (await import('./attacks/events.ts')).events;
const terminal = async () => (await import('./attacks/terminal-output.ts')).terminalOutput;

const NO_HASH = '0'.repeat(64);
type Statement = Readonly<Record<string, unknown>>;

function statementsOf(
  make: ((...args: readonly unknown[]) => unknown) | undefined,
  args: readonly unknown[],
): readonly Statement[] {
  return (make?.(...args) ?? []) as readonly Statement[];
}

const WEAKNESSES: Readonly<Record<string, Weakness>> = {
  'checks no signature of a receipt': {
    module: 'src/record/receipt/receipt.ts',
    plant: () => ({ checkSignature: () => 'valid' }),
    attacks: receipts,
  },
  'compares no receipt with its object': {
    module: 'src/audit/compare-with-receipt.ts',
    plant: () => ({ compareWithReceipt: () => [] }),
    attacks: exchanged,
  },
  'compares no receipt with its key': {
    module: 'src/audit/compare-with-receipt.ts',
    plant: () => ({ compareWithKey: () => [] }),
    attacks: deletions,
  },
  'believes what stands in the place of a receipt': {
    module: 'src/archive/own-receipt.ts',
    plant: () => ({ hasOwnReceipt: () => Promise.resolve(true) }),
    attacks: adoption,
  },
  'takes every object for its own': {
    module: 'src/record/writer-mark.ts',
    plant: () => ({ checkMark: () => 'valid' }),
    attacks: adoption,
  },
  'takes an object without a mark for its own': {
    module: 'src/record/writer-mark.ts',
    plant: ({ checkMark }) => ({
      checkMark: (...args: readonly unknown[]) => {
        const verdict = checkMark?.(...args);
        return verdict === 'absent' ? 'valid' : verdict;
      },
    }),
    attacks: adoption,
  },
  'does not hash wraps': {
    module: 'src/record/first-wrap.ts',
    plant: () => ({ hashWrap: () => NO_HASH }),
    attacks: wraps,
  },
  'does not hash metadata': {
    module: 'src/record/identity.ts',
    plant: () => ({ hashMetadata: () => NO_HASH }),
    attacks: formats,
  },
  'takes every config file for one that was named': {
    module: 'src/config/sources.ts',
    plant: ({ gatherSettings }) => ({
      gatherSettings: (sources: { readonly file?: object }, ...rest: readonly unknown[]) =>
        gatherSettings?.({ ...sources, file: sources.file && { ...sources.file, isNamed: true } }, ...rest),
    }),
    attacks: settings,
  },
  'follows links in a spool': {
    module: 'src/serve/own-files.ts',
    plant: () => ({ claimFolder: () => Promise.resolve() }),
    attacks: files,
  },
  'takes every address for a public one': {
    module: 'src/http/addresses.ts',
    plant: () => ({ isPublicAddress: () => true }),
    attacks: network,
  },
  'takes every address for its own machine': {
    module: 'src/http/addresses.ts',
    plant: () => ({ isPermittedLoopback: () => true }),
    attacks: network,
  },
  'lets the writer decrypt': {
    module: 'infra/access/policies.ts',
    plant: ({ writerStatements }) => ({
      writerStatements: (...args: readonly unknown[]) =>
        statementsOf(writerStatements, args).map((statement) =>
          JSON.stringify(statement['Action']).includes('kms:GenerateDataKey')
            ? { ...statement, Action: ['kms:GenerateDataKey', 'kms:Decrypt'] }
            : statement,
        ),
    }),
    attacks: deployment,
  },
  'lets the auditor write': {
    module: 'infra/access/policies.ts',
    plant: ({ auditorStatements }) => ({
      auditorStatements: (...args: readonly unknown[]) =>
        statementsOf(auditorStatements, args).map((statement) =>
          JSON.stringify(statement['Action']).includes('s3:GetObject')
            ? { ...statement, Action: ['s3:GetObject', 's3:PutObject'] }
            : statement,
        ),
    }),
    attacks: deployment,
  },
  'takes every webhook for signed': {
    module: 'src/events/webhook-signature.ts',
    plant: () => ({ verifyWebhookSignature: () => true }),
    attacks: events,
  },
  'takes every time of a webhook for now': {
    module: 'src/events/webhook-signature.ts',
    plant: () => ({ isTimely: () => true }),
    attacks: events,
  },
  'prints what strangers have written': {
    module: 'src/printable.ts',
    plant: () => ({
      printable: (text: string) => text,
      printableLines: (text: string) => text,
      printableJson: (value: unknown, indent?: number) => JSON.stringify(value, undefined, indent),
    }),
    attacks: terminal,
  },
};

afterEach(() => {
  vi.resetModules();
});

/** @returns the attacks that get through, up to the first. */
async function firstThrough(kind: Kind): Promise<readonly string[]> {
  try {
    for (const [name, attack, mode] of casesOf(kind)) {
      // an attack that throws has not got through: the weakness broke something else
      if (!isDeepStrictEqual(await attack.attempt(mode), attack.outcome)) return [name];
    }
    return [];
  } finally {
    await kind.close?.();
  }
}

describe('the red-team suite', () => {
  it('is tried with ten weaknesses and more', () => {
    expect(Object.keys(WEAKNESSES).length).toBeGreaterThanOrEqual(10);
  });

  it.each(Object.entries(WEAKNESSES))('fails on a product that %s', async (_, { module, plant, attacks }) => {
    const path = `../../${module}`;
    vi.resetModules();
    vi.doMock(path, async (original) => {
      const real = await original<Readonly<Record<string, (...args: readonly unknown[]) => unknown>>>();
      return { ...real, ...plant(real) };
    });
    try {
      expect(await firstThrough(await attacks())).toHaveLength(1);
    } finally {
      vi.doUnmock(path);
    }
  });

  it.each([receipts, adoption, network])('passes on a sound product', async (attacks) => {
    vi.resetModules();
    expect(await firstThrough(await attacks())).toEqual([]);
  });
});
