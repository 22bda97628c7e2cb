// The parameters of a view whose range is not the usual one.
import { asked } from '../lib/url.js';

export function over(query, from) {
  const params = asked(query);
  if (!params.get('from')) params.set('from', from);
  return params;
}
