# SPDX-License-Identifier: GPL-2.0-or-later
#
# charts.awk - owns which measured rows stand in which chart, and under which name.
#
#   awk -v set=runtimes|guest -v folder=DIR -f tests/bench/charts.awk measures.tsv
#
# Writes for charts.gnuplot, into DIR: charts.tsv, a line per chart with its name, unit, title and contenders; and
# CHART.dat, a line per group of bars with its label, then median and 90th percentile of each contender, NaN where a
# contender has no such row. Exits 1 when bulwark lacks a row that a chart wants.
BEGIN {
	FS = "\t"
	if (set == "runtimes") {
		chart("run", "ms", "run: from nothing to a container that has ended", "bulwark crun runc floor",
			"run|run;run-seccomp|with seccomp;run-seccomp-cold|with seccomp,\\nempty cache;run-after-pause|after a pause")
		chart("verbs", "ms", "The verbs of an engine", "bulwark crun runc",
			"create|create;start|start;state|state;kill|kill;delete|delete")
		chart("exec", "ms", "exec of a program that does nothing", "bulwark crun runc",
			"exec|exec;exec-seccomp|with seccomp")
		chart("delete-force", "ms", "delete --force of a running container", "bulwark crun runc",
			"delete-force|delete --force")
		chart("rss", "KiB", "Peak resident set of run", "bulwark crun runc floor",
			"rss-run|run;rss-run-seccomp|with seccomp;rss-run-seccomp-cold|with seccomp,\\nempty cache")
		chart("memory-limit", "KiB", "Smallest memory limit with which run succeeds", "bulwark crun runc",
			"memory-limit|run;memory-limit-seccomp|with seccomp")
		chart("syscalls", "calls", "System calls of run", "bulwark crun runc floor",
			"syscalls-run|run;syscalls-run-seccomp|with seccomp")
	} else {
		chart("instructions", "instructions", "open(2) and stat(2) in containers", "bulwark crun runc host",
			"instructions-open|open;instructions-stat|stat;instructions-open-seccomp|open,\\nwith seccomp;" \
			"instructions-stat-seccomp|stat,\\nwith seccomp")
		chart("instructions-more", "instructions", "mount(2) with umount2(2), fork(2) with execve(2) in containers",
			"bulwark crun runc host",
			"instructions-mount|mount;instructions-exec|exec;instructions-exec-seccomp|exec,\\nwith seccomp")
	}
}

function chart(name, of_unit, of_title, contenders, of_groups)
{
	charts[++n_charts] = name
	unit[name] = of_unit
	title[name] = of_title
	who[name] = contenders
	groups[name] = of_groups
}

{
	median[$1, $3] = $5
	p90[$1, $3] = $6
}

function write_chart(name,   n, i, group, n_who, names, k, part, key, line)
{
	print name "\t" unit[name] "\t" title[name] "\t" who[name] >(folder "/charts.tsv")
	n_who = split(who[name], names, " ")
	n = split(groups[name], group, ";")
	for (i = 1; i <= n; i++) {
		split(group[i], part, "|")
		if (!((part[1], "bulwark") in median)) {
			print "charts.awk: no row " part[1] >"/dev/stderr"
			failed = 1
		}
		line = "\"" part[2] "\""
		for (k = 1; k <= n_who; k++) {
			key = part[1] SUBSEP names[k]
			line = line "\t" ((key in median) ? median[key] "\t" p90[key] : "NaN\tNaN")
		}
		print line >(folder "/" name ".dat")
	}
	close(folder "/" name ".dat")
}

END {
	for (c = 1; c <= n_charts; c++)
		write_chart(charts[c])
	exit failed
}
