import { Body, Controller, HttpCode, HttpStatus, Post, UnauthorizedException, UseFilters } from '@nestjs/common';
import { ApiBody, ApiOkResponse, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { GrantlogErrorFilter, InvalidInputError, KeySyntax, RoleAssignments } from 'grantlog';
import { SessionTokens } from './session-tokens';
import { adminName } from './signed-in';

const body = { type: 'object', required: ['user'], properties: { user: { type: 'string', example: adminName } } };
const answer = { type: 'object', properties: { token: { type: 'string' } } };

/** The demo's sign-in: a name and no password. A real host has its own. */
@ApiTags('Session')
@Controller('session')
@UseFilters(GrantlogErrorFilter)
export class SessionController {
  constructor(
    private readonly tokens: SessionTokens,
    private readonly assignments: RoleAssignments,
    private readonly keys: KeySyntax,
  ) {}

  @Post()
  @HttpCode(HttpStatus.OK)
  @ApiOperation({ summary: 'Sign in by name, WITHOUT A PASSWORD: this is a demo' })
  @ApiBody({ schema: body })
  @ApiOkResponse({ schema: answer })
  @ApiResponse({ status: 401, description: 'Nobody of that name has a role' })
  async signIn(@Body() given: unknown): Promise<{ token: string }> {
    const user = typeof given === 'object' && given !== null ? (given as { user?: unknown }).user : undefined;
    if (typeof user !== 'string') throw new InvalidInputError('user', 'must be a name, as in {"user":"admin"}');
    const key = this.keys.key(`user^${user}`, 'user');
    if (user !== adminName && !(await this.hasRole(key))) {
      throw new UnauthorizedException(`${key} has no role; sign in as ${adminName} and assign one.`);
    }
    return { token: await this.tokens.issue(key) };
  }

  private async hasRole(subject: string): Promise<boolean> {
    const { items } = await this.assignments.findPage({ subject, limit: 1 });
    return items.length > 0;
  }
}
