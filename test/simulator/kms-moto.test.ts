import { createClient } from './kms-fixture.ts';
import { describeKms } from './kms-scenario.ts';

/**
 * The simulator's KMS is held to the same scenario as moto's (https://docs.getmoto.org), so that what both agree on is more
 * than one author's reading of the documentation. `npm run test:moto` starts one and names it here.
 */
const { TEST_KMS_ENDPOINT: endpoint } = process.env;

/** What moto 5.1 does otherwise than AWS documents, by the step that shows it. */
const deviations = {
  'gives a data key of 32 bytes, in clear and wrapped in 184': 'its ciphertext has 96 bytes',
  'refuses to unwrap with another key than the one that wrapped': 'KeyId of Decrypt is not looked at',
  'refuses to use a disabled key, and uses it again once it is enabled': 'key states are kept, not enforced',
  'refuses to use a key that waits for deletion': 'key states are kept, not enforced',
  'decrypts what was encrypted for its RSA key elsewhere': 'RSA keys encrypt in a form of its own',
};

describeKms('a KMS that others wrote (moto)', () => Promise.resolve(createClient(endpoint ?? '')), {
  deviations,
  needs: endpoint === undefined ? 'TEST_KMS_ENDPOINT' : undefined,
});
