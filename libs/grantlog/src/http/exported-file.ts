import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { Logger, StreamableFile } from '@nestjs/common';
import type { AuditExport } from '../trail/audit-export';

const log = new Logger('Grantlog');

/** What is read of a request; Express and Fastify have it. */
export interface FileRequest {
  readonly method: string;
}

/** What is done to a response; Express and Fastify can do it. */
export interface FileResponse {
  header(name: string, value: string): unknown;
  /** Node's own response, where `this` is a reply of Fastify. */
  readonly raw?: ServerResponse;
}

/** Whether nobody will see a body. */
export function asksForHeaders({ method }: FileRequest): boolean {
  return method === 'HEAD';
}

/**
 * An export as a file to be downloaded. If the log cannot be read to its end the connection is broken off: an answer that ended politely
 * would look whole. If the client goes away, no more is read.
 */
export async function exportedFile(
  exported: AuditExport,
  request: FileRequest,
  response: FileResponse,
): Promise<StreamableFile> {
  const body = asksForHeaders(request) ? Readable.from([]) : await exported.stream();
  const node = response.raw ?? (response as unknown as ServerResponse);
  if (node.destroyed) body.destroy();
  node.once('close', () => body.destroy());
  response.header('Grantlog-Closed-Through', exported.closedThrough);
  return new StreamableFile(body, {
    type: exported.contentType,
    disposition: `attachment; filename="${exported.fileName}"`,
  }).setErrorHandler((error) => {
    log.error(`An export was broken off, because the log could not be read: ${error.message}`);
    node.destroy();
  });
}
