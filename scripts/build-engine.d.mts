export const KERNELS: string;
/** Build when missing or older than a source; true when something was built. */
export function buildEngine(options?: { force?: boolean }): Promise<boolean>;
