/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * turns - owns the timing of commands that are compared: each in turn, round after round, in an order drawn anew.
 *
 *   turns [-n rounds] [-w warm-up rounds] [-s samples file] -o output file plan file
 *
 * A plan has one directive a line; words are separated by tabs, commands are absolute paths.
 *
 *   row    NAME       what the following contenders are compared in
 *   who    NAME       a contender; the commands that follow are its own
 *   once   COMMAND    before the first round
 *   before COMMAND    before each timing
 *   time   COMMAND    is timed, from before vfork(2) until wait4(2) has its status; one per contender
 *   after  COMMAND    after each timing
 *   end    COMMAND    after the last round
 *
 * `:clear FOLDER` removes the files in a folder, `:pause MS` sleeps, `:reap` waits until no child is left; they
 * stand where a COMMAND does, but for `time`. A row ends with `:reap`, and that in itself is a test. Whatever ends with another status than 0 ends the whole run.
 *
 * Prints one line per row and contender, separated by tabs: row, contender, rounds, median, 90th percentile, least
 * and most in ms, and the peak resident set in KiB. That one is ru_maxrss of wait4(2): the largest process among the
 * command and the descendants it waited for. The kernel keeps it over execve(2), and vfork(2) lends the child our
 * own pages until then: nothing smaller than this program can be seen, which is why it is static and small.
 *
 * This process is the subreaper, as an engine's shim is: an init that its runtime left is ours, and is reaped at once.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ARGS_MAX 32
#define COMMANDS_MAX 10
#define CONTENDERS_MAX 8
#define ROUNDS_MAX 100000
#define COMMAND_SECONDS 30 /* what takes longer hangs */
#define MS_NS 1000000ULL
#define SECOND_NS 1000000000ULL

enum phase { ONCE, BEFORE, TIME, AFTER, END, PHASES };

static const char *const phase_names[PHASES] = { "once", "before", "time", "after", "end" };

struct command {
	char *argv[ARGS_MAX + 1];
};

struct sample {
	uint64_t ns;
	long rss_kib;
};

struct contender {
	char *name;
	struct command commands[PHASES][COMMANDS_MAX];
	size_t n[PHASES];
	struct sample *samples; /* one per round */
};

struct row {
	char *name;
	struct contender contenders[CONTENDERS_MAX];
	size_t n;
};

static struct {
	unsigned int rounds, warm_up;
	FILE *samples;
	int output_fd, null_fd;
	pid_t child; /* the command that runs, for the alarm */
	uint64_t random;
} turns = { .rounds = 100, .warm_up = 3, .output_fd = -1, .null_fd = -1, .random = 0x9e3779b97f4a7c15 };

/* ---- ends of everything ---- */

static void __attribute__((noreturn, format(printf, 1, 2))) die(const char *format, ...)
{
	va_list ap;

	(void)fflush(stdout);
	(void)fputs("turns: ", stderr);
	va_start(ap, format);
	(void)vfprintf(stderr, format, ap);
	va_end(ap);
	(void)fputc('\n', stderr);
	exit(1);
}

/* What the command wrote says why. */
static void __attribute__((noreturn))
die_of_command(const struct row *row, const struct contender *who, char *const argv[],
	       const char *what, int n)
{
	char buffer[4096];
	ssize_t bytes = pread(turns.output_fd, buffer, sizeof(buffer) - 1, 0);
	size_t i;

	buffer[bytes > 0 ? bytes : 0] = '\0';
	(void)fprintf(stderr, "turns: %s, %s: %s %d:", row->name, who->name, what, n);
	for (i = 0; argv[i]; i++)
		(void)fprintf(stderr, " %s", argv[i]);
	(void)fputc('\n', stderr);
	die("its output: %s", bytes > 0 ? buffer : "none");
}

/* ---- commands ---- */

static uint64_t now_ns(void)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_MONOTONIC, &ts) < 0)
		die("clock_gettime: %s", strerror(errno));
	return (uint64_t)ts.tv_sec * SECOND_NS + (uint64_t)ts.tv_nsec;
}

