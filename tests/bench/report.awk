# SPDX-License-Identifier: GPL-2.0-or-later
#
# report.awk - owns the layout of bench.tsv: pairs what was measured of bulwark with what was measured of each peer.
#
#   awk -f tests/bench/report.awk goals.tsv measures.tsv
#
# A line of measures: row, unit, who, samples, median, p90, least, most. Exits 1 when a row lacks bulwark or all peers.
BEGIN {
	FS = OFS = "\t"
	SUBSEP = "\t"
}

FNR == NR {
	if ($0 !~ /^#/ && NF == 3)
		goal[$1, $2] = $3
	next
}

{
	if (!($1 in unit)) {
		rows[++n_rows] = $1
		unit[$1] = $2
	}
	if ($3 == "bulwark") {
		if ($1 in ours)
			broken($1 " was measured twice")
		ours[$1] = $5
		ours_p90[$1] = $6
		samples[$1] = $4
	} else {
		peers[$1] = peers[$1] (peers[$1] == "" ? "" : " ") $3
		theirs[$1, $3] = $5
		theirs_p90[$1, $3] = $6
	}
}

function broken(what)
{
	print "report.awk: " what >"/dev/stderr"
	failed = 1
}

function met(text, a, b,   limit)
{
	limit = text
	sub(/^[a-z]+<=/, "", limit)
	if (text ~ /^ratio<=/)
		return (a / b <= limit + 0) ? "yes" : "no"
	if (text ~ /^ours<=/)
		return (a <= limit + 0) ? "yes" : "no"
	if (text ~ /^difference<=/)
		return (a - b <= limit + 0) ? "yes" : "no"
	broken("goals.tsv: '" text "' is not a goal")
	return "no"
}

END {
	for (i = 1; i <= n_rows; i++) {
		row = rows[i]
		if (!(ours[row] > 0) || peers[row] == "") {
			broken(row " has no figure of bulwark, or no peer")
			continue
		}
		n = split(peers[row], names, " ")
		for (j = 1; j <= n; j++) {
			peer = names[j]
			value = theirs[row, peer]
			if (!(value > 0)) {
				broken(row " has no figure of " peer)
				continue
			}
			what = ((row, peer) in goal) ? goal[row, peer] : "-"
			print row, ours[row], peer, value, sprintf("%.3f", ours[row] / value), what, unit[row], \
				ours_p90[row], theirs_p90[row, peer], samples[row], \
				what == "-" ? "-" : met(what, ours[row], value)
		}
	}
	exit failed
}
