import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Controller, Get, NotFoundException, Param, Redirect, Res, StreamableFile } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { Response } from 'express';
import { projectFolder } from '../project-folder';

/** Where the sign-in page keeps the token, and the console finds it. */
export const tokenKey = 'grantlog-demo-token';

const folder = join(projectFolder(), 'apps', 'demo', 'sign-in');
const files: Readonly<Record<string, string>> = { 'sign-in.js': 'text/javascript', 'sign-in.css': 'text/css' };
const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/** The demo's page to sign in, which leads to Grantlog's console. A real host has its own. */
@ApiExcludeController()
@Controller()
export class SignInController {
  @Get()
  @Redirect('authz/console/')
  home(): void {
    // The redirect is all there is.
  }

  @Get('sign-in')
  page(@Res({ passthrough: true }) response: Response): StreamableFile {
    response
      .header('Content-Security-Policy', policy)
      .header('Cache-Control', 'no-store')
      .header('Referrer-Policy', 'no-referrer');
    return file('index.html', 'text/html; charset=utf-8');
  }

  @Get('sign-in/:name')
  asset(@Param('name') name: string): StreamableFile {
    const type = Object.hasOwn(files, name) ? files[name] : undefined;
    if (!type) throw new NotFoundException();
    return file(name, type);
  }
}

function file(name: string, type: string): StreamableFile {
  return new StreamableFile(readFileSync(join(folder, name)), { type });
}
