/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * census - owns counting what a container can leave behind: lists it, or says what changed since an earlier list.
 *
 *   census OPTION... --out FILE            writes the list: one thing a line, "KIND: THING", sorted
 *   census OPTION... --compare FILE MS     waits until the list is the same as FILE; prints what is not after MS
 *
 *   --cgroup PATH      cgroups below this one, in every hierarchy
 *   --tree DIR         files below DIR; again for more. Mounts on it are not entered
 *   --ids FILE         the runtime's table of id blocks
 *   --host FD NAME     mounts of another namespace that have NAME in them; FD is its open mountinfo
 *   --bpf NAME         BPF programs, maps and links of the machine whose names start so
 *   --pins DIR         a folder of pinned BPF objects
 *
 * Exit status: 0; 1 something changed; 2 it cannot count. What there is to count is the table `kinds`: a kind more is a
 * line more. Processes, their descriptors and namespaces are those that /proc shows, so the caller has a pid namespace
 * of his own, where everything is his; census itself is not in it, nor are zombies.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <linux/bpf.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define TREES_MAX 16

static struct {
	const char *cgroup, *ids, *bpf, *pins, *host_name;
	int host_fd;
	const char *trees[TREES_MAX];
	size_t n_trees;
	const char *out, *compare;
	long wait_ms;
} args = { .host_fd = -1 };

struct list {
	char **lines;
	size_t n, room;
};

static _Noreturn __attribute__((format(printf, 1, 2))) void die(const char *format, ...)
{
	int saved = errno;
	va_list ap;

	fputs("census: ", stderr);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fprintf(stderr, ": %s\n", strerror(saved));
	exit(2);
}

/* The list and the kind that are being written. */
static struct list *into;
static const char *kind_name;

static __attribute__((format(printf, 1, 2))) void add(const char *format, ...)
{
	char thing[PATH_MAX + 256];
	va_list ap;

	va_start(ap, format);
	vsnprintf(thing, sizeof(thing), format, ap);
	va_end(ap);
	if (into->n == into->room) {
		into->room = into->room ? into->room * 2 : 1024;
		into->lines = reallocarray(into->lines, into->room, sizeof(char *));
		if (!into->lines)
			die("list");
	}
	if (asprintf(&into->lines[into->n++], "%s: %s", kind_name, thing) < 0)
		die("list");
}

/* ---- mounts ---- */

/* Field @n of a line, counted from 1, as a string of its own; NULL when there are fewer. */
static const char *field(const char *line, int n, char *buf, size_t size)
{
	for (; n > 1 && line; n--) {
		line = strchr(line, ' ');
		line = line ? line + 1 : NULL;
	}
	if (!line)
		return NULL;
	snprintf(buf, size, "%.*s", (int)strcspn(line, " \n"), line);
	return buf;
}

static void each_mount(FILE *file, void (*each)(const char *line))
{
	char *line = NULL;
	size_t size = 0;

	while (getline(&line, &size, file) > 0)
		each(line);
	free(line);
}

static void each_own_mount(void (*each)(const char *line))
{
	FILE *file = fopen("/proc/self/mountinfo", "re");

	if (!file)
		die("/proc/self/mountinfo");
	each_mount(file, each);
	fclose(file);
}

/* Id, parent, place, and all that propagation and options say. */
static void add_mount(const char *line)
{
	add("%.*s", (int)strcspn(line, "\n"), line);
}

static void list_mounts(void)
{
	each_own_mount(add_mount);
}

static void add_named_mount(const char *line)
{
	if (strstr(line, args.host_name))
		add_mount(line);
}

/* The descriptor stays tied to the namespace in which it was opened. */
static void list_host_mounts(void)
{
	FILE *file;

	if (args.host_fd < 0)
		return;
	if (lseek(args.host_fd, 0, SEEK_SET) < 0)
		die("--host %d", args.host_fd);
	file = fdopen(dup(args.host_fd), "r");
	if (!file)
		die("--host %d", args.host_fd);
	each_mount(file, add_named_mount);
	fclose(file);
}

