import type { ViewProps } from '../route';
import { Empty } from '../parts/states';

export function Why(_: ViewProps) {
  return <Empty title="Nothing here yet" />;
}
