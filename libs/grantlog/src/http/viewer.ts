import type { Attributor } from '../context/attributor';
import { currentContext, type RequestLike } from '../context/request-context';
import { InvalidInputError } from '../contract/grantlog.error';
import { checkedVisible, type VisibleScopes } from '../contract/visible-scopes';
import type { PermittedScopes } from '../enforcer/permitted-scopes';

/**
 * Says where somebody may see.
 * @param viewer who would be the actor of a change in this request; `null` if nobody is known
 * @param request `undefined` outside of any
 * @param permitted answers the scopes in which Casbin allows the viewer something
 */
export type ScopesOfViewer = (
  viewer: string | null,
  request: RequestLike | undefined,
  permitted: (permission: string) => Promise<VisibleScopes>,
) => VisibleScopes | Promise<VisibleScopes>;

/**
 * Who reads in the present request, and where they may see (option `visibleScopes`). Grantlog's own endpoints narrow everything by it;
 * endpoints of the host can do the same: `trail.find(query, { visible: await viewer.visible() })`.
 */
export class Viewer {
  /** @internal */
  constructor(
    private readonly attributor: Attributor,
    private readonly scopes: { readonly permission: string } | ScopesOfViewer,
    private readonly permitted: Pick<PermittedScopes, 'of'>,
  ) {}

  /** The key under which a change in this request would be recorded; `null` if nobody is known. */
  key(): string | null {
    return this.attributor.viewer();
  }

  /**
   * Where the viewer may see, as it is now.
   * @throws what the host's functions throw, or an Error if they answer nonsense: then nothing may be shown
   */
  async visible(): Promise<VisibleScopes> {
    let mistake = 'The option actor does not say who reads';
    try {
      const viewer = this.key();
      mistake = `The option visibleScopes does not say where ${viewer} may see`;
      return checkedVisible(await this.scopesOf(viewer));
    } catch (error) {
      if (!(error instanceof InvalidInputError)) throw error;
      const problem = `${mistake}, so that nothing is shown. ${error.message}`;
      throw new Error(problem, { cause: error }); // the host's mistake, and no bad input of whoever asks
    }
  }

  private async scopesOf(viewer: string | null): Promise<VisibleScopes> {
    const permitted = (permission: string): Promise<VisibleScopes> => this.permitted.of(viewer, permission);
    if (typeof this.scopes === 'object') return permitted(this.scopes.permission);
    return this.scopes(viewer, currentContext().request, permitted);
  }
}
