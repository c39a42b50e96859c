import {
  Get,
  HttpStatus,
  Inject,
  Injectable,
  NotFoundException,
  Param,
  Req,
  Res,
  StreamableFile,
} from '@nestjs/common';
import { type ConsoleFile, ConsoleFiles } from './console-files';
import { GrantlogOpen } from './permission';

/** Under which the files of the console are provided to its controller. */
export const CONSOLE_FILES = Symbol('CONSOLE_FILES');

interface ConsoleRequest {
  readonly originalUrl: string;
}

interface ConsoleResponse {
  header(name: string, value: string): unknown;
  status(code: number): unknown;
}

/** Nothing from elsewhere, nothing that stands in the page itself, and in nobody's frame. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  'img-src data:',
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/**
 * The web console: a page without data, which asks the guarded endpoints beside it. It opens without a sign-in, because a browser that
 * opens an address cannot send a token along.
 */
@Injectable()
@GrantlogOpen()
export class ConsoleController {
  constructor(@Inject(CONSOLE_FILES) private readonly files: ConsoleFiles) {}

  /** Named by its content, so that it never changes. */
  @Get('assets/:name')
  asset(@Param('name') name: string, @Res({ passthrough: true }) response: ConsoleResponse): StreamableFile {
    const asset = this.files.asset(name);
    if (!asset) throw new NotFoundException(`The console has no file ${name}; load the page again.`);
    response.header('Cache-Control', 'public, max-age=31536000, immutable');
    return sent(asset, response);
  }

  /**
   * Addresses in the page are relative to its folder, so without the slash at the end it is led there. To Fastify those are two paths, of
   * which Nest takes one slash off; Express takes them for one, and more slashes for the same.
   */
  @Get(['', '//'])
  page(
    @Req() { originalUrl }: ConsoleRequest,
    @Res({ passthrough: true }) response: ConsoleResponse,
  ): StreamableFile | undefined {
    const [path = ''] = originalUrl.split('?');
    if (path.endsWith('//')) throw new NotFoundException('The page of the console ends in one slash.');
    response.header('Cache-Control', 'no-store');
    if (!path.endsWith('/')) {
      response.header('Location', `${path.slice(path.lastIndexOf('/') + 1)}/`);
      response.status(HttpStatus.FOUND);
      return undefined;
    }
    response.header('Content-Security-Policy', policy);
    response.header('Referrer-Policy', 'no-referrer');
    return sent(this.files.page, response);
  }
}

function sent({ type, content }: ConsoleFile, response: ConsoleResponse): StreamableFile {
  response.header('X-Content-Type-Options', 'nosniff');
  return new StreamableFile(content, { type, length: content.length });
}
