/** The folders in which this system looks for programs. */
export const searchPath = (): string => process.env.PATH ?? '';
