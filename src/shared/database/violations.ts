const UNIQUE = '23505';
const FOREIGN_KEY = '23503';

/** Whether a statement failed because a row with the same value of that unique constraint or index exists. */
export function isUniqueViolation(error: unknown, constraint: string): boolean {
  return isViolation(error, UNIQUE, constraint);
}

/** Whether a statement failed because the row that the foreign key names is gone. */
export function isForeignKeyViolation(error: unknown, constraint: string): boolean {
  return isViolation(error, FOREIGN_KEY, constraint);
}

function isViolation(error: unknown, code: string, constraint: string): boolean {
  const failure = error as { code?: unknown; constraint?: unknown };
  return error instanceof Error && failure.code === code && failure.constraint === constraint;
}
