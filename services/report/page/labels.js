// SPDX-License-Identifier: Apache-2.0
// Text beside marks, without overlap: each label takes the nearest free place around its mark, and a line leads back to the mark
// when it stands apart. Pure, but for measuring text.
const lineHeight = 14;
const pen = document.createElement('canvas').getContext('2d');

export function widthOf(text, size = 12) {
  pen.font = `${size}px system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif`;
  return pen.measureText(text).width;
}

export const overlap = (a, b) => a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
const inside = (box, area) => box.x >= area.x && box.y >= area.y && box.x + box.width <= area.x + area.width && box.y + box.height <= area.y + area.height;

// The point of a box nearest to a place, where a leader ends.
const nearest = (box, { x, y }) => ({ x: Math.min(Math.max(x, box.x), box.x + box.width), y: Math.min(Math.max(y, box.y), box.y + box.height) });

function crosses(from, to, box) {
  for (let share = 0.1; share < 1; share += 0.1) {
    const x = from.x + share * (to.x - from.x);
    const y = from.y + share * (to.y - from.y);
    if (x > box.x && x < box.x + box.width && y > box.y && y < box.y + box.height) return true;
  }
  return false;
}

// Right, left, above, below, then the directions between.
const directions = [0, 8, 4, 12, 2, 6, 14, 10, 1, 7, 15, 9, 3, 5, 13, 11].map((step) => (step * Math.PI) / 8);

function* candidates({ x, y }, width) {
  for (const radius of [9, 14, 22, 32, 44, 60, 80, 104, 132, 164, 200]) {
    for (const angle of directions) {
      const middle = { x: x + Math.cos(angle) * (radius + width / 2), y: y - Math.sin(angle) * (radius + lineHeight / 2) };
      yield { x: middle.x - width / 2, y: middle.y - lineHeight / 2, width, height: lineHeight };
    }
  }
}

// Boxes along a line of points, for labels to keep away from.
export function along(points) {
  const boxes = [];
  for (let i = 1; i < points.length; ++i) {
    const [[x, y], [toX, toY]] = [points[i - 1], points[i]];
    const steps = Math.ceil(Math.hypot(toX - x, toY - y) / 6);
    for (let step = 0; step <= steps; ++step) {
      boxes.push({ x: x + ((toX - x) * step) / steps - 2, y: y + ((toY - y) * step) / steps - 2, width: 4, height: 4 });
    }
  }
  return boxes;
}

// Items are {x, y, text}; no label may cover a box of `taken`, and none covers one of `lines` while there is another place; `area`
// holds all. Adds `box` to each item that found a place, and `leader` ({x, y}) where it stands apart. Earlier items choose first.
export function placeLabels(items, taken, lines, area) {
  const boxes = [];
  for (const item of items) {
    const width = widthOf(item.text) + 4;
    const fits = (box, others) => inside(box, area) && !others.some((other) => overlap(box, other))
      && !boxes.some((other) => crosses(item, nearest(box, item), other));
    const all = [...candidates(item, width)];
    const box = all.find((each) => fits(each, [...taken, ...boxes, ...lines])) ?? all.find((each) => fits(each, [...taken, ...boxes]));
    if (!box) continue;
    item.box = box;
    boxes.push(box);
    const end = nearest(box, item);
    if (Math.hypot(end.x - item.x, end.y - item.y) > 16) item.leader = end;
  }
  return items;
}

// Heights for labels in one column: as wanted, moved apart just so far that none overlap, within [low, high].
export function spread(wanted, low, high, step = lineHeight) {
  const order = wanted.map((y, index) => ({ y, index })).sort((a, b) => a.y - b.y);
  const gap = Math.min(step, order.length > 1 ? (high - low) / (order.length - 1) : step);
  let floor = low;
  for (const item of order) {
    item.y = Math.max(item.y, floor);
    floor = item.y + gap;
  }
  let ceiling = high;
  for (const item of order.reverse()) {
    item.y = Math.min(item.y, ceiling);
    ceiling = item.y - gap;
  }
  const placed = [];
  for (const { y, index } of order) placed[index] = y;
  return placed;
}
