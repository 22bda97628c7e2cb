// When a token was used last. The stream tells it of few tokens at a time, and beats of all: a beat stands in where nothing else came.
import * as live from '../lib/live.js';

const patience = 10_000;

export function lastUse(id, told) {
  const heard = live.used(id);
  return heard && (!told || heard - Date.parse(told) > patience) ? new Date(heard) : told;
}
