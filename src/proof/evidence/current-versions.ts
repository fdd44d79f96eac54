/** Which of several objects of one recording readers of the archive take, told from the receipts of a package alone. */
import type { SignedReceipt } from '../../record/receipt/schema.ts';
import { FIRST_VERSION, splitVersion, whyNoSuccessor } from '../../record/versions.ts';

export interface CurrentVersionOf {
  /** Of the receipt in the package. */
  readonly name: string;
  /** Key of the object whose place it takes. */
  readonly before: string;
}

/**
 * Returns the successors that no higher successor of the same object stands beside, by name; nothing about recordings that were
 * archived once.
 *
 * @param receipts by the name that they have in the package, which is the end of their objects' keys.
 */
export function currentVersions(
  receipts: Iterable<
    readonly [name: string, receipt: Pick<SignedReceipt, 'kind' | 'object' | 'predecessor'>]
  >,
): readonly CurrentVersionOf[] {
  const highest = new Map<string, CurrentVersionOf & { readonly version: number }>();
  for (const [name, receipt] of receipts) {
    const key = receipt.object?.key ?? '';
    const { predecessor } = receipt;
    if (predecessor === undefined || nameInPackage(key) !== name) continue;
    if (whyNoSuccessor(key, receipt) !== undefined) continue;
    const { base, version } = splitVersion(key);
    if (version > (highest.get(base)?.version ?? FIRST_VERSION))
      highest.set(base, { name, before: predecessor.key, version });
  }
  return [...highest.values()]
    .map(({ name, before }) => ({ name, before }))
    .sort((one, other) => (one.name < other.name ? -1 : 1));
}

/** What the files of an object are called in a package: the end of its key. */
export function nameInPackage(key: string): string {
  return (key.split('/').at(-1) ?? key).replace(/\.enc$/, '');
}