/* ---- processes, and what they hold ---- */

static void each_process(void (*each)(pid_t pid))
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;

	if (!dir)
		die("/proc");
	while ((entry = readdir(dir))) {
		pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);

		if (pid > 0 && pid != getpid())
			each(pid);
	}
	closedir(dir);
}

/* False: gone, or dead. @name has room for 64. */
static bool process_name(pid_t pid, char *name)
{
	char path[64], text[256] = "", *open_paren, *close_paren;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	file = fopen(path, "re");
	if (!file)
		return false;
	if (!fgets(text, sizeof(text), file))
		*text = 0;
	fclose(file);
	open_paren = strchr(text, '(');
	close_paren = strrchr(text, ')');
	if (!open_paren || !close_paren || strchr("ZX", close_paren[2]))
		return false;
	snprintf(name, 64, "%.*s", (int)(close_paren - open_paren - 1), open_paren + 1);
	return true;
}

static void add_process(pid_t pid)
{
	char name[64];

	if (process_name(pid, name))
		add("%d %s", (int)pid, name);
}

static void list_processes(void)
{
	each_process(add_process);
}

/* Links of a folder of /proc/PID; a process that ends meanwhile has none. */
static void each_link(pid_t pid, const char *folder,
		      void (*each)(pid_t pid, const char *name, const char *target))
{
	char path[64], target[PATH_MAX];
	struct dirent *entry;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, folder);
	dir = opendir(path);
	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		ssize_t n = readlinkat(dirfd(dir), entry->d_name, target, sizeof(target) - 1);

		if (n < 0)
			continue; /* "." and "..", or closed */
		target[n] = 0;
		each(pid, entry->d_name, target);
	}
	closedir(dir);
}

static void add_descriptor(pid_t pid, const char *name, const char *target)
{
	add("%d of process %d: %s", atoi(name), (int)pid, target);
}

static void add_descriptors(pid_t pid)
{
	each_link(pid, "fd", add_descriptor);
}

static void list_descriptors(void)
{
	each_process(add_descriptors);
}

/* "mnt:[4026531841]" */
static void add_namespace(pid_t pid, const char *name, const char *target)
{
	static const char *const types[] = { "cgroup:[", "ipc:[",  "mnt:[",  "net:[",
					     "pid:[",	 "time:[", "user:[", "uts:[" };

	(void)pid;
	(void)name;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strncmp(target, types[i], strlen(types[i])) == 0)
			add("%s", target);
}

static void add_namespaces(pid_t pid)
{
	each_link(pid, "ns", add_namespace);
	each_link(pid, "fd", add_namespace); /* held by a descriptor alone */
}

static void add_mounted_namespace(const char *line)
{
	char root[PATH_MAX];

	if (field(line, 4, root, sizeof(root)))
		add_namespace(0, NULL, root);
}

static void list_namespaces(void)
{
	each_process(add_namespaces);
	each_own_mount(add_mounted_namespace);
}

/* ---- cgroups, files ---- */

static int add_folder(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	if (type == FTW_D && ftw->level > 0)
		add("%s", path);
	return 0;
}

static void add_cgroups(const char *line)
{
	const char *type = strstr(line, " - ");
	char mount[PATH_MAX], path[2 * PATH_MAX];

	if (!type || strncmp(type, " - cgroup", 9) != 0 || !field(line, 5, mount, sizeof(mount)))
		return;
	snprintf(path, sizeof(path), "%s%s", mount, args.cgroup);
	if (nftw(path, add_folder, 16, FTW_PHYS | FTW_MOUNT) < 0 && errno != ENOENT)
		die("%s", path);
}

static void list_cgroups(void)
{
	if (args.cgroup)
		each_own_mount(add_cgroups);
}

static int add_file(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	if (ftw->level > 0)
		add("%s", path);
	return 0;
}

