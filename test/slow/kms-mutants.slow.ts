import type { KMSClient } from '@aws-sdk/client-kms';
import { describe, expect, it } from 'vitest';
import { createClient, startEndpoint } from '../simulator/kms-fixture.ts';
import { failingSteps } from '../simulator/kms-scenario.ts';

type Input = Record<string, unknown>;
type Output = Record<string, unknown>;

/** What a key service could do wrong: each changes what is asked of it, or what it answers. */
const PLANTED: Readonly<
  Record<string, { ask?: (input: Input) => Input; answer?: (output: Output) => Output }>
> = {
  'forgets the encryption context': {
    ask: (input) => ({ ...input, EncryptionContext: undefined, SourceEncryptionContext: undefined }),
  },
  'looks at no key that is named to decrypt': {
    ask: ({ KeyId, ...rest }) => ('CiphertextBlob' in rest ? rest : { KeyId, ...rest }),
  },
  'gives the same data key twice': {
    answer: (output) =>
      'Plaintext' in output && 'CiphertextBlob' in output
        ? { ...output, Plaintext: Buffer.alloc(32) }
        : output,
  },
  'says that another key was used': {
    answer: (output) => ('KeyId' in output ? { ...output, KeyId: 'another' } : output),
  },
  'never says that a key is disabled': {
    answer: ({ KeyMetadata, ...rest }) =>
      KeyMetadata === undefined
        ? rest
        : { ...rest, KeyMetadata: { ...(KeyMetadata as object), KeyState: 'Enabled' } },
  },
};

describe('the scenario that every KMS is held to', () => {
  it('is met by the simulator', async () => {
    expect(await failingSteps(createClient((await startEndpoint()).url))).toEqual([]);
  });

  it.each(Object.entries(PLANTED))('notices a KMS that %s', async (_, { ask = same, answer = same }) => {
    const client = createClient((await startEndpoint()).url);
    const planted = Object.create(client, {
      send: {
        value: async (command: { input: Input }) => {
          const input = ask(command.input);
          const copy = Object.assign(
            Object.create(Object.getPrototypeOf(command) as object) as object,
            command,
            {
              input,
            },
          );
          return answer((await client.send(copy as never)) as unknown as Output);
        },
      },
    }) as KMSClient;
    expect((await failingSteps(planted)).length).toBeGreaterThan(0);
  });
});

const same = <T>(value: T): T => value;
