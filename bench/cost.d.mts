export type CostInputs = Readonly<Record<string, number>>;

export interface CostOfThousand {
  readonly lambda: number;
  readonly s3: number;
  readonly kms: number;
  readonly events: number;
  readonly logs: number;
  readonly total: number;
  readonly storage: number;
}

export function readInputs(page: string): CostInputs;
export function secondsFor(bytes: number, memoryMb: number, inputs: CostInputs): number;
export function s3WritesFor(bytes: number, inputs: CostInputs): number;
export function costOfThousand(bytes: number, memoryMb: number, inputs: CostInputs): CostOfThousand;
export function catalogueCost(
  inputs: CostInputs,
): Readonly<
  Record<'receipts' | 'listings' | 'writes' | 'lambda' | 'storage' | 'total' | 'share', number>
>;
export function signingCost(
  inputs: CostInputs,
): Readonly<Record<'secret' | 'kms', { readonly monthly: number; readonly perMillion: number }>>;
export function renewPage(page: string, results: object | undefined): string;
