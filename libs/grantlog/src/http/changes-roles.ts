import { applyDecorators, type CanActivate, UseFilters, UseGuards } from '@nestjs/common';
import { reach } from './change-stage';
import { fromOwnPages } from './own-pages.guard';
import { RefusedChangeFilter } from './refused-change.filter';

/** The last guard: those of the host have let the request pass. */
const guardsPassed: CanActivate = {
  canActivate: () => {
    reach('allowed');
    return true;
  },
};

/** For handlers that change roles: what is refused before they begin is recorded as an attempt. */
export const ChangesRoles = (): MethodDecorator & ClassDecorator =>
  applyDecorators(UseGuards(fromOwnPages, guardsPassed), UseFilters(RefusedChangeFilter));