static void add_tree(const char *path)
{
	if (nftw(path, add_file, 16, FTW_PHYS | FTW_MOUNT) < 0 && errno != ENOENT)
		die("%s", path);
}

static void list_files(void)
{
	for (size_t i = 0; i < args.n_trees; i++)
		add_tree(args.trees[i]);
}

/* ---- id blocks: runtime/idrange.c has the layout ---- */

#define TABLE_MAGIC 0x6c644957bULL

struct block {
	uint32_t state; /* 1: held */
	uint32_t creator_pid;
	uint64_t creator_start, freed_ms;
	char state_path[401];
	uint8_t unused[87];
};
_Static_assert(sizeof(struct block) == 512, "on disk");

static void list_id_blocks(void)
{
	struct block block; /* the header is as long */
	uint64_t magic = 0;
	FILE *file;

	if (!args.ids)
		return;
	file = fopen(args.ids, "re");
	if (!file && errno == ENOENT)
		return;
	if (!file)
		die("%s", args.ids);
	if (fread(&block, sizeof(block), 1, file) == 1)
		memcpy(&magic, &block, sizeof(magic));
	errno = EUCLEAN;
	if (magic != TABLE_MAGIC)
		die("%s has another layout than this probe knows", args.ids);
	for (int i = 0; fread(&block, sizeof(block), 1, file) == 1; i++)
		if (block.state != 0)
			add("%d: %.400s", i, block.state_path);
	fclose(file);
}

/* ---- BPF objects: bpf(2) lists those of the whole machine ---- */

static int bpf(int command, union bpf_attr *attr)
{
	return (int)syscall(SYS_bpf, command, attr, sizeof(*attr));
}

/* How many keys a map has now; an array's are all there from the start. */
static unsigned int count_entries(int fd, const struct bpf_map_info *info)
{
	unsigned int n = 0;
	char *key = calloc(2, info->key_size ? info->key_size : 1), *next = key + info->key_size;
	union bpf_attr attr = { .map_fd = (uint32_t)fd };

	if (!key)
		die("map");
	attr.next_key = (uint64_t)(uintptr_t)next;
	while (n < info->max_entries && bpf(BPF_MAP_GET_NEXT_KEY, &attr) == 0) {
		memcpy(key, next, info->key_size);
		attr.key = (uint64_t)(uintptr_t)key;
		n++;
	}
	free(key);
	return n;
}

static bool is_ours(const char *name)
{
	return strncmp(name, args.bpf, strlen(args.bpf)) == 0;
}

static void add_program(int fd, uint32_t id)
{
	struct bpf_prog_info info = { 0 };
	union bpf_attr attr = { .info = { .bpf_fd = (uint32_t)fd,
					  .info_len = sizeof(info),
					  .info = (uint64_t)(uintptr_t)&info } };

	if (bpf(BPF_OBJ_GET_INFO_BY_FD, &attr) == 0 && is_ours(info.name))
		add("%u %s", id, info.name);
}

static void add_map(int fd, uint32_t id)
{
	struct bpf_map_info info = { 0 };
	union bpf_attr attr = { .info = { .bpf_fd = (uint32_t)fd,
					  .info_len = sizeof(info),
					  .info = (uint64_t)(uintptr_t)&info } };

	if (bpf(BPF_OBJ_GET_INFO_BY_FD, &attr) == 0 && is_ours(info.name))
		add("%u %s: %u entries", id, info.name, count_entries(fd, &info));
}

/* A link has no name: that of its program tells whose it is. */
static void add_link(int fd, uint32_t id)
{
	struct bpf_link_info info = { 0 };
	struct bpf_prog_info program = { 0 };
	union bpf_attr attr = { .info = { .bpf_fd = (uint32_t)fd,
					  .info_len = sizeof(info),
					  .info = (uint64_t)(uintptr_t)&info } };
	union bpf_attr by_id = { 0 };

	if (bpf(BPF_OBJ_GET_INFO_BY_FD, &attr) < 0)
		return;
	by_id.prog_id = info.prog_id;
	fd = bpf(BPF_PROG_GET_FD_BY_ID, &by_id);
	if (fd < 0)
		return;
	attr = (union bpf_attr){ .info = { .bpf_fd = (uint32_t)fd,
					   .info_len = sizeof(program),
					   .info = (uint64_t)(uintptr_t)&program } };
	if (bpf(BPF_OBJ_GET_INFO_BY_FD, &attr) == 0 && is_ours(program.name))
		add("%u of %s", id, program.name);
	close(fd);
}

