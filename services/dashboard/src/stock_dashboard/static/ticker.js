// The live table: rows are kept and only what changed is written, so nothing flickers, and scroll, sort, focus and selection stay.
const boxes = new WeakMap();
const MINUS = "\u2212", NONE = "–";

const places = (price) => (Math.abs(price) >= 1 ? 2 : 4);
const fixed = (value, digits) => Math.abs(value).toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
const price = (value) => (value == null ? NONE : (value < 0 ? MINUS : "") + fixed(value, places(value)));
const way = (value) => (value == null || value === 0 ? "flat" : value > 0 ? "up" : "down");
const arrow = (value) => ({ up: "▲", down: "▼", flat: "■" })[way(value)];
const signed = (value, digits, unit = "") => {
  if (value == null) return NONE;
  const body = fixed(value, digits);
  return (Number(body.replaceAll(",", "")) === 0 ? "" : value > 0 ? "+" : MINUS) + body + unit;
};
const short = (value) => {
  if (value == null) return NONE;
  for (const [least, scale, letter] of [[1e12, 1e12, "T"], [1e9, 1e9, "B"], [1e6, 1e6, "M"], [1e4, 1e3, "k"]]) if (value >= least) return fixed(value / scale, 2) + letter;
  return fixed(value, 0);
};
const age = (seconds) => {
  if (seconds == null) return NONE;
  if (seconds < 1) return "now";
  if (seconds < 90) return `${Math.round(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 90) return `${minutes} min`;
  if (minutes < 2880) return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} min`;
  return `${Math.floor(minutes / 1440)} d`;
};

// Name, heading, class, and how the cell is written; the name is also what it is sorted by.
const COLUMNS = [
  ["symbol", "Symbol", "left"],
  ["spark", "Today", "centre", null],
  ["price", "Last", "last"],
  ["change", "Change", "mid"],
  ["percent", "Change %", ""],
  ["reach", "Day’s range", "wide centre", null],
  ["open", "Open", "wide"],
  ["previous", "Prev. close", "mid"],
  ["volume", "Volume", "mid"],
  ["at", "Age", ""],
  ["session", "Session", "wide left"],
];
const FIRST_DOWN = new Set(["price", "change", "percent", "volume"]);

function line(points, previous) {
  if (!points || points.length < 2) return "";
  const low = Math.min(...points), high = Math.max(...points), span = high - low || 1;
  const y = (value) => (20 - ((value - low) / span) * 18).toFixed(1);
  const path = points.map((value, i) => `${i ? "L" : "M"}${((i / (points.length - 1)) * 96).toFixed(1)} ${y(value)}`).join("");
  const base = previous != null && previous >= low && previous <= high ? `<line x1="0" x2="96" y1="${y(previous)}" y2="${y(previous)}"/>` : "";
  return `<svg viewBox="0 0 96 22" preserveAspectRatio="none" aria-hidden="true">${base}<path d="${path}"/></svg>`;
}

function cell(name, row) {
  switch (name) {
    case "spark": return [line(row.spark, row.previous), way(row.change), true];
    case "price": return [`<span>${price(row.price)}</span>`, "", true];
    case "change": return [`<span class="mark">${arrow(row.change)}</span>${signed(row.change, places(row.price))}`, way(row.change), true];
    case "percent": return [`<span class="mark">${arrow(row.percent)}</span>${signed(row.percent, 2, "%")}`, way(row.percent), true];
    case "reach": {
      const span = row.high - row.low;
      const place = row.high == null || row.low == null || span <= 0 ? null : Math.min(100, Math.max(0, ((row.price - row.low) / span) * 100));
      return [place == null ? NONE : `<span class="reach" title="${price(row.low)} to ${price(row.high)}"><i style="left:${place.toFixed(0)}%"></i></span>`, "", true];
    }
    case "open": case "previous": return [price(row[name]), "mute", false];
    case "volume": return [short(row.volume), "", false];
    case "session": return [row.session ?? NONE, "mute", false];
    default: return ["", "", false];
  }
}

function heads(box) {
  const { head, sort } = box;
  head.replaceChildren(...COLUMNS.map(([name, label, kind, sortable]) => {
    const th = document.createElement("th");
    th.className = kind; th.scope = "col";
    const button = document.createElement("button");
    button.type = "button"; button.textContent = label;
    if (sortable === null) button.disabled = true;
    else button.onclick = () => {
      const down = box.sort.name === name ? !box.sort.down : FIRST_DOWN.has(name);
      box.sort = { name, down };
      box.report("sort", `${name}:${down ? "desc" : "asc"}`);
      heads(box); draw(box);
      box.head.children[COLUMNS.findIndex((column) => column[0] === name)].firstChild.focus();
    };
    if (name === sort.name) th.ariaSort = sort.down ? "descending" : "ascending";
    th.append(button);
    return th;
  }));
}

