/** Intervals are kept in blocks by where they begin: a block is the seq without so many of its lowest bits. MUST never change. */
export const blockBits = 11;