static void on_alarm(int signo)
{
	(void)signo;
	if (turns.child > 0)
		(void)kill(turns.child, SIGKILL);
}

/* In the child, which has our memory: nothing but system calls. */
static void __attribute__((noreturn)) become(char *const argv[])
{
	if (dup2(turns.null_fd, STDIN_FILENO) < 0 || dup2(turns.output_fd, STDOUT_FILENO) < 0 ||
	    dup2(turns.output_fd, STDERR_FILENO) < 0)
		_exit(126);
	(void)execve(argv[0], argv, environ);
	_exit(127);
}

/* Runs it and returns its status as wait4(2) gives it. Inits that end meanwhile are reaped. */
static int run_command(char *const argv[], struct sample *ret)
{
	struct rusage usage;
	uint64_t start;
	int status;
	pid_t pid;

	if (ftruncate(turns.output_fd, 0) < 0)
		die("cannot empty the output file: %s", strerror(errno));
	(void)alarm(COMMAND_SECONDS);
	start = now_ns();
	turns.child = vfork();
	if (turns.child == 0)
		become(argv);
	if (turns.child < 0)
		die("vfork: %s", strerror(errno));
	do {
		pid = wait4(-1, &status, 0, &usage);
		if (pid < 0 && errno != EINTR)
			die("wait4: %s", strerror(errno));
	} while (pid != turns.child);
	ret->ns = now_ns() - start;
	ret->rss_kib = usage.ru_maxrss;
	turns.child = 0;
	(void)alarm(0);
	return status;
}

static void run_checked(const struct row *row, const struct contender *who, char *const argv[],
			struct sample *ret)
{
	int status = run_command(argv, ret);

	if (WIFSIGNALED(status))
		die_of_command(row, who, argv, "ended by signal", WTERMSIG(status));
	if (WEXITSTATUS(status) != 0)
		die_of_command(row, who, argv, "exit status", WEXITSTATUS(status));
}

static void clear_folder(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;

	if (!dir)
		die(":clear %s: %s", path, strerror(errno));
	while (errno = 0, (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		if (unlinkat(dirfd(dir), entry->d_name, 0) < 0)
			die(":clear %s: %s: %s", path, entry->d_name, strerror(errno));
	}
	if (errno)
		die(":clear %s: %s", path, strerror(errno));
	(void)closedir(dir);
}

static void pause_ms(const char *text)
{
	unsigned long ms = strtoul(text, NULL, 10);
	struct timespec ts = { .tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000 * MS_NS) };

	while (nanosleep(&ts, &ts) < 0) {
		if (errno != EINTR)
			die(":pause %s: %s", text, strerror(errno));
	}
}

/* Until the inits that runtimes left us have ended; one that lives on was not killed. */
static void reap_all(const struct row *row)
{
	(void)alarm(COMMAND_SECONDS);
	while (wait4(-1, NULL, 0, NULL) > 0)
		;
	(void)alarm(0);
	if (errno != ECHILD)
		die("%s: a process of a container outlives the container's end", row->name);
}

static void run_phase(const struct row *row, const struct contender *who, enum phase phase)
{
	struct sample ignored;
	size_t i;

	for (i = 0; i < who->n[phase]; i++) {
		char *const *argv = who->commands[phase][i].argv;

		if (argv[0][0] != ':')
			run_checked(row, who, argv, &ignored);
		else if (strcmp(argv[0], ":reap") == 0)
			reap_all(row);
		else if (strcmp(argv[0], ":clear") == 0 && argv[1])
			clear_folder(argv[1]);
		else if (strcmp(argv[0], ":pause") == 0 && argv[1])
			pause_ms(argv[1]);
		else
			die("%s, %s: no such command: %s", row->name, who->name, argv[0]);
	}
}

/* ---- rounds ---- */

