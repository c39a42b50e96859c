import {
  type CanActivate,
  Controller,
  type ExecutionContext,
  Injectable,
  Module,
  Post,
  Query,
  UseGuards,
} from '@nestjs/common';
import { RoleAssignments } from 'grantlog';
import { reader } from './facts';

interface Request {
  readonly headers: Record<string, string | undefined>;
  user?: { id: string };
}

/** Knows who asks only after all middleware has run. */
@Injectable()
class SignedIn implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<Request>();
    const user = request.headers['x-guard-user'];
    if (user !== undefined) request.user = { id: user };
    return true;
  }
}

/** Waits until `size` requests are in it, so that they are under way at the same time. */
class Gate {
  size = 1;
  private readonly waiting: (() => void)[] = [];

  async pass(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.waiting.push(resolve);
      if (this.waiting.length >= this.size) for (const go of this.waiting.splice(0)) go();
    });
  }
}

export const gate = new Gate();

@Controller('hire')
@UseGuards(SignedIn)
class HireController {
  constructor(private readonly assignments: RoleAssignments) {}

  @Post()
  async hire(@Query('name') name: string): Promise<void> {
    await gate.pass();
    await this.assignments.assign(reader(name));
  }
}

@Module({ controllers: [HireController] })
export class HireModule {}

/** Signs in whom a header names, before any guard. */
export const userOfHeader = (request: Request, _response: unknown, next: () => void): void => {
  const user = request.headers['x-user'];
  if (user !== undefined) request.user = { id: user };
  next();
};
