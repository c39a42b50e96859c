import { z } from 'zod';
import * as described from '../../../libs/grantlog/src/http/answer-schemas';
import { explanation } from '../../../libs/grantlog/src/http/explanation-schema';
import { type TestApp } from '../../../test/support/app';
import { Cluster } from '../../../test/support/cluster';
import { HttpCaller, LetsPass } from '../../../test/support/http';
import type * as read from '../src/api/answers';

/** Compiles only if everything that the server may answer is what the page takes it for. */
type Held<Answer extends Read, Read> = Answer;
type Of<Schema extends z.ZodType> = z.output<Schema>;

export type WhatThePageReads = [
  Held<Of<typeof described.auditRecordItem>, read.RecordItem>,
  Held<Of<typeof described.auditRecordsPage>, read.RecordsPage>,
  Held<Of<typeof described.auditHistogram>, read.Histogram>,
  Held<Of<typeof described.namespacesInUse>, read.Namespaces>,
  Held<Of<typeof described.keySuggestions>, read.Suggestions>,
  Held<Of<typeof described.roleAssignmentsPage>, read.AssignmentsPage>,
  Held<Of<typeof described.assignmentHistoryPage>, read.HistoryPage>,
  Held<Of<typeof described.assignmentDifferencePage>, read.DifferencePage>,
  Held<Of<typeof described.changeResults>, read.ChangeResults>,
  Held<Of<typeof described.managing>, { readonly manages: boolean }>,
  Held<Of<typeof described.healthReport>, read.HealthReport>,
  Held<Of<typeof described.parkedPage>, read.Page<read.Parked>>,
  Held<Of<typeof described.retryOutcome>, read.RetryOutcome>,
  Held<Of<typeof explanation>, read.Explanation>,
];

const assignment = { subject: 'user^42', role: 'role^reader', scope: 'lib^lib:Org1:math' };

describe('what the page reads is what the server answers', () => {
  let cluster: Cluster;
  let app: TestApp;
  let caller: HttpCaller;
  let between: string;
  beforeAll(async () => {
    cluster = await Cluster.create();
    app = await cluster.start({ grantlog: { http: { guards: [LetsPass] }, listeners: false } });
    caller = await HttpCaller.of(app);
    await app.enforcer.addPolicy('role^reader', 'act^read', '*');
    await app.relay.drained();
    between = (await caller.get('/authz/health')).body.closedThrough;
    await app.assignments.assign(assignment, { reason: 'new here' });
    await app.relay.drained();
  });
  afterAll(() => cluster.end());

  it.each<[string, z.ZodType]>([
    ['audit-records', described.auditRecordsPage],
    ['audit-records/histogram', described.auditHistogram],
    ['audit-records/namespaces', described.namespacesInUse],
    ['audit-records/suggestions?word=4', described.keySuggestions],
    ['role-assignments', described.roleAssignmentsPage],
    ['role-assignments/history?subject=user%5E42', described.assignmentHistoryPage],
    ['role-assignments/difference?from=', described.assignmentDifferencePage],
    ['explain?subject=user%5E42&action=act%5Eread&scope=lib%5Elib:Org1:math', explanation],
    ['explain?subject=user%5E42&action=act%5Ewrite&scope=lib%5Elib:Org1:math', explanation],
    ['viewer', described.viewing],
    ['viewer/manages', described.managing],
    ['health', described.healthReport],
    ['parked', described.parkedPage],
  ])('%s', async (path, schema) => {
    const { status, body } = await caller.get(`/authz/${path}${path.endsWith('=') ? between : ''}`);
    expect(status).toBe(200);
    expect(z.safeParse(schema, body).error).toBeUndefined();
    if (body.items) expect(path === 'parked' || body.items.length > 0).toBe(true);
  });
});
