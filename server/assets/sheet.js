// The picture of a document: whole at first, larger, moved, turned; fields and their places lead to each other, and
// words that are pointed at fill the field that is being looked at. Without this file the pages stand one below another.
"use strict";
window.acuse ??= { begins: [], scope: new AbortController() };
acuse.begins.push((signal) => {
  // A page hears nothing while another stands in its place.
  const stands = () => acuse.scope.signal === signal;
  const on = (target, type, does) => target.addEventListener(type, (event) => { if (stands()) does(event); }, { signal });
  const paper = document.querySelector(".paper");
  const stage = paper?.querySelector(".stage");
  if (!stage) return;
  const SVG = "http://www.w3.org/2000/svg";
  const sheets = [...stage.querySelectorAll(".sheet")];
  const form = document.querySelector("[data-keys=decision]");
  const say = (text, where = "#live") => { const live = document.querySelector(where); if (live) live.textContent = text; };
  paper.classList.add("live");
  paper.querySelector(".tools").hidden = false;

  // What is seen: which page, how large a pixel of it is, where its middle is on the stage, quarter turns.
  let page = 0;
  let view = { scale: 1, x: 0, y: 0, turns: 0 };
  const size = (n = page) => ({ w: Number(sheets[n].dataset.width), h: Number(sheets[n].dataset.height) });
  // No picture is blown up past its pixels.
  const most = () => 1 / (window.devicePixelRatio || 1);
  // Nor what is cut out of one.
  function strips() {
    for (const strip of document.querySelectorAll("svg.strip")) strip.style.width = `${strip.viewBox.baseVal.width * most()}px`;
  }
  function fitting() {
    const { w, h } = size();
    const [across, down] = view.turns % 2 ? [h, w] : [w, h];
    return Math.min(stage.clientWidth / across, stage.clientHeight / down, most());
  }
  const isWhole = () => view.scale <= fitting() * 1.02;

  function draw() {
    const { w, h } = size();
    const sheet = sheets[page];
    const [across, down] = view.turns % 2 ? [h * view.scale, w * view.scale] : [w * view.scale, h * view.scale];
    // Some of the page is always there; a page that fits stands in the middle.
    const within = (middle, extent, room) => (extent <= room ? room / 2 : Math.min(extent / 2, Math.max(room - extent / 2, middle)));
    view.x = within(view.x, across, stage.clientWidth);
    view.y = within(view.y, down, stage.clientHeight);
    sheet.style.width = `${w * view.scale}px`;
    sheet.style.height = `${h * view.scale}px`;
    sheet.style.left = `${view.x - (w * view.scale) / 2}px`;
    sheet.style.top = `${view.y - (h * view.scale) / 2}px`;
    sheet.style.transform = `rotate(${view.turns * 90}deg)`;
    stage.dataset.scale = view.scale.toFixed(4);
    stage.dataset.whole = isWhole() ? "yes" : "";
  }

  function whole() {
    view.scale = fitting();
    view.x = stage.clientWidth / 2;
    view.y = stage.clientHeight / 2;
    draw();
  }

  function zoom(factor, x = stage.clientWidth / 2, y = stage.clientHeight / 2) {
    const least = fitting();
    const scale = Math.max(least, Math.min(Math.max(least, most()), view.scale * factor));
    view.x = x + ((view.x - x) * scale) / view.scale;
    view.y = y + ((view.y - y) * scale) / view.scale;
    view.scale = scale;
    draw();
  }

  function show(n) {
    page = Math.max(0, Math.min(sheets.length - 1, n));
    sheets.forEach((sheet, i) => sheet.classList.toggle("at", i === page));
    for (const thumb of paper.querySelectorAll("[data-to-page]")) {
      if (Number(thumb.dataset.toPage) === page + 1) thumb.setAttribute("aria-current", "true");
      else thumb.removeAttribute("aria-current");
    }
    const now = paper.querySelector("[data-page-now]");
    if (now) now.textContent = `${page + 1} / ${sheets.length}`;
    const picture = sheets[page].querySelector("img");
    picture.loading = "eager";
    beside();
    whole();
  }

  // The page as it came, beside what was made of it: fetched once somebody wants to see it. Not every page was changed.
  const received = paper.querySelector("#received");
  const compare = paper.querySelector("[data-view=received]");
  let comparing = false;
  function beside() {
    if (!received) return;
    const from = sheets[page].dataset.received;
    compare.disabled = !from;
    compare.setAttribute("aria-pressed", String(comparing && Boolean(from)));
    received.hidden = !comparing || !from;
    const picture = received.querySelector("img");
    if (!received.hidden && picture.getAttribute("src") !== from) picture.src = from;
  }

  // From a point of the window to a place on the page, each side from 0 to 1; and back to the stage.
  function placeAt(event) {
    const at = stage.getBoundingClientRect();
    const { w, h } = size();
    const angle = (-view.turns * Math.PI) / 2;
    const [dx, dy] = [event.clientX - at.left - view.x, event.clientY - at.top - view.y];
    const [u, v] = [dx * Math.cos(angle) - dy * Math.sin(angle), dx * Math.sin(angle) + dy * Math.cos(angle)];
    return [u / (w * view.scale) + 0.5, v / (h * view.scale) + 0.5];
  }
  function onStage([u, v]) {
    const { w, h } = size();
    const angle = (view.turns * Math.PI) / 2;
    const [dx, dy] = [(u - 0.5) * w * view.scale, (v - 0.5) * h * view.scale];
    return [view.x + dx * Math.cos(angle) - dy * Math.sin(angle), view.y + dx * Math.sin(angle) + dy * Math.cos(angle)];
  }

  // The field that is being looked at; its place alone is filled.
  let active = "";
  const inputOf = (field) => form?.querySelector(`.fields:not([hidden]) [data-field="${field}"] input`);
  // Of a table it is the cell that somebody was last in that is filled, never another.
  let cell = null;
  const targetOf = (field) => (cell?.isConnected && cell.closest("[data-field]").dataset.field === field ? cell : inputOf(field));
  const placesOf = (field) => (field ? sheets.flatMap((sheet, n) =>
    [...sheet.querySelectorAll(`rect[data-field="${field}"]`)].map((rect) => ({ rect, n }))) : []);
  function boxOf(rect, n) {
    const { w, h } = size(n);
    const side = (name) => Number(rect.getAttribute(name));
    return [side("x") / w, side("y") / h, (side("x") + side("width")) / w, (side("y") + side("height")) / h];
  }
  function activate(field) {
    if (!field) return;
    active = field;
    for (const rect of stage.querySelectorAll("rect.on")) rect.classList.remove("on");
    const places = placesOf(field);
    for (const { rect } of places) rect.classList.add("on");
    stage.dataset.active = field;
    if (!places.length) return;
    const { rect, n } = places.find((place) => place.n === page) ?? places[0];
    if (n !== page) show(n);
    if (isWhole()) return;
    const [x0, y0, x1, y1] = boxOf(rect, n);
    const [x, y] = onStage([(x0 + x1) / 2, (y0 + y1) / 2]);
    view.x += stage.clientWidth / 2 - x;
    view.y += stage.clientHeight / 2 - y;
    draw();
  }
  // To the field's input, also where it is folded away.
  function lead(field) {
    const input = inputOf(field);
    const unfold = document.querySelector("#unfold");
    if (input && !input.offsetParent && unfold) unfold.checked = true;
    input?.focus();
  }
  // As large as its pixels allow, at most a third of the stage; once more, and the page is whole again.
  function closely() {
    const place = placesOf(active)[0];
    if (!place || !isWhole()) return whole();
    if (place.n !== page) show(place.n);
    const { w, h } = size();
    const [x0, y0, x1, y1] = boxOf(place.rect, place.n);
    const wanted = Math.min((stage.clientWidth / 3) / ((x1 - x0) * w), (stage.clientHeight / 3) / ((y1 - y0) * h));
    zoom(Math.max(1, wanted / view.scale));
    activate(active);
  }

  const doing = {
    in: () => zoom(1.4),
    out: () => zoom(1 / 1.4),
    fit: whole,
    place: closely,
    turn: () => { view.turns = (view.turns + 1) % 4; whole(); },
    before: () => show(page - 1),
    after: () => show(page + 1),
  };
  paper.addEventListener("click", (event) => {
    const button = event.target.closest("[data-view]");
    if (button) doing[button.dataset.view]?.();
  });
  // A page is led to by its thumbnail, and by what is said of it.
  on(document, "click", (event) => {
    const thumb = event.target.closest?.("[data-to-page]");
    if (thumb) {
      event.preventDefault();
      show(Number(thumb.dataset.toPage) - 1);
    }
  });

  on(document, "focusin", (event) => {
    const field = event.target.closest?.("[data-field]");
    if (!field || !form?.contains(field)) return;
    cell = event.target.dataset.cell ? event.target : null;
    activate(field.dataset.field);
  });
  on(document, "mouseover", (event) => {
    const field = event.target.closest?.(".field[data-field]")?.dataset.field;
    for (const rect of stage.querySelectorAll("rect.hint")) rect.classList.remove("hint");
    for (const { rect } of placesOf(field)) rect.classList.add("hint");
  });
  on(document, "click", (event) => {
    const to = event.target.closest?.("[data-goto]");
    if (!to) return;
    event.preventDefault();
    activate(to.dataset.goto);
    lead(to.dataset.goto);
  });

  // Words come when they may be needed, and only to who may see the page.
  let words = [];
  if (paper.dataset.words) {
    fetch(paper.dataset.words, { headers: { accept: "application/json" } })
      .then((answer) => (answer.ok ? answer.json() : []))
      .then((seen) => { words = seen; stage.dataset.words = String(seen.length); })
      .catch(() => {});
  }
  const holds = ([x0, y0, x1, y1], [u, v], room = 0.002) => x0 - room <= u && u <= x1 + room && y0 - room <= v && v <= y1 + room;
  const wordAt = (place) => words.find((word) => word.page === page + 1 && holds(word.box, place));
  function wordsBetween(from, to) {
    const box = [Math.min(from[0], to[0]), Math.min(from[1], to[1]), Math.max(from[0], to[0]), Math.max(from[1], to[1])];
    const first = wordAt(from);
    return words.filter((word) => word.page === page + 1 && (word === first ||
      holds(box, [(word.box[0] + word.box[2]) / 2, (word.box[1] + word.box[3]) / 2])));
  }
  function rectangle(box, kind) {
    const { w, h } = size();
    const rect = document.createElementNS(SVG, "rect");
    const [x0, y0, x1, y1] = box;
    const sides = { x: x0 * w, y: y0 * h, width: (x1 - x0) * w, height: (y1 - y0) * h };
    for (const [name, value] of Object.entries(sides)) rect.setAttribute(name, value.toFixed(1));
    rect.setAttribute("class", kind);
    sheets[page].querySelector("svg").append(rect);
    return rect;
  }
  function picked(some) {
    for (const rect of stage.querySelectorAll("rect.pick")) rect.remove();
    for (const word of some) rectangle(word.box, "pick");
  }
  const around = (some) => [
    Math.min(...some.map((w) => w.box[0])), Math.min(...some.map((w) => w.box[1])),
    Math.max(...some.map((w) => w.box[2])), Math.max(...some.map((w) => w.box[3])),
  ];
  function fill(some) {
    const input = targetOf(active);
    if (!input || input.readOnly || input.disabled || !some.length) return false;
    const text = some.map((word) => word.text).join(" ");
    input.value = text;
    if (!input.dataset.cell) {
      const at = input.closest("[data-field]").querySelector("[data-at]");
      const box = around(some);
      if (at) at.value = [page + 1, ...box].join(",");
      for (const { rect } of placesOf(active)) rect.remove();
      const rect = rectangle(box, "on");
      rect.dataset.field = active;
    }
    input.focus();
    input.dispatchEvent(new Event("input", { bubbles: true }));
    say(`${text}`);
    return true;
  }

  // Documents that a person draws on the picture, in the place of what the reader proposes. A page without any is one.
  const parts = document.querySelector("[data-drawn]");
  // On the picture as it came, where its page lies otherwise on it: it takes the page's place meanwhile.
  const came = parts?.dataset.drawn === "received" ? sheets[0].dataset.received : undefined;
  const made = came && { from: sheets[0].querySelector("img").getAttribute("src"), ...size(0) };
  const drawer = paper.querySelector("[data-view=draw]");
  async function lay(asItCame) {
    const picture = new Image();
    picture.src = asItCame ? came : made.from;
    const isThere = await picture.decode().then(() => true, () => false);
    if (!stands()) return false;
    const [failed, kept] = [drawer?.dataset.failed ?? "", document.querySelector("#kept")];
    if (!isThere) say(failed, "#kept");
    else if (kept?.textContent === failed) say("", "#kept");
    if (!isThere) return false;
    const [w, h] = asItCame ? [picture.naturalWidth, picture.naturalHeight] : [made.w, made.h];
    Object.assign(sheets[0].dataset, { width: w, height: h });
    sheets[0].querySelector("img").src = picture.src;
    sheets[0].querySelector("svg").setAttribute("viewBox", `0 0 ${w} ${h}`);
    for (const place of stage.querySelectorAll("rect[data-field]")) place.style.display = asItCame ? "none" : "";
    for (const old of stage.querySelectorAll(".proposed")) old.remove();
    stage.dataset.came = asItCame ? "yes" : "";
    whole();
    return true;
  }
  const marked = document.querySelector("[data-marked]");
  const typed = parts?.value.startsWith("[") ? "" : parts?.value;
  // What was drawn on another picture of it, before it was read anew, is no place on this one.
  const isHere = (part) => part.box && Boolean(part.as_it_came) === Boolean(came);
  const drawn = parts && !typed && parts.value ? JSON.parse(parts.value).filter(isHere).map((part) => ({ at: part.first_page, box: part.box })) : [];
  let drawing = false;
  const LEAST_SIDE = 0.02;
  const between = ([a, b], [c, d]) => [Math.min(a, c), Math.min(b, d), Math.max(a, c), Math.max(b, d)].map((side) => Math.min(1, Math.max(0, side)));
  function redraw() {
    for (const old of stage.querySelectorAll(".proposed")) old.remove();
    drawn.forEach(({ at, box: [x0, y0, x1, y1] }, n) => {
      const { w, h } = size(at - 1);
      const [group, rect, text] = ["g", "rect", "text"].map((tag) => document.createElementNS(SVG, tag));
      const large = Math.max(12, Math.min(w, h) / 12);
      group.setAttribute("class", "proposed");
      group.dataset.box = String(n);
      for (const [name, value] of Object.entries({ x: x0 * w, y: y0 * h, width: (x1 - x0) * w, height: (y1 - y0) * h })) rect.setAttribute(name, value.toFixed(1));
      for (const [name, value] of Object.entries({ x: x0 * w + large / 2, y: y0 * h + large, "font-size": large })) text.setAttribute(name, value.toFixed(1));
      text.textContent = String(n + 1);
      group.append(rect, text);
      sheets[at - 1].querySelector("svg").append(group);
    });
    const whole = sheets.map((_, n) => n + 1).filter((n) => !drawn.some(({ at }) => at === n));
    const said = whole.map((n) => ({ first_page: n, last_page: n })).concat(drawn.map(({ at, box }) => ({ first_page: at, last_page: at, box, ...(came && { as_it_came: true }) })));
    said.sort((a, b) => a.first_page - b.first_page);
    parts.value = drawn.length ? JSON.stringify(said) : typed;
    parts.dispatchEvent(new Event("input", { bubbles: true }));
    parts.closest("label")?.toggleAttribute("hidden", drawn.length > 0);
    marked.hidden = !drawn.length && Boolean(parts.closest("label"));
    marked.textContent = drawn.length ? marked.dataset.marked.replace("{}", String(said.length)) : marked.dataset.none;
    // One box alone on a page leaves the rest of it to nobody.
    const isAlone = ({ at }) => drawn.filter((other) => other.at === at).length === 1;
    parts.form.querySelector("[value=split]").disabled = drawn.length > 0 ? drawn.some(isAlone) : !typed && parts.type === "hidden";
    say(marked.textContent);
  }
  // By keys: one box is at hand, which is moved, sized, taken away, or followed by another.
  let hand = drawn.length - 1;
  const STEP = 0.01;
  const turned = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  function atHand(n) {
    hand = n;
    for (const [i, box] of stage.querySelectorAll(".proposed").entries()) box.classList.toggle("at", Number(box.dataset.box ?? i) === hand);
    if (drawn[hand] && drawn[hand].at !== page + 1) show(drawn[hand].at - 1);
  }
  // The first two of a page take a half each, along its longer side; any other lies in the middle.
  function another() {
    const { w, h } = size();
    const here = drawn.filter(({ at }) => at === page + 1).length;
    const [from, to] = here === 0 ? [0, 0.49] : [0.51, 1];
    const half = w > h ? [from, 0, to, 1] : [0, from, 1, to];
    drawn.push({ at: page + 1, box: here < 2 ? half : [0.25, 0.25, 0.75, 0.75] });
    redraw();
    atHand(drawn.length - 1);
  }
  function shift([dx, dy], sizes) {
    const [x0, y0, x1, y1] = drawn[hand].box;
    const within = (side, least, most) => Number(Math.min(most, Math.max(least, side)).toFixed(4));
    const [ax, ay] = [within(dx * STEP, -x0, 1 - x1), within(dy * STEP, -y0, 1 - y1)];
    drawn[hand].box = sizes
      ? [x0, y0, within(x1 + dx * STEP, x0 + 2 * LEAST_SIDE, 1), within(y1 + dy * STEP, y0 + 2 * LEAST_SIDE, 1)]
      : [x0 + ax, y0 + ay, x1 + ax, y1 + ay].map((side) => within(side, 0, 1));
    redraw();
    atHand(hand);
  }
  const elsewhere = (event) => event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)
    || document.querySelector("dialog[open], details.panel[open]");
  // Before the keys of the page, of which some are these.
  window.addEventListener("keydown", (event) => {
    if (!stands() || !drawing || elsewhere(event)) return;
    const onButton = /^(BUTTON|A|SUMMARY)$/.test(event.target.tagName) && (event.key === "Enter" || event.key === " ");
    if (onButton) return;
    const turns = turned[event.key];
    if (event.key === "Enter" && !event.repeat) another();
    else if (event.key === " " && drawn.length) atHand((hand + 1) % drawn.length);
    else if (event.key === "Backspace" && drawn.length) {
      drawn.splice(hand, 1);
      redraw();
      atHand(drawn.length - 1);
    } else if (turns && drawn[hand]) shift(turns, event.shiftKey);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }, { signal, capture: true });
  // Until the picture has come, asking again would begin again.
  let laying = false;
  async function isLaid(asItCame) {
    if (laying) return false;
    laying = true;
    try { return await lay(asItCame); } finally { laying = false; }
  }
  doing.draw = async () => {
    const begins = !drawing && Boolean(parts);
    if (came && !(await isLaid(begins))) return;
    drawing = begins;
    if (drawing) parts.form.hidden = false;
    stage.classList.toggle("drawing", drawing);
    drawer?.setAttribute("aria-pressed", String(drawing));
    if (!drawing) return;
    // Its own button would take the keys that make boxes.
    stage.focus({ preventScroll: true });
    if (came && drawn.length) redraw();
    atHand(hand);
    say(drawer?.dataset.told ?? "");
  };
  // A page that is larger than its place is moved by the arrows.
  on(document, "keydown", (event) => {
    const turns = turned[event.key];
    if (!turns || event.defaultPrevented || drawing || isWhole() || elsewhere(event)) return;
    event.preventDefault();
    view.x -= (turns[0] * stage.clientWidth) / 8;
    view.y -= (turns[1] * stage.clientHeight) / 8;
    draw();
  });

  doing.received = () => { comparing = !comparing; beside(); };

  // One pointer points, fills, draws or moves the page; two make it larger and smaller.
  const fingers = new Map();
  let doingNow = null;
  const apart = () => { const [a, b] = [...fingers.values()]; return Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY); };
  stage.addEventListener("mousedown", (event) => event.preventDefault());
  stage.addEventListener("pointerdown", (event) => {
    fingers.set(event.pointerId, event);
    try { stage.setPointerCapture(event.pointerId); } catch { /* it has let go already */ }
    if (fingers.size === 2) {
      doingNow = { pinch: apart(), scale: view.scale };
      return picked([]);
    }
    const from = placeAt(event);
    if (drawing && event.button === 0) {
      doingNow = { corner: from };
      return;
    }
    const word = event.button === 0 && event.pointerType !== "touch" && inputOf(active) ? wordAt(from) : undefined;
    doingNow = { from, word, startX: event.clientX, startY: event.clientY, x: view.x, y: view.y };
  });
  stage.addEventListener("pointermove", (event) => {
    if (!fingers.has(event.pointerId)) {
      stage.classList.toggle("pointing", Boolean(!drawing && inputOf(active) && wordAt(placeAt(event))));
      return;
    }
    fingers.set(event.pointerId, event);
    if (doingNow?.pinch) {
      const [a, b] = [...fingers.values()];
      const at = stage.getBoundingClientRect();
      if (b) zoom((doingNow.scale * apart()) / doingNow.pinch / view.scale, (a.clientX + b.clientX) / 2 - at.left, (a.clientY + b.clientY) / 2 - at.top);
    } else if (doingNow?.corner) {
      picked([]);
      rectangle(between(doingNow.corner, placeAt(event)), "pick");
    } else if (doingNow?.word) {
      picked(wordsBetween(doingNow.from, placeAt(event)));
    } else if (doingNow) {
      view.x = doingNow.x + event.clientX - doingNow.startX;
      view.y = doingNow.y + event.clientY - doingNow.startY;
      draw();
    }
  });
  function lift(event) {
    fingers.delete(event.pointerId);
    const done = doingNow;
    if (fingers.size) return;
    doingNow = null;
    picked([]);
    if (!done || done.pinch || event.type === "pointercancel") return;
    if (done.corner) {
      const box = between(done.corner, placeAt(event));
      if (box[2] - box[0] < LEAST_SIDE || box[3] - box[1] < LEAST_SIDE) return;
      drawn.push({ at: page + 1, box });
      redraw();
      return atHand(drawn.length - 1);
    }
    const moved = Math.hypot(event.clientX - done.startX, event.clientY - done.startY) > 4;
    if (moved && done.word) fill(wordsBetween(done.from, placeAt(event)));
    if (moved) return;
    const rect = [...sheets[page].querySelectorAll("rect[data-field]")].find((r) => holds(boxOf(r, page), done.from, 0));
    const typing = form?.contains(document.activeElement) && document.activeElement.closest(".field, .grid");
    const word = wordAt(done.from);
    // While a field is typed in, a word fills it; otherwise a place leads to its field.
    if (word && (typing || !rect) && !event.altKey && fill([word])) return;
    if (rect) {
      activate(rect.dataset.field);
      lead(rect.dataset.field);
    }
  }
  for (const type of ["pointerup", "pointercancel"]) stage.addEventListener(type, lift);
  stage.addEventListener("wheel", (event) => {
    event.preventDefault();
    const at = stage.getBoundingClientRect();
    zoom(Math.exp(-event.deltaY / 400), event.clientX - at.left, event.clientY - at.top);
  }, { passive: false });
  // What was whole before the window changed is whole after.
  const sizes = new ResizeObserver(() => {
    if (!stands()) return;
    strips();
    if (stage.dataset.whole === "yes" || !stage.dataset.scale) whole();
    else draw();
  });
  sizes.observe(stage);
  signal.addEventListener("abort", () => sizes.disconnect());

  // It begins at what fails: a fault, what the reason names, what is unsure.
  strips();
  show(0);
  const failing = [...document.querySelectorAll(".fields:not([hidden]) .eyes[data-field], .card [data-goto]")];
  const first = failing.map((el) => el.dataset.field ?? el.dataset.goto).find((field) => placesOf(field).length);
  if (!active) activate(first);
});
