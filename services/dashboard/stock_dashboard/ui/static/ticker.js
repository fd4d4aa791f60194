// A table whose rows are kept: only what changed is written, so nothing flickers, and scroll, sort, focus and selection stay.
const boxes = new WeakMap();

function heads(box) {
  const { head, sort } = box;
  head.replaceChildren(...box.columns.map((name) => {
    const column = COLUMNS[name], th = document.createElement("th"), button = document.createElement("button");
    th.className = column.kind; th.scope = "col";
    button.type = "button"; button.textContent = column.label;
    if (column.fixed || box.fixed) button.disabled = true;
    else button.onclick = () => {
      const down = sort.name === name ? !sort.down : Boolean(column.down);
      box.sort = { name, down };
      tell(box, "sort", `${name}:${down ? "desc" : "asc"}`);
      heads(box); draw(box);
      box.head.children[box.columns.indexOf(name)].firstChild.focus();
    };
    if (name === sort.name && !box.fixed) th.ariaSort = sort.down ? "descending" : "ascending";
    th.append(button);
    return th;
  }));
}

function wanted(box) {
  const words = box.input.value.toUpperCase().split(/[\s,]+/).filter(Boolean);
  return words.length ? (row) => words.some((word) => row.symbol.includes(word)) : () => true;
}

function order(box, rows) {
  if (box.fixed) return rows;
  const { name, down } = box.sort, sign = down ? -1 : 1, by = COLUMNS[name].by ?? name;
  return rows.sort((a, b) => {
    const x = a[by], y = b[by];
    if (x == null || y == null) return (x == null) - (y == null) || a.symbol.localeCompare(b.symbol);
    return (typeof x === "string" ? x.localeCompare(y) : x - y) * sign || a.symbol.localeCompare(b.symbol);
  });
}

function made(box) {
  const tr = document.createElement("tr"), line = { tr, written: {} };
  for (const name of box.columns) {
    const td = document.createElement("td");
    td.className = COLUMNS[name].kind;
    if (name === "symbol") {
      line.link = document.createElement("a");
      line.link.tabIndex = -1;
      td.append(line.link);
    }
    tr.append(td);
  }
  tr.onclick = (event) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey || String(getSelection())) return;
    event.preventDefault();
    send(box);
    choose("Symbol", { symbol: line.symbol });
  };
  return line;
}

function write(box, row, seen) {
  let line = box.lines.get(row.key);
  if (!line) box.lines.set(row.key, (line = made(box)));
  if (line.symbol !== row.symbol) {
    // A row of a ranking is a place: another symbol there is no move of a price.
    line.link.href = `?page=Symbol&symbol=${encodeURIComponent(row.symbol)}`;
    line.link.textContent = row.symbol;
    line.tr.dataset.symbol = row.symbol;
    Object.assign(line, { symbol: row.symbol, price: row.price });
  }
  box.columns.forEach((name, i) => {
    const { cell, kind } = COLUMNS[name];
    if (!cell) return;
    const [content, extra, markup] = cell(row);
    if (line.written[name] === content + extra) return;
    line.written[name] = content + extra;
    const td = line.tr.children[i];
    td.className = `${kind} ${extra}`;
    if (markup) td.innerHTML = content; else td.textContent = content;
  });
  const last = box.columns.indexOf("price");
  if (seen && last >= 0 && line.price !== row.price) line.tr.children[last].classList.add(row.price > line.price ? "rise" : "fall");
  line.price = row.price;
  // When the row was true, seconds since 1970: for whoever measures how soon it is seen.
  if (line.at !== row.at) line.tr.dataset.at = line.at = row.at;
  return line.tr;
}

