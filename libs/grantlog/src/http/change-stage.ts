import { currentContext, type RequestLike } from '../context/request-context';

/** How far a request for a change has come: past the guards; to the service, which sees to what becomes of it, or told of already. */
export type ChangeStage = 'allowed' | 'told';

const stages = new WeakMap<RequestLike, ChangeStage>();

/** The present request has come this far. */
export function reach(stage: ChangeStage): void {
  const { request } = currentContext();
  if (request) stages.set(request, stage);
}

/** `undefined` if guards have not let it pass. */
export function stageOf(request: RequestLike): ChangeStage | undefined {
  return stages.get(request);
}
