// Search, filters, order and the dialog. Without this script all logos are shown, with links to their facts.
import { prepare } from "./facts.js";

const FACETS = ["state", "category", "provider"];
const ORDERS = {
  name: (one, other) => one.place - other.place,
  newest: (one, other) => other.fetched - one.fetched,
  oldest: (one, other) => (one.fetched || Infinity) - (other.fetched || Infinity) || 0,
  largest: (one, other) => other.size - one.size,
  used: (one, other) => other.used - one.used,
};

const grid = document.getElementById("grid");
if (grid) begin();

function begin() {
  const tools = document.getElementById("tools");
  const search = document.getElementById("search");
  const sort = document.getElementById("sort");
  const count = document.getElementById("count");
  const reset = document.getElementById("reset");
  const noMatch = document.getElementById("no-match");
  const boxes = [...tools.querySelectorAll("[type=checkbox]")].map((box) => ({
    box,
    chip: box.closest(".chip"),
    number: box.parentElement.querySelector(".number"),
    facet: box.closest("fieldset").dataset.facet,
  }));
  const cards = [...grid.children].map((element, place) => ({
    element,
    place,
    text: plain(element.dataset.text),
    state: element.dataset.state.split(" "),
    category: [element.dataset.category],
    provider: [element.dataset.provider],
    fetched: Number(element.dataset.fetched),
    size: Number(element.dataset.size),
    used: Number(element.dataset.used),
  }));
  let order = "name";
  let waiting = false;

  function update() {
    waiting = false;
    const words = plain(search.value).split(/\s+/).filter(Boolean);
    const chosen = Object.fromEntries(FACETS.map((facet) => [facet, values(facet)]));
    const numbers = new Map(boxes.map(({ facet, box }) => [`${facet} ${box.value}`, 0]));
    let shown = 0;
    for (const card of cards) {
      const found = words.every((word) => card.text.includes(word));
      const against = FACETS.filter((facet) => chosen[facet].size && !card[facet].some((value) => chosen[facet].has(value)));
      const hidden = !found || against.length > 0;
      if (card.element.hidden !== hidden) card.element.hidden = hidden;
      if (!hidden) shown += 1;
      // The number of a chip: cards it would show, given the choices of the other facets.
      for (const facet of found ? FACETS : []) {
        if (against.some((other) => other !== facet)) continue;
        for (const value of card[facet]) numbers.set(`${facet} ${value}`, numbers.get(`${facet} ${value}`) + 1);
      }
    }
    for (const { facet, box, chip, number } of boxes) {
      const amount = numbers.get(`${facet} ${box.value}`);
      number.textContent = amount.toLocaleString("en");
      chip.classList.toggle("none", amount === 0);
    }
    for (const details of tools.querySelectorAll("details")) {
      const mark = details.querySelector(".chosen");
      mark.textContent = chosen[details.dataset.facet].size;
      mark.hidden = chosen[details.dataset.facet].size === 0;
    }
    const narrowed = words.length > 0 || FACETS.some((facet) => chosen[facet].size);
    const all = `${cards.length.toLocaleString("en")} ${cards.length === 1 ? "logo" : "logos"}`;
    count.textContent = narrowed ? `${shown.toLocaleString("en")} of ${all}` : all;
    reset.hidden = !narrowed;
    noMatch.hidden = shown > 0;
    grid.hidden = shown === 0;
    arrange();
    remember(chosen);
  }

  function values(facet) {
    return new Set(boxes.filter((choice) => choice.facet === facet && choice.box.checked).map(({ box }) => box.value));
  }

  function arrange() {
    if (sort.value === order) return;
    order = sort.value;
    grid.append(...cards.toSorted(ORDERS[order]).map((card) => card.element));
  }

  /** Keep the choices in the address, so that it can be shared and bookmarked. */
  function remember(chosen) {
    const query = new URLSearchParams();
    if (search.value) query.set("q", search.value);
    for (const facet of FACETS) for (const value of chosen[facet]) query.append(facet, value);
    if (sort.value !== "name") query.set("sort", sort.value);
    const address = query.size ? `?${query}` : location.pathname;
    history.replaceState(null, "", address);
  }

  function recall() {
    const query = new URLSearchParams(location.search);
    search.value = query.get("q") ?? "";
    for (const { facet, box } of boxes) box.checked = query.getAll(facet).includes(box.value);
    if (Object.hasOwn(ORDERS, query.get("sort"))) sort.value = query.get("sort");
  }

  function soon() {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(update);
  }

  function showAll() {
    search.value = "";
    for (const { box } of boxes) box.checked = false;
    search.focus();
    update();
  }

  tools.hidden = false;
  recall();
  update();
  tools.addEventListener("input", soon);
  reset.addEventListener("click", showAll);
  noMatch.querySelector("[data-reset]").addEventListener("click", showAll);
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest?.("input:not([type=checkbox]), select, textarea, dialog");
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      search.focus();
      search.select();
    }
    if (event.key === "Escape") fold(tools, event.target.closest?.("details"));
  });
  document.addEventListener("click", (event) => {
    for (const open of tools.querySelectorAll("details[open]")) if (!open.contains(event.target)) open.open = false;
  });
  showFactsInDialog();
}

/** Close the open list of choices, and return the focus to its summary. */
function fold(tools, around) {
  for (const open of tools.querySelectorAll("details[open]")) open.open = false;
  around?.querySelector("summary").focus();
}

function showFactsInDialog() {
  const dialog = document.getElementById("facts");
  const content = dialog.querySelector(".content");
  let question = new AbortController();

  async function show(link) {
    question.abort();
    question = new AbortController();
    const { signal } = question;
    content.setAttribute("aria-busy", "true");
    content.replaceChildren(heading(link.querySelector("strong").textContent), paragraph("One moment…"));
    dialog.showModal();
    try {
      const answer = await fetch(link.href, { signal, headers: { Accept: "text/html" } });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const facts = answer.ok ? page.querySelector("main > .facts") : null;
      if (!facts) throw new Error(page.querySelector("h1")?.textContent ?? `The server answered ${answer.status}`);
      prepare(facts, link.href);
      content.replaceChildren(facts);
    } catch (error) {
      if (signal.aborted) return;
      content.replaceChildren(
        heading(link.querySelector("strong").textContent),
        paragraph(`The facts cannot be shown now. ${error.message}.`),
      );
    }
    content.setAttribute("aria-busy", "false");
  }

  grid.addEventListener("click", (event) => {
    const link = event.target.closest("a.card");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    show(link);
  });
  dialog.querySelector(".close").addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  dialog.addEventListener("close", () => question.abort());
}

function heading(text) {
  const element = document.createElement("h2");
  element.id = "facts-title";
  element.textContent = text;
  return element;
}

function paragraph(text) {
  const element = document.createElement("p");
  element.textContent = text;
  return element;
}

/** Lower case without accents, so that `cafe` finds `Café`. */
function plain(text) {
  return text.normalize("NFD").replace(/\p{Diacritic}/gu, "").toLowerCase();
}
