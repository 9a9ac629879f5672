/* Draws a city's areas and circles over its own base map. The data comes from dashboards/maps.py; everything a person
   or a city wrote is set as text, never as HTML. */
"use strict";

const SOLID = 0.8; // of an area: what is under it shines through
const MARGIN = 16; // pixels left free around what is drawn
const APART = 3; // pixels kept free around a name: another that would stand closer is left out
const NARROW = 480; // pixels up to which the legend stands under the map, where it covers nothing

function cityglass(map, data) {
  const look = window.matchMedia("(prefers-color-scheme: dark)").matches ? data.looks.night : data.looks.day;
  map.getContainer().style.background = look.surface;
  map.attributionControl.setPrefix(false);
  drawLegend(map, data, look);
  if (data.basemap) drawBasemap(map, data.basemap, look);
  drawAreas(map, data, look);
  drawCircles(map, data, look);
  map.setMaxZoom(17);
  // Inside another page, scrolling goes on to that page: by wheel, and by one finger.
  if (window === window.top) map.scrollWheelZoom.enable();
  else if (L.Browser.mobile) map.dragging.disable();
}

function drawBasemap(map, url, look) {
  const P = protomapsL;
  const width = (zoom) => (zoom < 12 ? 0.6 : zoom < 14 ? 1.1 : zoom < 16 ? 2.2 : 4);
  // Tiles are drawn for whole zooms and stretched to the one shown: names are drawn as much smaller or larger.
  const stretch = 2 ** (map.getZoom() - Math.round(map.getZoom()));
  const label = (style, size, fill) => new P.Padding(APART, new P.CenteredTextSymbolizer({
    labelProps: ["name"], fill: fill, stroke: look.background, width: 2, lineHeight: 1.5, font: `${style} ${size / stretch}px sans-serif`,
  }));
  const kind = (wanted) => (zoom, feature) => feature.props.kind === wanted;
  const ground = [
    { dataLayer: "areas", symbolizer: new P.PolygonSymbolizer({ fill: look.background }) },
    { dataLayer: "water", symbolizer: new P.PolygonSymbolizer({ fill: look.water }) },
    { dataLayer: "streets", symbolizer: new P.LineSymbolizer({ color: look.street, width: width }) },
    { dataLayer: "areas", symbolizer: new P.LineSymbolizer({ color: look.muted, width: 1.2, dash: [4, 3] }) },
  ];
  const names = [
    { dataLayer: "labels", symbolizer: label("600", 13, look.text), filter: kind("area") },
    { dataLayer: "labels", symbolizer: label("italic", 12, look.muted), filter: kind("water") },
    { dataLayer: "labels", symbolizer: label("", 11, look.muted), filter: kind("street") },
  ];
  const layer = (pane, paintRules, labelRules) =>
    P.leafletLayer({ url: url, maxDataZoom: 14, attribution: "", pane: pane, paintRules: paintRules, labelRules: labelRules }).addTo(map);
  layer("tilePane", ground, []);
  // Names above what would hide them; a pointer goes through them.
  const above = map.createPane("names");
  above.style.zIndex = 450;
  above.style.pointerEvents = "none";
  layer("names", [], names);
}

function drawAreas(map, data, look) {
  let lat = 0;
  let long = 0;
  const corners = (steps) => {
    const ring = [];
    for (let i = 0; i < steps.length; i += 2) {
      lat += steps[i];
      long += steps[i + 1];
      ring.push([lat / 1e5, long / 1e5]);
    }
    return ring;
  };
  data.areas.forEach(([colour, says, polygons]) => {
    const style = { color: look.background, weight: 0.7, fillColor: look.colours[colour], fillOpacity: SOLID };
    const area = L.polygon(polygons.map((rings) => rings.map(corners)), style).addTo(map);
    area.bindTooltip(() => lines(says), { sticky: true });
    area.on("mouseover", () => area.setStyle({ color: look.text, weight: 2 }).bringToFront());
    area.on("mouseout", () => area.setStyle(style));
  });
}

function drawCircles(map, data, look) {
  data.circles.forEach(([colour, says, lat, long, metres, links]) => {
    const style = { color: look.text, weight: 1, fillColor: look.colours[colour], fillOpacity: metres > 200 ? 0.7 : 0.9, radius: metres };
    const circle = L.circle([lat, long], style).addTo(map);
    // So that the smallest can be seen and met with a finger from far away.
    const grow = () => circle.setRadius(Math.max(metres, 7 * metresPerPixel(map, lat)));
    grow();
    map.on("zoomend", grow);
    circle.bindTooltip(() => lines(says), { sticky: true });
    if (links.length) circle.bindPopup(() => anchors(links));
  });
}

function metresPerPixel(map, lat) {
  return (40075016.7 * Math.cos((lat * Math.PI) / 180)) / (256 * 2 ** map.getZoom());
}

function drawLegend(map, data, look) {
  const box = legendBox(data, look);
  if (window.innerWidth > NARROW) {
    const legend = L.control({ position: "bottomleft" });
    legend.onAdd = () => box;
    legend.addTo(map);
    show(map, data, box.offsetWidth);
    return;
  }
  box.setAttribute("role", "region");
  box.setAttribute("aria-label", "What the colours mean");
  map.getContainer().after(box);
  document.body.classList.add("stacked");
  map.invalidateSize();
  show(map, data, 0);
}

// Everything that is drawn, with the legend beside it.
function show(map, data, left) {
  const around = { paddingTopLeft: [left + MARGIN, MARGIN], paddingBottomRight: [MARGIN, MARGIN] };
  map.fitBounds(data.bounds, { maxZoom: data.closest, animate: false, ...around });
}

function legendBox(data, look) {
  const box = L.DomUtil.create("div", data.circles.length ? "legend round" : "legend");
  if (data.heading) L.DomUtil.create("p", "heading", box).textContent = data.heading;
  data.legend.forEach(([colour, words]) => {
    const line = L.DomUtil.create("p", "", box);
    const swatch = L.DomUtil.create("i", "", line);
    swatch.style.background = look.colours[colour];
    swatch.style.opacity = data.circles.length ? 0.9 : SOLID;
    line.append(words);
  });
  L.DomUtil.create("p", "note", box).textContent = data.note;
  return box;
}

function lines(says) {
  const box = document.createElement("div");
  says.forEach((line, i) => {
    box.appendChild(document.createElement(i ? "div" : "strong")).textContent = line;
  });
  return box;
}

function anchors(links) {
  const box = document.createElement("ul");
  links.forEach(([words, url]) => {
    const anchor = box.appendChild(document.createElement("li")).appendChild(document.createElement("a"));
    anchor.textContent = words;
    anchor.href = url;
    anchor.target = "_top";
  });
  return box;
}
