const UNIQUE_VIOLATION = '23505';

/** Whether a statement failed because a row with the same value of that unique constraint or index exists. */
export function isUniqueViolation(error: unknown, constraint: string): boolean {
  const { code, constraint: violated } = error as { code?: unknown; constraint?: unknown };
  return error instanceof Error && code === UNIQUE_VIOLATION && violated === constraint;
}