/* xorshift64: the same order in each run of a plan, so that two runs differ in nothing we chose. */
static size_t random_below(size_t n)
{
	turns.random ^= turns.random << 13;
	turns.random ^= turns.random >> 7;
	turns.random ^= turns.random << 17;
	return (size_t)(turns.random % n);
}

/* Who comes after whom matters (caches, grace periods of RCU): over the rounds, everybody comes after everybody. */
static void shuffle(size_t *order, size_t n)
{
	size_t i, j, kept;

	for (i = 0; i < n; i++)
		order[i] = i;
	for (i = n; i > 1; i--) {
		j = random_below(i);
		kept = order[i - 1];
		order[i - 1] = order[j];
		order[j] = kept;
	}
}

static void run_round(const struct row *row, unsigned int round)
{
	size_t order[CONTENDERS_MAX], i;

	shuffle(order, row->n);
	for (i = 0; i < row->n; i++) {
		const struct contender *who = &row->contenders[order[i]];
		struct sample sample;

		run_phase(row, who, BEFORE);
		run_checked(row, who, who->commands[TIME][0].argv, &sample);
		run_phase(row, who, AFTER);
		if (round < turns.warm_up)
			continue;
		who->samples[round - turns.warm_up] = sample;
		if (turns.samples)
			(void)fprintf(turns.samples, "%s\t%s\t%u\t%zu\t%.6f\t%ld\n", row->name,
				      who->name, round - turns.warm_up + 1, i + 1,
				      (double)sample.ns / MS_NS, sample.rss_kib);
	}
}

static int compare_samples(const void *a, const void *b)
{
	const struct sample *x = a, *y = b;

	return (x->ns > y->ns) - (x->ns < y->ns);
}

static void print_contender(const struct row *row, struct contender *who)
{
	struct sample *samples = who->samples;
	const size_t n = turns.rounds;
	uint64_t median;
	long rss = 0;
	size_t i;

	for (i = 0; i < n; i++)
		rss = samples[i].rss_kib > rss ? samples[i].rss_kib : rss;
	qsort(samples, n, sizeof(*samples), compare_samples);
	median = n % 2 ? samples[n / 2].ns : (samples[n / 2 - 1].ns + samples[n / 2].ns) / 2;
	printf("%s\t%s\t%zu\t%.4f\t%.4f\t%.4f\t%.4f\t%ld\n", row->name, who->name, n,
	       (double)median / MS_NS, (double)samples[(n * 9 + 9) / 10 - 1].ns / MS_NS,
	       (double)samples[0].ns / MS_NS, (double)samples[n - 1].ns / MS_NS, rss);
}

static void run_row(struct row *row)
{
	unsigned int round;
	size_t i;

	if (!row->name)
		return;
	for (i = 0; i < row->n; i++) {
		if (row->contenders[i].n[TIME] != 1)
			die("%s, %s: not one command to time", row->name, row->contenders[i].name);
		row->contenders[i].samples = calloc(turns.rounds, sizeof(struct sample));
		if (!row->contenders[i].samples)
			die("no memory");
	}
	if (row->n == 0)
		die("%s: nobody to compare", row->name);
	for (i = 0; i < row->n; i++)
		run_phase(row, &row->contenders[i], ONCE);
	for (round = 0; round < turns.warm_up + turns.rounds; round++)
		run_round(row, round);
	for (i = 0; i < row->n; i++)
		run_phase(row, &row->contenders[i], END);
	reap_all(row);
	for (i = 0; i < row->n; i++)
		print_contender(row, &row->contenders[i]);
	if (fflush(stdout) != 0)
		die("cannot write the result: %s", strerror(errno));
}

/* ---- plans ---- */

static char *copy(const char *text)
{
	char *ret = strdup(text);

	if (!ret)
		die("no memory");
	return ret;
}

