import { createHash, randomUUID } from 'node:crypto';
import { SecretRefusal } from '../aws/refusals.ts';

interface Version {
  readonly id: string;
  readonly value: string;
  /** Epoch ms. */
  readonly createdAt: number;
}

interface StoredSecret {
  readonly name: string;
  readonly arn: string;
  current: Version;
  previous: Version | undefined;
  deleted: boolean;
}

/** Secrets in memory, each with its current and its previous version. */
export class SecretStore {
  readonly #secrets: StoredSecret[] = [];
  readonly #region: string;
  readonly #now: () => number;

  constructor(region: string, now: () => number) {
    this.#region = region;
    this.#now = now;
  }

  /** Makes a secret, or gives it a new value: what was current is `AWSPREVIOUS` from now on. @returns its ARN. */
  put(name: string, value: string): string {
    const version = { id: randomUUID(), value, createdAt: this.#now() };
    const known = this.#secrets.find((secret) => secret.name === name);
    if (known !== undefined) {
      known.previous = known.current;
      known.current = version;
      return known.arn;
    }
    // six characters that AWS chooses; here the name does, so that an ARN is the same in every run
    const suffix = createHash('sha256').update(name).digest('hex').slice(0, 6);
    const arn = `arn:aws:secretsmanager:${this.#region}:000000000000:secret:${name}-${suffix}`;
    this.#secrets.push({ name, arn, current: version, previous: undefined, deleted: false });
    return arn;
  }

  /** Marked for deletion: it is still known, and refuses its value. */
  remove(name: string): void {
    const known = this.#secrets.find((secret) => secret.name === name);
    if (known !== undefined) known.deleted = true;
  }

  /** @param id name or ARN. @throws SecretRefusal */
  get(id: string, stage: string): object {
    const secret = this.#secrets.find(({ name, arn }) => name === id || arn === id);
    if (secret === undefined) throw new SecretRefusal('ResourceNotFoundException');
    if (secret.deleted) throw new SecretRefusal('InvalidRequestException');
    const version = { AWSCURRENT: secret.current, AWSPREVIOUS: secret.previous }[stage];
    if (version === undefined) throw new SecretRefusal('ResourceNotFoundException');
    return {
      ARN: secret.arn,
      Name: secret.name,
      SecretString: version.value,
      VersionId: version.id,
      VersionStages: [stage],
      CreatedDate: version.createdAt / 1000,
    };
  }
}
