/** Who changes something, from where and why: taken when the call is made, the same for all events of that call. */
export interface Attribution {
  readonly actor: string | null;
  readonly reason: string | null;
  /** UUID v7, one per call. */
  readonly operationId: string;
  readonly requestId: string | null;
  readonly sourceIp: string | null;
  readonly userAgent: string | null;
}
