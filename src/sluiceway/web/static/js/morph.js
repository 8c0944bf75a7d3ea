// Bring a part of the page to fresh HTML while keeping focus, open <details> and scroll positions. What is in an
// element with `data-own` belongs to scripts and stays.

export function parse(html) {
  return new DOMParser().parseFromString(html, "text/html").body;
}

/** Make the children of `from` equal those of `to`, reusing elements; `to` is used up. */
export function morphChildren(from, to) {
  const byId = new Map([...from.children].filter((child) => child.id).map((child) => [child.id, child]));
  let place = from.firstChild;
  for (const wanted of [...to.childNodes]) {
    const kept = wanted.id ? byId.get(wanted.id) : place;
    if (kept && kept.parentNode === from && isSame(kept, wanted)) {
      if (kept !== place) from.insertBefore(kept, place);
      morphNode(kept, wanted);
      place = kept.nextSibling;
    } else {
      from.insertBefore(wanted, place);
    }
  }
  while (place) {
    const next = place.nextSibling;
    place.remove();
    place = next;
  }
}

function isSame(kept, wanted) {
  return kept.nodeType === wanted.nodeType && kept.nodeName === wanted.nodeName && (kept.id || "") === (wanted.id || "");
}

function morphNode(kept, wanted) {
  if (kept.nodeType !== Node.ELEMENT_NODE) {
    if (kept.nodeValue !== wanted.nodeValue) kept.nodeValue = wanted.nodeValue;
    return;
  }
  const isReaders = (name) => kept.nodeName === "DETAILS" && name === "open";
  for (const { name } of [...kept.attributes]) {
    if (!isReaders(name) && !wanted.hasAttribute(name)) kept.removeAttribute(name);
  }
  for (const { name, value } of wanted.attributes) {
    if (!isReaders(name) && kept.getAttribute(name) !== value) kept.setAttribute(name, value);
  }
  if (kept.nodeName === "TEMPLATE") kept.innerHTML = wanted.innerHTML;
  else if (!kept.hasAttribute("data-own")) morphChildren(kept, wanted);
}
