import { AsyncLocalStorage } from 'node:async_hooks';

const requests = new AsyncLocalStorage<string>();

/** Runs `work` so that everything it logs, now or later, carries this request's id. */
export const inRequest = <T>(id: string, work: () => T): T => requests.run(id, work);

/** The id of the request that is being answered, if any. */
export const currentRequestId = (): string | undefined => requests.getStore();
