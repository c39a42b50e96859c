import { RoleLinks } from '../policy/role-links';

/** What a matcher asks of a grouping: whether a subject has a role, in a scope where it names one. */
export interface RoleQuestion {
  readonly ptype: string;
  readonly subject: string;
  readonly role: string;
  readonly scope: string | undefined;
}

export interface AnsweredQuestion extends RoleQuestion {
  readonly holds: boolean;
}

/** What a question is to be answered instead of what the rules say; `undefined` leaves it to them. */
export type Presumption = (question: RoleQuestion) => boolean | undefined;

export const asTheRulesSay: Presumption = () => undefined;

/** The same text for the same question. */
export function keyOfQuestion({ ptype, subject, role, scope }: RoleQuestion): string {
  return JSON.stringify([ptype, subject, role, scope]);
}

/**
 * The role manager of a trial, which remembers what it was asked. A matcher may compute what it asks in any way; what it did ask is
 * known only from here.
 */
export class AskedRoles extends RoleLinks {
  private presume = asTheRulesSay;
  private questions = new Map<string, AnsweredQuestion>();

  constructor(private readonly ptype: string) {
    super();
  }

  /** Forgets what was asked; from now on questions are answered under another presumption. */
  begin(presume: Presumption): void {
    this.presume = presume;
    this.questions = new Map();
  }

  /** What was asked since, each once, in the order in which it was. */
  get asked(): AnsweredQuestion[] {
    return [...this.questions.values()];
  }

  override async hasLink(subject: string, role: string, ...domain: string[]): Promise<boolean> {
    return this.syncedHasLink(subject, role, ...domain);
  }

  override syncedHasLink(subject: string, role: string, ...domain: string[]): boolean {
    const question: RoleQuestion = { ptype: this.ptype, subject, role, scope: domain[0] };
    const holds = this.presume(question) ?? super.syncedHasLink(subject, role, ...domain);
    this.questions.set(keyOfQuestion(question), { ...question, holds });
    return holds;
  }
}
