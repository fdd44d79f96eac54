/** One file of an evidence package. */
export interface PackageFile {
  /** Within the package, `/`-separated. */
  readonly name: string;
  readonly body: Uint8Array | AsyncIterable<Uint8Array>;
}

/** Takes the files of a package in, out of sight until all of them are there. */
export interface PackageTarget {
  /** @returns SHA-256 of what was written, hex. */
  write(file: PackageFile): Promise<string>;
  commit(): Promise<void>;
  abandon(): Promise<void>;
}
