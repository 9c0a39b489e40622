# SPDX-License-Identifier: GPL-2.0-or-later
#
# charts.gnuplot - owns the look of a chart: bars are medians, whiskers reach up to the 90th percentile.
#
#   gnuplot -e "file='FILE.dat'; out='FILE.svg'; unit='ms'; heading='...'; subtitle='...'; contenders='bulwark crun'" \
#       tests/bench/charts.gnuplot
#
# FILE.dat is one of charts.awk's. Bars start at zero and the scale is linear everywhere, so that lengths can be compared. Colours differ in lightness, too.
set terminal svg size 900,420 font "sans-serif,13" background "white" rounded
set output out

array colour[4] = ["#1b4f8a", "#e0803a", "#b9b4a7", "#4c9f70"]
n = words(contenders)
groups = int(system("wc -l <'" . file . "'"))
width = 0.8 / n > 0.2 ? 0.2 : 0.8 / n

# On a machine that others use, a whisker can be many times as long as its bar: what leaves the chart is cut.
top = 0
do for [k = 1:n] {
	stats file using (column(2 * k)) nooutput name "median"
	stats file using (column(2 * k + 1)) nooutput name "p90"
	if (median_max > top) { top = median_max }
	if (k == 1 || p90_max > most) { most = p90_max }
}
top = most > 2 * top ? 2 * top : most

set title heading . "\n{/*0.8 " . (unit eq "ms" ? "median and 90th percentile; " : "") . "less is better; " . subtitle . "}"
set ylabel unit
set style fill solid 1.0 noborder
set boxwidth width * 0.92
set bmargin 3.5
set style textbox opaque fillcolor "#ffffff" noborder margins 0.5, 0.2
set border 3 linecolor "#555555"
set xtics nomirror scale 0
set ytics nomirror
set format y unit eq "ms" ? "%g" : "%.0f"
set grid ytics linecolor "#dddddd" linetype 1
set key outside top horizontal center samplen 1.5 spacing 1.2 reverse Left
set xrange [-0.6:groups - 0.4]
set yrange [0:top * 1.1]

at(k) = $0 + (k - (n + 1) / 2.0) * width
# A little less than three digits, and no decimals where the figure is a count.
number(x) = x != x ? "" : unit ne "ms" || x >= 100 ? sprintf("%.0f", x) : x < 10 ? sprintf("%.2f", x) : sprintf("%.1f", x)

plot file using 0:(0):xtic(1) with dots linecolor "#ffffff" notitle, \
	for [k = 1:n] file using (at(k)):(column(2 * k)) with boxes linecolor rgb colour[k] title word(contenders, k), \
	for [k = 1:n] file using (at(k)):(column(2 * k)):(0):(column(2 * k + 1) - column(2 * k)) \
		with vectors head size screen 0.005, 90 linewidth 1.2 linecolor "#222222" notitle, \
	for [k = 1:n] file using (at(k)):(column(2 * k + 1) > top ? top : column(2 * k + 1)):(number(column(2 * k))) \
		with labels boxed offset 0, 0.7 font ",10" textcolor "#222222" notitle
set output