function wanted(box) {
  const words = box.input.value.toUpperCase().split(/[\s,]+/).filter(Boolean);
  return words.length ? (row) => words.some((word) => row.symbol.includes(word)) : () => true;
}

function order(box, rows) {
  const { name, down } = box.sort, sign = down ? -1 : 1;
  return rows.sort((a, b) => {
    const x = a[name], y = b[name];
    if (x == null || y == null) return (x == null) - (y == null) || a.symbol.localeCompare(b.symbol);
    return (typeof x === "string" ? x.localeCompare(y) : x - y) * sign || a.symbol.localeCompare(b.symbol);
  });
}

function made(box, row) {
  const tr = document.createElement("tr");
  for (const [name, , kind] of COLUMNS) {
    const td = document.createElement("td");
    td.className = kind;
    if (name === "symbol") {
      const link = document.createElement("a");
      link.href = `?page=Symbol&symbol=${encodeURIComponent(row.symbol)}`;
      link.textContent = row.symbol;
      td.append(link);
    }
    tr.append(td);
  }
  tr.onclick = (event) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey || String(getSelection())) return;
    event.preventDefault();
    box.open(row.symbol);
  };
  return { tr, written: {}, price: row.price };
}

function write(box, row) {
  let line = box.lines.get(row.symbol);
  if (!line) box.lines.set(row.symbol, (line = made(box, row)));
  COLUMNS.forEach(([name, , kind], i) => {
    if (name === "symbol" || name === "at") return;
    const [content, extra, markup] = cell(name, row);
    if (line.written[name] === content + extra) return;
    line.written[name] = content + extra;
    const td = line.tr.children[i];
    td.className = `${kind} ${extra}`;
    if (markup) td.innerHTML = content; else td.textContent = content;
  });
  if (line.price !== row.price) {
    line.tr.children[2].classList.add(row.price > line.price ? "rise" : "fall");
    line.price = row.price;
  }
  return line.tr;
}

function draw(box) {
  const keep = wanted(box);
  const rows = order(box, box.rows.filter(keep));
  rows.forEach((row, place) => {
    const tr = write(box, row);
    if (box.body.children[place] !== tr) box.body.insertBefore(tr, box.body.children[place] ?? null);
  });
  while (box.body.children.length > rows.length) box.body.lastChild.remove();
  const all = new Set(box.rows.map((row) => row.symbol));
  for (const symbol of box.lines.keys()) if (!all.has(symbol)) box.lines.delete(symbol);
  const up = rows.filter((row) => row.change > 0).length, down = rows.filter((row) => row.change < 0).length;
  box.sum.innerHTML = `${rows.length}${rows.length < box.rows.length ? ` of ${box.rows.length}` : ""} symbols &ensp;<span class="up">▲ ${up}</span>&ensp;<span class="down">▼ ${down}</span>&ensp;■ ${rows.length - up - down}`;
  box.none.hidden = rows.length > 0;
  box.none.textContent = box.rows.length ? "No symbol fits the filter." : "";
  tick(box);
}

function tick(box) {
  const place = COLUMNS.findIndex((column) => column[0] === "at");
  const now = Date.now() / 1000 - box.skew;
  for (const row of box.rows) {
    const line = box.lines.get(row.symbol);
    if (!line) continue;
    const seconds = now - row.at, words = age(Math.max(0, seconds));
    if (line.tr.children[place].textContent !== words) line.tr.children[place].textContent = words;
    line.tr.classList.toggle("old", seconds > box.oldAfter);
  }
}

function start(component) {
  const root = component.parentElement, find = (selector) => root.querySelector(selector);
  const [name, down] = (component.data.sort || "symbol:asc").split(":");
  const known = COLUMNS.some((column) => column[0] === name && column[3] !== null);
  const box = {
    head: find("thead tr"), body: find("tbody"), input: find("input"), sum: find(".sum"), none: find(".none"),
    rows: [], lines: new Map(), sort: known ? { name, down: down === "desc" } : { name: "symbol", down: false },
  };
  box.input.value = component.data.list || "";
  let pause;
  box.input.oninput = () => {
    draw(box);
    clearTimeout(pause);
    pause = setTimeout(() => box.report("list", box.input.value), 500);
  };
  box.timer = setInterval(() => tick(box), 1000);
  return box;
}

export default function (component) {
  const { data, parentElement, setStateValue, setTriggerValue } = component;
  let box = boxes.get(parentElement);
  const fresh = !box;
  if (fresh) boxes.set(parentElement, (box = start(component)));
  box.report = setStateValue;
  box.open = (symbol) => setTriggerValue("open", symbol);
  box.rows = data.rows;
  box.skew = Date.now() / 1000 - data.now;
  box.oldAfter = data.old_after;
  if (fresh) heads(box);
  draw(box);
  return () => { clearInterval(box.timer); boxes.delete(parentElement); };
}
