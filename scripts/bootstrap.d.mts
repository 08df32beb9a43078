interface Lock {
  readonly packages: Readonly<
    Record<string, { version?: string; optional?: boolean; devOptional?: boolean }>
  >;
}
export function nodeIsRecent(version: string, range: string): boolean;
export function installProblem(lock: Lock, installed: Lock | undefined): string | undefined;
export function bootstrap(): Promise<void>;
