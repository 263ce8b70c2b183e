import { request } from 'node:http';

export interface ExactReply {
  status: number;
  headers: NodeJS.Dict<string | string[]>;
  text: string;
}

/** Sends requests to `url` with exactly the headers and bytes it is given. */
export function sender(url: string) {
  return (method: string, path: string, headers: Record<string, string> = {}, body?: string | Buffer) =>
    new Promise<ExactReply>((resolve, reject) => {
      const sent = request(`${url}${path}`, { method, headers }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            text: Buffer.concat(chunks).toString(),
          }),
        );
      });
      sent.on('error', reject).end(body);
    });
}