static void row_done(struct row *row)
{
	size_t i, phase, j, k;

	for (i = 0; i < row->n; i++) {
		struct contender *who = &row->contenders[i];

		for (phase = 0; phase < PHASES; phase++)
			for (j = 0; j < who->n[phase]; j++)
				for (k = 0; who->commands[phase][j].argv[k]; k++)
					free(who->commands[phase][j].argv[k]);
		free(who->samples);
		free(who->name);
	}
	free(row->name);
	memset(row, 0, sizeof(*row));
}

static void add_command(struct row *row, const char *directive, char *rest, unsigned int number)
{
	struct contender *who = row->n ? &row->contenders[row->n - 1] : NULL;
	struct command *command;
	size_t phase, n = 0;
	char *word;

	for (phase = 0; phase < PHASES; phase++)
		if (strcmp(directive, phase_names[phase]) == 0)
			break;
	if (phase == PHASES || !who)
		die("line %u: '%s' is out of place", number, directive);
	if (who->n[phase] == COMMANDS_MAX)
		die("line %u: more than %d commands", number, COMMANDS_MAX);
	command = &who->commands[phase][who->n[phase]++];
	while ((word = strsep(&rest, "\t"))) {
		if (n == ARGS_MAX)
			die("line %u: more than %d words", number, ARGS_MAX);
		command->argv[n++] = copy(word);
	}
	if (n == 0 || (command->argv[0][0] != '/' && (command->argv[0][0] != ':' || phase == TIME)))
		die("line %u: not an absolute path", number);
}

static void run_plan(FILE *plan)
{
	static struct row row;
	unsigned int number = 0;
	char *line = NULL;
	size_t size = 0;
	ssize_t len;

	while ((len = getline(&line, &size, plan)) > 0) {
		char *rest = line, *directive;

		number++;
		if (line[len - 1] == '\n')
			line[len - 1] = '\0';
		if (!line[0] || line[0] == '#')
			continue;
		directive = strsep(&rest, "\t");
		if (!rest || !rest[0])
			die("line %u: '%s' says nothing", number, directive);
		if (strcmp(directive, "row") == 0) {
			run_row(&row);
			row_done(&row);
			row.name = copy(rest);
		} else if (strcmp(directive, "who") == 0) {
			if (!row.name || row.n == CONTENDERS_MAX)
				die("line %u: no row, or more than %d contenders", number,
				    CONTENDERS_MAX);
			row.contenders[row.n++].name = copy(rest);
		} else {
			add_command(&row, directive, rest, number);
		}
	}
	free(line);
	run_row(&row);
	row_done(&row);
}

static unsigned int parse_count(const char *text, unsigned int min)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*end || end == text || n < min || n > ROUNDS_MAX)
		die("'%s' is not a number from %u to %d", text, min, ROUNDS_MAX);
	return (unsigned int)n;
}

int main(int argc, char **argv)
{
	const struct sigaction action = { .sa_handler = on_alarm }; /* no SA_RESTART: wait4 has to return */
	FILE *plan;
	int option;

	while ((option = getopt(argc, argv, "n:w:s:o:")) != -1) {
		if (option == 'n')
			turns.rounds = parse_count(optarg, 1);
		else if (option == 'w')
			turns.warm_up = parse_count(optarg, 0);
		else if (option == 's')
			turns.samples = fopen(optarg, "we");
		else if (option == 'o')
			turns.output_fd = open(optarg, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
		else
			exit(2);
		if (option == 's' && !turns.samples)
			die("%s: %s", optarg, strerror(errno));
	}
	turns.null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (optind != argc - 1 || turns.output_fd < 0 || turns.null_fd < 0)
		die("usage: turns [-n rounds] [-w warm-up rounds] [-s samples] -o output plan");
	plan = fopen(argv[optind], "re");
	if (!plan)
		die("%s: %s", argv[optind], strerror(errno));
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0 || sigaction(SIGALRM, &action, NULL) < 0)
		die("cannot become the subreaper: %s", strerror(errno));
	run_plan(plan);
	if (turns.samples && fclose(turns.samples) != 0)
		die("cannot write the samples: %s", strerror(errno));
	return 0;
}
