window.addEventListener("message", function (event) {
  var place = event.data && event.data.place, plot = document.getElementById("surface-plot");
  if (!Array.isArray(place) || place.length !== 2 || place[0] !== "SIDE" || !plot.data) return;
  var mesh = plot.data[0], point = {}, eye = {}, length = 0;
  ["x", "y", "z"].forEach(function (axis) {
    var low = Infinity, high = -Infinity;
    mesh[axis].forEach(function (at) { low = Math.min(low, at); high = Math.max(high, at); });
    eye[axis] = mesh[axis][place[1]] - (low + high) / 2;
    point[axis] = [mesh[axis][place[1]] + 0.04 * eye[axis]];
    length += eye[axis] * eye[axis];
  });
  for (var axis in eye) eye[axis] *= 1.6 / Math.sqrt(length);
  var upright = Math.abs(eye.z) < 1.5;
  Plotly.relayout(plot, {
    "scene.camera": {eye: eye, center: {x: 0, y: 0, z: 0}, up: {x: 0, y: upright ? 0 : 1, z: upright ? 1 : 0}},
  });
  if (plot.data[plot.data.length - 1].name === "peak") Plotly.deleteTraces(plot, plot.data.length - 1);
  Plotly.addTraces(plot, {
    type: "scatter3d", mode: "markers", name: "peak", showlegend: false, hoverinfo: "skip",
    marker: {size: 6, color: "#222222"}, x: point.x, y: point.y, z: point.z,
  });
  document.getElementById("select-view").value = "custom";
  window.frameElement && window.frameElement.scrollIntoView({block: "nearest"});
});
