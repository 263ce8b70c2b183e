/**
 * Why the process cannot start, in one line for the operator: what is wrong, where, and what to do. Printed
 * without a stack; anything else that stops a start is a bug and is printed with one.
 */
export class StartupError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StartupError';
  }
}

/** The plain-language reason of a failed system call. */
export function systemReason(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return (code !== undefined && REASONS[code]) || message;
}

const REASONS: Record<string, string> = {
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
  EROFS: 'the file system is read-only',
  ENOSPC: 'no space is left on the device',
  EDQUOT: 'the disk quota is used up',
  ENOTDIR: 'a part of the path is not a folder',
  EEXIST: 'a file of that name is in the way',
  ENOTEMPTY: 'a folder of that name is in the way, and it is not empty',
  EISDIR: 'a folder of that name is in the way',
  ENOENT: 'it does not exist',
  ENAMETOOLONG: 'the path is too long',
};
