// SPDX-License-Identifier: Apache-2.0
// The one tooltip: what a mark's record is and says.
import { element } from './dom.js';
import { interval, seconds, times } from './format.js';

const box = document.getElementById('tip');

function linesOf(point, more) {
  const lines = [`job ${point.job || 'unknown'}, case ${point.index}, ${point.shape} ${point.dtype}, ${point.sharding}, ranks ${point.ranks}`,
    `time ${interval(point.cost.seconds, seconds)}, ${point.samples} samples`];
  if (point.speedup !== undefined) {
    lines.push(`against MatMul ${interval({ value: point.speedup, low: point.speedup_low, high: point.speedup_high }, times)}, ${point.rounds} rounds`);
  }
  return [...lines, ...more];
}

function show(target, point, lines) {
  box.replaceChildren(element('strong', {}, point.operator), ...lines.map((line) => element('div', {}, line)));
  box.hidden = false;
  const place = target.getBoundingClientRect();
  const left = Math.min(place.left + scrollX + 14, scrollX + document.documentElement.clientWidth - box.offsetWidth - 8);
  const below = place.bottom + box.offsetHeight + 8 < innerHeight;
  box.style.left = `${Math.max(scrollX + 4, left)}px`;
  box.style.top = `${(below ? place.bottom + 6 : place.top - box.offsetHeight - 6) + scrollY}px`;
}

const hide = () => { box.hidden = true; };
addEventListener('keydown', ({ key }) => { if (key === 'Escape') hide(); });

export function tip(target, point, more = []) {
  const lines = linesOf(point, more);
  target.setAttribute('aria-label', [point.operator, ...lines].join('; '));
  for (const event of ['mouseenter', 'focus']) target.addEventListener(event, () => show(target, point, lines));
  for (const event of ['mouseleave', 'blur']) target.addEventListener(event, hide);
}
