import type { RuleShape } from '../rules/rule-shape';
import { indexFor } from './indexed-model';
import { defaultScope, LinkGraph } from './link-graph';
import type { RuleIndex, Values } from './rule-index';
import { isLinkedBy, linkOf } from './rule-link';
import { WideMap } from './wide-map';

/** The rules of one policy type, and the links that they make. */
export interface DraftedType {
  readonly shape: RuleShape;
  readonly rules: RuleIndex;
  readonly graph: LinkGraph;
}

/** Rules and links that are put together beside those in use, to take their place in one go. */
export class PolicyDraft {
  readonly types: ReadonlyMap<string, DraftedType>;
  /** Few roles are assigned again and again, and one string of each is enough. */
  private readonly strings = new WideMap<string>();

  constructor(shapes: readonly RuleShape[]) {
    this.types = new Map(
      shapes.map((shape) => [shape.ptype, { shape, rules: indexFor(shape), graph: new LinkGraph() }]),
    );
  }

  /**
   * Adds a rule as the table holds it, each once. Those of policy types that the model lacks are passed over.
   * @param values becomes the rule, and MUST NOT be changed by anybody else
   */
  append(ptype: string, values: string[]): void {
    const type = this.types.get(ptype);
    if (!type) return;
    const link = linkOf(type.shape, values);
    if (link) values[1] = this.one(values[1] as string);
    type.rules.append(values);
    if (link) type.graph.link(...scoped(link));
  }

  /** Adds a rule that may be there already. */
  add(ptype: string, values: Values): void {
    if (!this.types.get(ptype)?.rules.has(values)) this.append(ptype, [...values]);
  }

  delete(ptype: string, values: Values): void {
    const type = this.types.get(ptype);
    const link = type && linkOf(type.shape, values);
    if (!type?.rules.delete(values) || !link) return;
    if (!isLinkedBy(type.rules, type.shape, link)) type.graph.unlink(...scoped(link));
  }

  private one(value: string): string {
    const known = this.strings.get(value);
    if (known === undefined) this.strings.set(value, value);
    return known ?? value;
  }
}

function scoped([child = '', parent = '', scope = defaultScope]: Values): Parameters<LinkGraph['link']> {
  return [child, parent, scope];
}
