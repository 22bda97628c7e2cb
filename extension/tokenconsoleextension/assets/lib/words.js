// What Holter's names mean to whoever reads the page.

export const detectors = {
  identity_shift: 'used by somebody else',
  new_country: 'used from a new country',
  new_network: 'used from a new network',
  new_client: 'used by a new client',
  new_endpoint: 'used on routes it never used',
  odd_hours: 'used at unusual hours',
  request_burst: 'used far more than ever before',
  slow_drift: 'use grows beyond its records',
  error_spike: 'meets errors it never met',
  data_exfiltration: 'fetches far more data per request',
  dormant_wake: 'used after long sleep',
  impossible_travel: 'in two places at once',
  concurrent_use: 'used by two parties at once',
  endpoint_sequence: 'used in an order never seen',
  auth_failures: 'refused far more than ever before',
  enumeration: 'asks for many things that are not there',
  spend_spike: 'spends far more than ever before',
  population_shift: 'many tokens changed at once',
  expired_use: 'expired, and used',
  revoked_use: 'revoked, and used',
  unknown_token: 'not in the registry',
  network_policy: 'used from a forbidden network',
  scope_violation: 'used on what it is not granted',
  leaked_credential: 'leaked, and used',
  decoy_use: 'a decoy was used',
};
export const detector = (name) => detectors[name] || String(name || '').replace(/_/g, ' ');

export const severities = {
  WARN: { word: 'look', glyph: '△', about: 'Worth a look' },
  ERROR: { word: 'act', glyph: '▲', about: 'Somebody should act' },
  FATAL: { word: 'breach', glyph: '◆', about: 'A confirmed compromise' },
};
export const severity = (name) => severities[name] || { word: (name || 'note').toLowerCase(), glyph: '·', about: name || '' };

export const states = {
  ok: { word: 'normal', glyph: '●', about: 'Behaves as it has learned to' },
  learning: { word: 'learning', glyph: '◔', about: 'Not known well enough to be judged: that takes five active days' },
  rising: { word: 'rising', glyph: '◑', about: 'Evidence adds up, but has not reached what the alert budget asks for' },
  alert: { word: 'alert', glyph: '▲', about: 'An anomaly is open' },
  dormant: { word: 'dormant', glyph: '○', about: 'Not used for long' },
  revoked: { word: 'revoked', glyph: '×', about: 'Withdrawn by its registry' },
};
export const state = (name) => states[name] || { word: name || 'unknown', glyph: '·', about: '' };

export const marks = {
  anomaly: { glyph: '▼', word: 'anomaly' },
  auth: { glyph: '◇', word: 'auth event' },
  feedback: { glyph: '✓', word: 'feedback' },
  response: { glyph: '■', word: 'response' },
  release: { glyph: '┆', word: 'release' },
};

export const dimension = {
  q: 'search',
  token: 'token', owner: 'owner', team: 'team', tag: 'tag', environment: 'environment', status: 'status', direction: 'direction',
  route: 'route', country: 'country', network: 'network', release: 'release', service: 'service', client: 'client', outcome: 'outcome', unit: 'unit', model: 'model',
};

export const outcomes = {
  success: 'success', client_error: 'client error (4xx)', auth_error: 'refused (401, 403)', rate_limited: 'rate limited (429)', server_error: 'server error (5xx)',
};

export const hygiene = {
  leaked: ['Leaked', 'known to be in other hands'],
  shared: ['Shared', 'used by several parties, so that nobody can be told apart'],
  unregistered: ['Unregistered', 'used, but in no registry; the owner is a guess from the company they keep'],
  over_privileged: ['Over-privileged', 'hold scopes that they never exercised'],
  expiring: ['Expiring', 'end soon, and are still in use'],
  not_rotated: ['Not rotated', 'older than a key should get'],
  unused: ['Unused', 'nobody has used them for long: every key that works is one that can be stolen'],
  never_used: ['Never used', 'handed out, and not seen since'],
  declining: ['Declining', 'used less and less: ask the owner before they leave'],
};

export const deeds = {
  lock: { label: 'Lock', title: 'Lock this token', about: 'It does not work any more, until it is taken back where that is possible' },
  reauthenticate: { label: 'Log out', title: 'Log this token out', about: 'Whoever holds it has to log in again' },
  restrict: { label: 'Restrict', title: 'Restrict this token', about: 'It may do what it really needed before the trouble, and nothing else' },
};
export const incidentStates = { open: 'Nobody looks after it yet', acknowledged: 'Somebody looks after it', resolved: 'It is over' };
export const actStates = {
  proposed: { glyph: '?', word: 'waits', about: 'It waits for somebody to approve it' },
  blocked: { glyph: '∅', word: 'held back', about: 'Something forbids it: the reason is beside it' },
  dry_run: { glyph: '○', word: 'dry run', about: 'It was only said what would be sent' },
  sending: { glyph: '→', word: 'on its way', about: 'The provider is asked' },
  done: { glyph: '■', word: 'done', about: 'The provider says so; it is not proven yet' },
  proven: { glyph: '✓', word: 'proven', about: 'It was asked afterwards, and holds' },
  unproven: { glyph: '▲', word: 'does not hold', about: 'The provider said yes, and the token still works' },
  undoing: { glyph: '←', word: 'is taken back', about: 'The provider is asked to take it back' },
  undone: { glyph: '□', word: 'taken back', about: 'It is as it was before' },
  failed: { glyph: '×', word: 'failed', about: 'The provider refused, for good' },
  unknown: { glyph: '▲', word: 'unknown', about: 'The answer was lost: somebody has to look at the provider' },
  refused: { glyph: '×', word: 'refused', about: 'Somebody said no' },
  expired: { glyph: '×', word: 'expired', about: 'Nobody said yes in time' },
};
