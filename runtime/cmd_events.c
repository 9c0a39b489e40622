/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_events - owns the words of `events`. */
#include <errno.h>
#include <string.h>

#include "command.h"
#include "error.h"
#include "lifecycle.h"
#include "str.h"

#define INTERVAL_MS 5000
#define INTERVAL_MAX_MS (24ULL * 3600 * 1000)

struct options {
	const char *interval;
	bool stats;
};

static const struct option options_table[] = {
	{ "interval", 0, OPTION_STRING, offsetof(struct options, interval), "DURATION",
	  "time between two statistics: 500ms, 5s (default), 1m30s" },
	{ "stats", 0, OPTION_FLAG, offsetof(struct options, stats), NULL,
	  "print the statistics of now, and end" },
	{ NULL },
};

/* Go's durations, without fractions: numbers and units in turn. */
static int parse_duration(const char *text, uint64_t *ret_ms)
{
	static const struct {
		const char *unit;
		uint64_t ms;
	} units[] = { { "ms", 1 }, { "s", 1000 }, { "m", 60 * 1000 }, { "h", 3600 * 1000 } };
	uint64_t total = 0;

	if (!*text)
		return -EINVAL;
	while (*text) {
		char digits[16], unit[4];
		size_t n = strspn(text, "0123456789"), len = strspn(text + n, "hms"), i = 0;
		uint64_t number;

		if (str_format(digits, sizeof(digits), "%.*s", (int)n, text) < 0 ||
		    str_format(unit, sizeof(unit), "%.*s", (int)len, text + n) < 0 ||
		    parse_u64(digits, &number) < 0 || number > INTERVAL_MAX_MS)
			return -EINVAL;
		while (i < sizeof(units) / sizeof(units[0]) && !str_eq(units[i].unit, unit))
			i++;
		if (i == sizeof(units) / sizeof(units[0]))
			return -EINVAL;
		total += number * units[i].ms;
		text += n + len;
	}
	if (total == 0 || total > INTERVAL_MAX_MS)
		return -EINVAL;
	*ret_ms = total;
	return 0;
}

static int run(const struct globals *globals, const void *options, int argc, char **argv,
	       struct error *err)
{
	const struct options *o = options;
	uint64_t interval_ms = INTERVAL_MS;
	char quoted[64];

	(void)argc;
	if (o->interval && parse_duration(o->interval, &interval_ms) < 0)
		return error_text(err, EINVAL,
				  "--interval: '%s' is not a duration, such as 500ms, 5s or 1m30s",
				  str_quote(o->interval, quoted, sizeof(quoted)));
	return events_container(globals, argv[0], interval_ms, o->stats, err);
}

const struct command command_events = {
	.name = "events",
	.usage = "<container-id>",
	.summary = "print what a container uses, and when it runs out of memory",
	.options = options_table,
	.options_size = sizeof(struct options),
	.min_args = 1,
	.max_args = 1,
	.flags = COMMAND_NEEDS_ROOT,
	.run = run,
	.fail_status = 1,
};
