export function bundleBench(outdir: string, entryPoints?: readonly string[]): Promise<void>;
