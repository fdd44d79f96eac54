import { verify } from 'node:crypto';
import type { Budget } from '../../clock.ts';
import type { ArchiveConfig } from '../../config/config.ts';
import { openSigner } from '../../create/archiver.ts';
import { createSecretValues } from '../../secrets/values.ts';
import { readReceiptKeys } from '../../signing-keys.ts';
import { requireSigningKey } from '../../signing/require-signing-key.ts';
import type { CommandContext } from '../_context.ts';
import { type DoctorCheck, failed, skip } from './check.ts';

const NAME = 'signing-key';

/** No receipt and no mark begins with this line. */
const TRIAL = Buffer.from('genesys-media-archive/doctor/v1\n');

/** Signs something that is no receipt, checks the signature, and looks for the key among those that receipts are verified with. */
export async function checkSigningKey(
  { clock, logger }: Pick<CommandContext, 'clock' | 'logger'>,
  config: ArchiveConfig,
  budget: Budget,
): Promise<DoctorCheck> {
  const { receiptPublicKeys, signingKmsKeyId, signingKeySecretArn, proxies } = config;
  try {
    const secrets = createSecretValues({ clock, logger, proxies });
    const signer = await (await openSigner(config, secrets, { clock, logger }))(budget);
    if (signer === undefined) return skip(NAME, 'none is set: receipts are not signed');
    const keys = await readReceiptKeys(receiptPublicKeys);
    requireSigningKey(signer, { keys, mustBeListed: signingKmsKeyId !== undefined, now: clock.now() });
    const { keyId, publicKey } = signer;
    if (!verify(null, TRIAL, publicKey, await signer.sign(TRIAL, budget))) {
      return {
        name: NAME,
        status: 'fail',
        detail: `${keyId} signs what it does not verify`,
        code: 'CONFIG_INVALID',
      };
    }
    const where =
      signingKmsKeyId === undefined ? (signingKeySecretArn === undefined ? 'a file' : 'a secret') : 'KMS';
    const detail = `${keyId}, in ${where}, signs receipts`;
    if (keys.size === 0 || keys.has(keyId)) return { name: NAME, status: 'ok', detail };
    return {
      name: NAME,
      status: 'warn',
      detail: `${detail}, and is not among ARCHIVE_RECEIPT_PUBLIC_KEYS: verify would not believe them`,
      fix: 'genesys-archive keys receipts --list FILE --add PEM',
    };
  } catch (error) {
    return failed(NAME, error, 'docs/keys.md says what a signing key is and who may use it');
  }
}
