/* SPDX-License-Identifier: GPL-2.0-or-later */
/* signals - see signals.h. */
#include "signals.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <strings.h>

#include "error.h"
#include "str.h"

struct signal_name {
	const char *name; /* without SIG */
	int number;
};

/* signal(7), with the names that are two for one. */
static const struct signal_name signal_names[] = {
	{ "HUP", SIGHUP },	 { "INT", SIGINT },	  { "QUIT", SIGQUIT },
	{ "ILL", SIGILL },	 { "TRAP", SIGTRAP },	  { "ABRT", SIGABRT },
	{ "IOT", SIGABRT },	 { "BUS", SIGBUS },	  { "FPE", SIGFPE },
	{ "KILL", SIGKILL },	 { "USR1", SIGUSR1 },	  { "SEGV", SIGSEGV },
	{ "USR2", SIGUSR2 },	 { "PIPE", SIGPIPE },	  { "ALRM", SIGALRM },
	{ "TERM", SIGTERM },	 { "STKFLT", SIGSTKFLT }, { "CHLD", SIGCHLD },
	{ "CLD", SIGCHLD },	 { "CONT", SIGCONT },	  { "STOP", SIGSTOP },
	{ "TSTP", SIGTSTP },	 { "TTIN", SIGTTIN },	  { "TTOU", SIGTTOU },
	{ "URG", SIGURG },	 { "XCPU", SIGXCPU },	  { "XFSZ", SIGXFSZ },
	{ "VTALRM", SIGVTALRM }, { "PROF", SIGPROF },	  { "WINCH", SIGWINCH },
	{ "IO", SIGIO },	 { "POLL", SIGIO },	  { "PWR", SIGPWR },
	{ "SYS", SIGSYS },	 { "UNUSED", SIGSYS },
};

/*
 * The C library keeps 32 and 33 for itself: what programs call SIGRTMIN is 34, and Docker's names
 * agree.
 */
#define RT_FIRST 34

/* "RTMIN", "RTMIN+3", "RTMAX-2" */
static bool parse_realtime(const char *name, int *ret_signal)
{
	bool from_first = strncasecmp(name, "RTMIN", 5) == 0;
	uint32_t distance = 0;

	if (!from_first && strncasecmp(name, "RTMAX", 5) != 0)
		return false;
	name += 5;
	if (*name && (*name != (from_first ? '+' : '-') || parse_u32(name + 1, &distance) < 0))
		return false;
	if (distance > SIGNALS_MAX - RT_FIRST)
		return false;
	*ret_signal = from_first ? RT_FIRST + (int)distance : SIGNALS_MAX - (int)distance;
	return true;
}

int signals_parse(const char *text, int *ret_signal, struct error *err)
{
	const char *name = strncasecmp(text, "SIG", 3) == 0 ? text + 3 : text;
	uint32_t number;
	char quoted[64];

	if (parse_u32(text, &number) == 0 && number <= SIGNALS_MAX) {
		*ret_signal = (int)number;
		return 0;
	}
	if (parse_realtime(name, ret_signal))
		return 0;
	for (size_t i = 0; i < sizeof(signal_names) / sizeof(signal_names[0]); i++) {
		if (strcasecmp(signal_names[i].name, name) == 0) {
			*ret_signal = signal_names[i].number;
			return 0;
		}
	}
	return error_text(err, EINVAL, "unknown signal '%s'",
			  str_quote(text, quoted, sizeof(quoted)));
}
