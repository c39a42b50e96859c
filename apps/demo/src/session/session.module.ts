import { Module } from '@nestjs/common';
import { SessionTokens } from './session-tokens';

/** What guards need to know who is there. */
@Module({ providers: [SessionTokens], exports: [SessionTokens] })
export class SessionModule {}
