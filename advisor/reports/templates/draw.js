(function () {
  "use strict";
  var dark = window.matchMedia("(prefers-color-scheme: dark)");
  function colours(isDark) {
    var ink = isDark ? "#e6e9ee" : "#1f2933", faint = isDark ? "#a9b4c0" : "#52606d";
    return {
      "paper_bgcolor": "rgba(0,0,0,0)", "plot_bgcolor": "rgba(0,0,0,0)", "font.color": ink,
      "xaxis.gridcolor": isDark ? "#36414d" : "#dde3ea", "xaxis.zerolinecolor": faint,
      "xaxis.tickfont.color": faint, "xaxis.title.font.color": faint
    };
  }
  function places() {
    return Array.prototype.slice.call(document.querySelectorAll("[data-chart]"));
  }
  function paint(isDark) {
    places().forEach(function (place) {
      Plotly.relayout(place, colours(isDark));
      place.data.forEach(function (trace, index) {
        if (trace.name === "Total" && trace.type === "scatter" && trace.error_x === undefined) {
          Plotly.restyle(place, { "marker.color": isDark ? "#ffffff" : "#1f2933" }, [index]);
        }
        if (trace.type === "bar") {
          Plotly.restyle(place, { "marker.line.color": isDark ? "#14191f" : "#ffffff" }, [index]);
        }
        if (trace.mode === "markers+text") {
          Plotly.restyle(place, { "textfont.color": isDark ? "#e6e9ee" : "#1f2933" }, [index]);
        }
      });
    });
  }
  places().forEach(function (place) {
    var drawn = JSON.parse(document.getElementById(place.id + "-data").textContent);
    place.style.minHeight = drawn.layout.height + "px";
    Plotly.newPlot(place, drawn.data, drawn.layout, drawn.config);
  });
  paint(dark.matches);
  dark.addEventListener("change", function (event) { paint(event.matches); });
  window.addEventListener("beforeprint", function () {
    Array.prototype.forEach.call(document.querySelectorAll("details:not(.contents)"), function (item) { item.open = true; });
    paint(false);
  });
  window.addEventListener("afterprint", function () { paint(dark.matches); });
})();
