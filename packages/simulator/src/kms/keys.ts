import { generateKeyPair, randomBytes, randomUUID } from 'node:crypto';
import { chmod, mkdir } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { KmsRefusal } from '../aws/refusals.ts';
import { commitRecord, readRecords } from '../s3/files.ts';

/** As `DescribeKey` names them. */
export type KeyState = 'Enabled' | 'Disabled' | 'PendingDeletion';
export type KeySpec = 'SYMMETRIC_DEFAULT' | 'RSA_2048' | 'RSA_3072' | 'RSA_4096' | typeof SIGNING_SPEC;

/** The one spec whose keys sign; all others encrypt. */
export const SIGNING_SPEC = 'ECC_NIST_EDWARDS25519';

/** One key as it is kept in its file. Files hold key material: mode 0600. */
export interface KmsKey {
  readonly id: string;
  readonly spec: KeySpec;
  readonly description: string;
  /** Epoch ms. */
  readonly createdAt: number;
  readonly state: KeyState;
  /** Epoch ms; set while deletion is pending. */
  readonly deletionAt?: number;
  readonly aliases: readonly string[];
  /** Base64 of 32 bytes, or the private key in PEM form. */
  readonly material: string;
}

/** The account all keys belong to. */
export const KEY_OWNER = '123456789012';

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const ALIAS = /^alias\/[A-Za-z0-9/_-]{1,250}$/;
const OWNER_ONLY_FILE = 0o600;
const OWNER_ONLY_DIRECTORY = 0o700;

const generatePair = promisify(generateKeyPair);

export interface KeyStoreOptions {
  /** Where the keys are kept; without it they live as long as the store. */
  readonly dir: string | undefined;
  readonly region: string;
  readonly now: () => number;
}

/** The keys of one account in one region, each in a file of its own. */
export class KeyStore {
  readonly #options: KeyStoreOptions;
  readonly #keys = new Map<string, KmsKey>();

  private constructor(options: KeyStoreOptions) {
    this.#options = options;
  }

  /** The keys that a directory holds; it is created when it does not exist. */
  static async open(options: KeyStoreOptions): Promise<KeyStore> {
    const store = new KeyStore(options);
    if (options.dir !== undefined) {
      await mkdir(options.dir, { recursive: true });
      await chmod(options.dir, OWNER_ONLY_DIRECTORY);
      for (const record of await readRecords(options.dir)) {
        const key = record as KmsKey;
        store.#keys.set(key.id, key);
      }
    }
    return store;
  }

  async create(spec: KeySpec, description: string, aliases: readonly string[] = []): Promise<KmsKey> {
    const key: KmsKey = {
      id: randomUUID(),
      spec,
      description,
      createdAt: this.#options.now(),
      state: 'Enabled',
      aliases,
      material: await createMaterial(spec),
    };
    return this.save(key);
  }

  async save(key: KmsKey): Promise<KmsKey> {
    const { dir } = this.#options;
    if (dir !== undefined) {
      await commitRecord(path.join(dir, `${key.id}.json`), key, false, OWNER_ONLY_FILE);
    }
    this.#keys.set(key.id, key);
    return key;
  }

  /** Keys that have not been deleted yet, in the order they were made. */
  list(): readonly KmsKey[] {
    return [...this.#keys.values()]
      .filter(({ deletionAt }) => deletionAt === undefined || deletionAt > this.#options.now())
      .sort((one, other) => one.createdAt - other.createdAt || (one.id < other.id ? -1 : 1));
  }

  /** By its bare id, as a ciphertext names it. */
  byId(id: string): KmsKey | undefined {
    return this.list().find((key) => key.id === id);
  }

  byAlias(alias: string): KmsKey | undefined {
    return this.list().find(({ aliases }) => aliases.includes(alias));
  }

  /**
   * A key id, key ARN, alias name or alias ARN.
   *
   * @param kinds what the operation accepts: those that change a key's state do not take aliases.
   * @throws `NotFoundException`, `InvalidArnException`.
   */
  resolve(name: string, kinds: 'any' | 'key' = 'any'): KmsKey {
    const local = name.startsWith('arn:') ? this.#localName(name) : name;
    if (local.startsWith('alias/')) {
      if (kinds === 'key') throw new KmsRefusal('NotFoundException', `Invalid keyId ${quote(name)}`);
      const key = this.byAlias(local);
      if (key === undefined) {
        throw new KmsRefusal('NotFoundException', `Alias ${this.#arn(local)} is not found.`);
      }
      return key;
    }
    if (!UUID.test(local)) throw new KmsRefusal('NotFoundException', `Invalid keyId ${quote(name)}`);
    const key = this.byId(local);
    if (key === undefined) {
      throw new KmsRefusal('NotFoundException', `Key '${this.arn({ id: local })}' does not exist`);
    }
    return key;
  }

  arn({ id }: Pick<KmsKey, 'id'>): string {
    return this.#arn(`key/${id}`);
  }

  aliasArn(alias: string): string {
    return this.#arn(alias);
  }

  /** @throws `InvalidAliasNameException`, `AlreadyExistsException`. */
  async addAlias(key: KmsKey, alias: string): Promise<void> {
    if (!ALIAS.test(alias) || alias.startsWith('alias/aws/')) {
      throw new KmsRefusal('InvalidAliasNameException');
    }
    if (this.byAlias(alias) !== undefined) throw new KmsRefusal('AlreadyExistsException');
    await this.save({ ...key, aliases: [...key.aliases, alias] });
  }

  /** `key/…` or `alias/…` of an ARN of this account and region. */
  #localName(arn: string): string {
    const [, region, account, local] =
      /^arn:aws[a-z-]*:kms:([a-z0-9-]+):(\d{12}):((?:key|alias)\/.+)$/.exec(arn) ?? [];
    if (local === undefined) throw new KmsRefusal('InvalidArnException');
    if (region !== this.#options.region || account !== KEY_OWNER) {
      throw new KmsRefusal('NotFoundException', `Invalid arn ${region}`);
    }
    return local.replace(/^key\//, '');
  }

  #arn(local: string): string {
    return `arn:aws:kms:${this.#options.region}:${KEY_OWNER}:${local}`;
  }
}

/** @throws `DisabledException`, `KMSInvalidStateException`. */
export function requireUsable(keys: KeyStore, key: KmsKey): KmsKey {
  if (key.state === 'Disabled') throw new KmsRefusal('DisabledException', `${keys.arn(key)} is disabled.`);
  if (key.state === 'PendingDeletion') {
    throw new KmsRefusal('KMSInvalidStateException', `${keys.arn(key)} is pending deletion.`);
  }
  return key;
}

async function createMaterial(spec: KeySpec): Promise<string> {
  if (spec === 'SYMMETRIC_DEFAULT') return randomBytes(32).toString('base64');
  const { privateKey } =
    spec === SIGNING_SPEC
      ? await generatePair('ed25519')
      : await generatePair('rsa', { modulusLength: Number(spec.slice('RSA_'.length)) });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

const quote = (text: string) => `'${text.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 100)}'`;
