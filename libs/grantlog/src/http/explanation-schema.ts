import { z } from 'zod';
import { auditRecordItem } from './answer-schemas';

const hidden = z.object({ hidden: z.literal(true) }).describe('Something that the viewer may not see');

const creation = {
  record: auditRecordItem.nullable().describe('Who created it, when and why; null if no record tells'),
  unrecorded: z
    .enum(['waiting', 'past Grantlog'])
    .nullable()
    .describe('Why there is no record: it is not recorded yet, or the rule came into the table past Grantlog'),
};

const rule = z.object({
  hidden: z.literal(false),
  ptype: z.string(),
  values: z.array(z.string()),
  ...creation,
});

const link = z.object({
  hidden: z.literal(false),
  ptype: z.string(),
  subject: z.string(),
  role: z.string(),
  scope: z.string().nullable().describe('Where the rule holds; a glob as it stands'),
  subjectDisplay: z.string(),
  roleDisplay: z.string(),
  scopeDisplay: z.string().nullable(),
  rule: z.array(z.string()).describe('All columns of the rule'),
  ...creation,
});

const missing = z.object({
  ptype: z.string(),
  subject: z.string(),
  role: z.string(),
  scope: z.string().nullable(),
  heldIn: z.array(z.string()).describe('Scopes in which the subject has the role itself, at most 10'),
});

export const explanation = z
  .object({
    allowed: z.boolean(),
    asOf: z.string().optional().describe('The moment that was asked for'),
    decidedBy: z.enum(['rule', 'no rule', 'switched off']),
    rule: z.union([rule, hidden]).nullable().describe('The rule that decided'),
    chain: z
      .array(z.union([link, hidden]))
      .describe('What led to the rule, in order; the role of each link is the subject of the next one of its ptype'),
    otherWays: z.boolean().describe('Whether there are other ways to the rule; the chain is the shortest'),
    untold: z.array(z.string()).describe('Groupings that hold by a function of the host, of which no rule can be told'),
    nearest: z
      .object({
        rules: z
          .array(z.object({ rule, missing: z.array(missing) }))
          .describe('Rules that would allow it if the subject had the role that is missing'),
        roles: z.array(link).describe('Roles that the subject has in the scope, none of which allows it'),
        more: z.boolean().describe('Whether there are more of either than 10'),
      })
      .nullable()
      .describe('Of a denial that no rule decided'),
  })
  .meta({ id: 'Explanation' });