function draw(box) {
  const rows = order(box, box.rows.filter(wanted(box))), focused = box.body.getRootNode().activeElement;
  // Hundreds of marks that fade where nobody looks keep the browser painting.
  const height = box.body.firstChild?.offsetHeight || 1, first = box.scroll.scrollTop / height - 1, last = first + box.scroll.clientHeight / height + 1;
  rows.forEach((row, place) => {
    const tr = write(box, row, place >= first && place <= last);
    if (box.body.children[place] !== tr) box.body.insertBefore(tr, box.body.children[place] ?? null);
  });
  while (box.body.children.length > rows.length) box.body.lastChild.remove();
  const all = new Set(box.rows.map((row) => row.key));
  for (const key of box.lines.keys()) if (!all.has(key)) box.lines.delete(key);
  // A row that changed its place lost the focus.
  if (focused && box.body.contains(focused) && box.body.getRootNode().activeElement !== focused) focused.focus({ preventScroll: true });
  reachable(box);
  const up = rows.filter((row) => row.change > 0).length, down = rows.filter((row) => row.change < 0).length;
  const moves = box.moves ? ` &ensp;<span class="up">▲ ${up}</span>&ensp;<span class="down">▼ ${down}</span>&ensp;■ ${rows.length - up - down}` : "";
  box.sum.innerHTML = `${rows.length}${rows.length < box.rows.length ? ` of ${box.rows.length}` : ""} ${box.noun}${moves}`;
  box.none.hidden = rows.length > 0;
  box.none.textContent = box.rows.length ? "No row fits the filter." : box.empty;
  tick(box);
}

function tick(box) {
  const place = box.columns.indexOf("at"), now = Date.now() / 1000 - box.skew;
  for (const row of box.rows) {
    const line = box.lines.get(row.key);
    if (!line) continue;
    const seconds = now - row.at, words = age(Math.max(0, seconds));
    if (place >= 0 && line.tr.children[place].textContent !== words) line.tr.children[place].textContent = words;
    line.tr.classList.toggle("old", seconds > box.oldAfter);
  }
}

// The session has the sort and the filter. An answer that is older than the last choice does not take it back.
function tell(box, name, value) {
  box.asked = choose(box.page, { [name]: value }, false);
}

function follow(box, data) {
  if (data.taken < box.asked || box.fixed) return;
  if (!box.pause && box.input.value !== (data.list ?? "")) box.input.value = data.list ?? "";
  const next = sortOf(data);
  if (next.name !== box.sort.name || next.down !== box.sort.down) { box.sort = next; heads(box); }
}

function sortOf(data) {
  const [name, down] = (data.sort || data.columns[0]).split(":"), known = data.columns.includes(name) && !COLUMNS[name].fixed;
  return known ? { name, down: down === "desc" } : { name: data.columns[0], down: Boolean(COLUMNS[data.columns[0]].down) };
}

// What was typed is reported after a pause, and at once when the viewer goes elsewhere.
function send(box) {
  if (!box.pause) return;
  clearTimeout(box.pause);
  box.pause = 0;
  tell(box, "list", box.input.value);
}

function start(component) {
  const root = component.parentElement, find = (selector) => root.querySelector(selector), { data } = component;
  const box = {
    asked: 0, page: data.page, pause: 0, sort: sortOf(data), head: find("thead tr"), body: find("tbody"), input: find("input"), sum: find(".sum"), none: find(".none"), scroll: find(".scroll"),
    rows: [], lines: new Map(), columns: data.columns, fixed: data.fixed, noun: data.noun, moves: data.moves,
  };
  find(".box").classList.toggle("keep", Boolean(data.fixed));
  find(".bar").hidden = Boolean(data.fixed);
  box.scroll.ariaLabel = data.label;
  box.input.value = data.list || "";
  box.input.oninput = () => {
    draw(box);
    clearTimeout(box.pause);
    box.pause = setTimeout(() => send(box), 500);
  };
  box.input.onblur = () => send(box);
  box.timer = setInterval(() => tick(box), 1000);
  box.forget = keyboard(box);
  return box;
}

export default function (component) {
  const { data, parentElement } = component;
  let box = boxes.get(parentElement);
  const fresh = !box;
  if (fresh) boxes.set(parentElement, (box = start(component)));
  box.rows = data.rows;
  box.skew = Date.now() / 1000 - data.now;
  box.oldAfter = data.old_after;
  box.empty = data.empty;
  if (fresh) heads(box);
  else follow(box, data);
  draw(box);
  return whenGone(parentElement, () => { clearInterval(box.timer); send(box); box.forget(); boxes.delete(parentElement); });
}
