/** Build what is missing or out of date; the names of what was built. */
export function build(options?: { force?: boolean; onStart?: () => void }): Promise<string[]>;
