// Makes the document say what a tree says, touching only what differs. Texts become text nodes and attributes attributes: nothing is ever read as HTML.
const svg = 'http://www.w3.org/2000/svg';
const inSvg = new Set(['svg', 'path', 'rect', 'circle']);

/** Brings the children of `parent` in line with `wanted`: strings, and `{ tag, attributes, children }`. */
export function patch(parent, wanted) {
  wanted.forEach((one, index) => {
    const now = parent.childNodes[index];
    if (now === undefined) parent.append(make(one));
    else if (!alike(now, one)) now.replaceWith(make(one));
    else if (typeof one === 'string') {
      if (now.data !== one) now.data = one;
    } else {
      dress(now, one.attributes);
      patch(now, one.children);
    }
  });
  while (parent.childNodes.length > wanted.length) parent.lastChild.remove();
}

const alike = (node, one) => (typeof one === 'string' ? node.nodeType === Node.TEXT_NODE : node.nodeType === Node.ELEMENT_NODE && node.localName === one.tag);

function make(one) {
  if (typeof one === 'string') return document.createTextNode(one);
  const node = inSvg.has(one.tag) ? document.createElementNS(svg, one.tag) : document.createElement(one.tag);
  dress(node, one.attributes);
  patch(node, one.children);
  return node;
}

/** `grow` is the share of a bar: a style set through the object model, which the content policy allows, unlike a style attribute. */
function dress(node, { grow, ...attributes }) {
  for (const name of node.getAttributeNames()) if (name !== 'style' && !(name in attributes)) node.removeAttribute(name);
  for (const [name, value] of Object.entries(attributes)) if (node.getAttribute(name) !== String(value)) node.setAttribute(name, value);
  if (grow !== undefined) node.style.flexGrow = String(grow);
}
