// The one place that names what draws the page.
import { h } from '../vendor/preact.js';
import htm from '../vendor/htm.js';

export { h, render, Fragment, createContext } from '../vendor/preact.js';
export { useState, useEffect, useLayoutEffect, useRef, useMemo, useCallback, useContext, useReducer } from '../vendor/hooks.js';
export const html = htm.bind(h);
