// Shows the addresses of a logo in full, with buttons to copy them. Without this script they are links.

/** Prepare the facts below `root`, whose links are relative to the address `base`. */
export function prepare(root, base = document.baseURI) {
  for (const [selector, attribute] of [["[href]", "href"], ["[src]", "src"]]) {
    for (const element of root.querySelectorAll(selector)) {
      element.setAttribute(attribute, new URL(element.getAttribute(attribute), base).href);
    }
  }
  for (const link of root.querySelectorAll("[data-address]")) link.textContent = link.href;
  for (const button of root.querySelectorAll("[data-copy]")) button.hidden = false;
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const link = button.parentElement.querySelector("[data-address]");
  const copied = await copy(link);
  for (const label of document.querySelectorAll("[data-label]")) label.textContent = "Copy";
  if (copied) button.querySelector("[data-label]").textContent = "Copied";
  button.closest("article").querySelector("[data-copied]").textContent = copied
    ? `Copied ${link.href}`
    : "The address is selected: copy it with the keyboard";
});

/** Copy the URL of `link`; true on success. Otherwise select its text. */
async function copy(link) {
  try {
    await navigator.clipboard.writeText(link.href);
    return true;
  } catch {
    // Scripts have no clipboard over plain HTTP, and users may forbid it.
    getSelection().selectAllChildren(link);
    return false;
  }
}

const own = document.querySelector("main > .facts");
if (own) prepare(own);