/* Where bpf(2) is not allowed that is said, and nothing of it counted. */
static void each_bpf(int next_command, int open_command, void (*each)(int fd, uint32_t id))
{
	union bpf_attr next = { 0 };
	int fd;

	if (!args.bpf)
		return;
	while (bpf(next_command, &next) == 0) {
		union bpf_attr by_id = { .prog_id = next.next_id };

		fd = bpf(open_command, &by_id);
		if (fd >= 0) {
			each(fd, next.next_id);
			close(fd);
		}
		next.start_id = next.next_id;
	}
	if (errno == ENOENT)
		return;
	fprintf(stderr, "census: each %s is left out, as bpf(2) fails: %s\n", kind_name,
		strerror(errno));
}

static void list_bpf_programs(void)
{
	each_bpf(BPF_PROG_GET_NEXT_ID, BPF_PROG_GET_FD_BY_ID, add_program);
}

static void list_bpf_maps(void)
{
	each_bpf(BPF_MAP_GET_NEXT_ID, BPF_MAP_GET_FD_BY_ID, add_map);
}

static void list_bpf_links(void)
{
	each_bpf(BPF_LINK_GET_NEXT_ID, BPF_LINK_GET_FD_BY_ID, add_link);
}

static void list_bpf_pins(void)
{
	if (args.pins)
		add_tree(args.pins);
}

/* ---- the list ---- */

#define PROCESS "process"
static const struct {
	const char *name;
	void (*list)(void); /* calls add() for each there is */
	/*
	 * The kernel frees it some time after the cgroup or process that held it is gone: one that was counted before may
	 * have belonged to a container that was deleted already, and says nothing when it is missing.
	 */
	bool lags;
} kinds[] = {
	{ "mount", list_mounts },
	{ "mount on the host", list_host_mounts },
	{ PROCESS, list_processes },
	{ "descriptor", list_descriptors },
	{ "namespace", list_namespaces },
	{ "cgroup", list_cgroups },
	{ "id block", list_id_blocks },
	{ "file", list_files },
	{ "BPF program", list_bpf_programs, true },
	{ "BPF map", list_bpf_maps, true },
	{ "BPF link", list_bpf_links, true },
	{ "BPF pin", list_bpf_pins },
};

static int compare_lines(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void sort(struct list *list)
{
	size_t n = 0;

	qsort(list->lines, list->n, sizeof(char *), compare_lines);
	for (size_t i = 0; i < list->n; i++) {
		if (n > 0 && strcmp(list->lines[n - 1], list->lines[i]) == 0)
			free(list->lines[i]);
		else
			list->lines[n++] = list->lines[i];
	}
	list->n = n;
}

static void clear(struct list *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->lines[i]);
	list->n = 0;
}

static void count(struct list *list)
{
	clear(list);
	into = list;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		kind_name = kinds[i].name;
		kinds[i].list();
	}
	sort(list);
}

static void save(const struct list *list, const char *path)
{
	FILE *file = fopen(path, "we");

	if (!file)
		die("%s", path);
	for (size_t i = 0; i < list->n; i++)
		fprintf(file, "%s\n", list->lines[i]);
	if (fclose(file) != 0)
		die("%s", path);
}

static void load(struct list *list, const char *path)
{
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t size = 0;

	if (!file)
		die("%s", path);
	into = list;
	while (getline(&line, &size, file) > 0) {
		char *colon = strstr(line, ": ");

		if (!colon)
			continue;
		line[strcspn(line, "\n")] = 0;
		*colon = 0;
		kind_name = line;
		add("%s", colon + 2);
	}
	free(line);
	fclose(file);
	sort(list);
}

