/** What a user can mend: bad input, an option out of range, a folder that cannot be written. */
export interface Complaint {
  /** File with line and column, option or field. */
  readonly where: string;
  /** What was found there. */
  readonly given: string;
  /** What may stand there. */
  readonly allowed?: string | undefined;
  /** What to do. */
  readonly hint?: string | undefined;
}

/** `where: given, allowed; hint` */
export function complaintText({ where, given, allowed, hint }: Complaint): string {
  return `${where}: ${given}${allowed === undefined ? '' : `, ${allowed}`}${hint === undefined ? '' : `; ${hint}`}`;
}

/** Shown as one line, without a stack; the command line exits with code 2. */
export class UserError extends Error {
  constructor(readonly complaint: Complaint) {
    super(complaintText(complaint));
    this.name = 'UserError';
  }
}

/** The `code` of a Node system error (`ENOENT`), if it is one. */
export function systemCode(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
}

const SYSTEM_CODES: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or folder',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  EISDIR: 'is a folder, not a file',
  ENOTDIR: 'a part of the path is a file, not a folder',
  ENOSPC: 'no space left on the device',
  EMFILE: 'too many open files',
};

/** The system's refusal to read or write `path` as a UserError; anything else is passed on. */
export function fileError(path: string, error: unknown, hint?: string): Error {
  const code = systemCode(error);
  if (code === undefined) return error instanceof Error ? error : new Error(String(error));
  return new UserError({ where: path, given: SYSTEM_CODES[code] ?? code, hint });
}
