import { type ArgumentsHost, Catch } from '@nestjs/common';
import { Attempts } from '../attempts/attempts';
import { endOf, GrantlogError } from '../contract/grantlog.error';
import { askedChange, type ChangeRequest } from './change-request';
import { reach, stageOf } from './change-stage';
import { GrantlogErrorFilter } from './grantlog-error.filter';

/** Records a change that was refused for its form, before the service heard of it, and answers as everywhere. */
@Catch(GrantlogError)
export class RefusedChangeFilter extends GrantlogErrorFilter {
  constructor(private readonly attempts: Attempts) {
    super();
  }

  override catch(error: GrantlogError, host: ArgumentsHost): void {
    super.catch(this.told(error, host.switchToHttp().getRequest<ChangeRequest>()), host);
  }

  private told(error: GrantlogError, request: ChangeRequest): GrantlogError {
    const stage = stageOf(request);
    if (stage === 'told') return error;
    const { operation, assignments, reason } = askedChange(request);
    const outcome = stage === 'allowed' ? 'failed' : 'denied';
    const operationId = this.attempts[outcome](operation, assignments, { reason, error });
    reach('told');
    return operationId === undefined ? error : endOf(operationId, error);
  }
}