static bool lags(const char *line)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		size_t len = strlen(kinds[i].name);

		if (strncmp(line, kinds[i].name, len) == 0 && line[len] == ':')
			return kinds[i].lags;
	}
	return false;
}

/* Calls @each for every line that only one of the two has; returns how many. */
static size_t differences(const struct list *before, const struct list *now,
			  void (*each)(const char *line, bool is_new))
{
	size_t i = 0, j = 0, n = 0;

	while (i < before->n || j < now->n) {
		int order = i == before->n ? 1 :
			    j == now->n	   ? -1 :
					     strcmp(before->lines[i], now->lines[j]);

		if (order == 0) {
			i++;
			j++;
			continue;
		}
		if (order < 0 && lags(before->lines[i])) {
			i++;
			continue;
		}
		n++;
		if (order < 0)
			each(before->lines[i++], false);
		else
			each(now->lines[j++], true);
	}
	return n;
}

static long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void print_difference(const char *line, bool is_new)
{
	printf("%s %s\n", is_new ? "left behind:" : "missing:", line);
}

/* A process that is about to end is waited for; what ends with nobody, such as a namespace, is looked at again. */
static void wait_for_end(const char *line, bool is_new)
{
	struct pollfd fd = { .events = POLLIN };

	if (!is_new || strncmp(line, PROCESS ": ", strlen(PROCESS ": ")) != 0)
		return;
	fd.fd = (int)syscall(SYS_pidfd_open, atoi(line + strlen(PROCESS ": ")), 0);
	if (fd.fd < 0)
		return;
	(void)poll(&fd, 1, 100);
	close(fd.fd);
}

static int compare(const char *path, long wait_ms)
{
	const struct timespec pause = { .tv_nsec = 2000000 };
	struct list before = { 0 }, now = { 0 };
	long end = now_ms() + wait_ms;

	load(&before, path);
	for (;;) {
		count(&now);
		if (differences(&before, &now, wait_for_end) == 0)
			return 0;
		if (now_ms() >= end)
			break;
		(void)nanosleep(&pause, NULL);
	}
	(void)differences(&before, &now, print_difference);
	return 1;
}

/* ---- the command line ---- */

static _Noreturn void usage(void)
{
	fputs("usage: census [--cgroup PATH] [--tree DIR]... [--ids FILE] [--host FD NAME] [--bpf NAME] [--pins DIR] "
	      "(--out FILE | --compare FILE MS)\n",
	      stderr);
	exit(2);
}

static void parse(char **argv)
{
	while (*argv) {
		const char *option = *argv++, *value = *argv ? *argv++ : NULL;

		if (!value)
			usage();
		if (strcmp(option, "--cgroup") == 0)
			args.cgroup = value;
		else if (strcmp(option, "--tree") == 0 && args.n_trees < TREES_MAX)
			args.trees[args.n_trees++] = value;
		else if (strcmp(option, "--ids") == 0)
			args.ids = value;
		else if (strcmp(option, "--bpf") == 0)
			args.bpf = value;
		else if (strcmp(option, "--pins") == 0)
			args.pins = value;
		else if (strcmp(option, "--out") == 0)
			args.out = value;
		else if (strcmp(option, "--host") == 0 && *argv) {
			args.host_fd = atoi(value);
			args.host_name = *argv++;
		} else if (strcmp(option, "--compare") == 0 && *argv) {
			args.compare = value;
			args.wait_ms = atol(*argv++);
		} else
			usage();
	}
	if (!args.out == !args.compare)
		usage();
}

int main(int argc, char **argv)
{
	struct list list = { 0 };

	(void)argc;
	parse(argv + 1);
	if (args.compare)
		return compare(args.compare, args.wait_ms);
	count(&list);
	save(&list, args.out);
	return 0;
}
