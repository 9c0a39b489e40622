/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nodes.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "emu.h"
#include "error.h"
#include "fd.h"
#include "str.h"

#define CACHES_MAX 16

enum number {
	NUMBER_NONE,
	NUMBER_CPU,   /* "cpuN": the cpus that are shown */
	NUMBER_NODE,  /* "nodeN" */
	NUMBER_INDEX, /* "indexN": as many as the host has for that cpu */
};

struct entry {
	unsigned kind, parent;
	const char *name;      /* what is in front of the number */
	emu_render_fn *render; /* NULL: a folder */
	enum number number;
	bool if_host_has; /* only where the host has that file too */
};

#define DIR_OF(kind_, parent_, name_)                                                              \
	{                                                                                          \
		EMU_KIND_##kind_, EMU_KIND_##parent_, name_                                        \
	}
#define FILE_OF(kind_, parent_, name_, render_)                                                    \
	{                                                                                          \
		EMU_KIND_##kind_, EMU_KIND_##parent_, name_, emu_render_##render_                  \
	}
#define CACHE_OF(kind_, name_)                                                                     \
	{                                                                                          \
		EMU_KIND_CACHE_##kind_, EMU_KIND_CACHE_INDEX, name_, emu_render_cache,             \
			NUMBER_NONE, true                                                          \
	}
#define SYSCTL_DIR(dir_, parent_, name_)                                                           \
	{                                                                                          \
		EMU_KIND_SYSCTL_DIR + EMU_SYSCTL_##dir_, parent_, name_                            \
	}

static const struct entry entries[] = {
	DIR_OF(ROOT, ROOT, ""),
	DIR_OF(PROC, ROOT, "proc"),
	FILE_OF(MEMINFO, PROC, "meminfo", meminfo),
	FILE_OF(STAT, PROC, "stat", stat),
	FILE_OF(CPUINFO, PROC, "cpuinfo", cpuinfo),
	FILE_OF(LOADAVG, PROC, "loadavg", loadavg),
	FILE_OF(SWAPS, PROC, "swaps", swaps),
	FILE_OF(DISKSTATS, PROC, "diskstats", diskstats),
	FILE_OF(VMSTAT, PROC, "vmstat", vmstat),
	FILE_OF(PARTITIONS, PROC, "partitions", partitions),
	FILE_OF(INTERRUPTS, PROC, "interrupts", interrupts),
	FILE_OF(SOFTIRQS, PROC, "softirqs", interrupts),
	FILE_OF(SCHEDSTAT, PROC, "schedstat", schedstat),
	FILE_OF(ZONEINFO, PROC, "zoneinfo", nothing),
	FILE_OF(BUDDYINFO, PROC, "buddyinfo", nothing),
	DIR_OF(PRESSURE, PROC, "pressure"),
	FILE_OF(PRESSURE_CPU, PRESSURE, "cpu", pressure),
	FILE_OF(PRESSURE_IO, PRESSURE, "io", pressure),
	FILE_OF(PRESSURE_MEMORY, PRESSURE, "memory", pressure),
	DIR_OF(SYS, ROOT, "sys"),
	DIR_OF(SYS_DEVICES, SYS, "devices"),
	DIR_OF(SYS_SYSTEM, SYS_DEVICES, "system"),
	DIR_OF(CPUS, SYS_SYSTEM, "cpu"),
	FILE_OF(CPUS_ONLINE, CPUS, "online", cpu_list),
	FILE_OF(CPUS_OFFLINE, CPUS, "offline", empty_list),
	FILE_OF(CPUS_PRESENT, CPUS, "present", cpu_list),
	FILE_OF(CPUS_POSSIBLE, CPUS, "possible", cpu_list),
	FILE_OF(CPUS_ISOLATED, CPUS, "isolated", empty_list),
	FILE_OF(CPUS_KERNEL_MAX, CPUS, "kernel_max", kernel_max),
	{ EMU_KIND_CPU, EMU_KIND_CPUS, "cpu", NULL, NUMBER_CPU },
	FILE_OF(CPU_ONLINE, CPU, "online", cpu_online),
	DIR_OF(TOPOLOGY, CPU, "topology"),
	FILE_OF(PACKAGE_ID, TOPOLOGY, "physical_package_id", topology),
	FILE_OF(CORE_ID, TOPOLOGY, "core_id", topology),
	FILE_OF(CORE_CPUS, TOPOLOGY, "core_cpus", topology),
	FILE_OF(CORE_CPUS_LIST, TOPOLOGY, "core_cpus_list", topology),
	FILE_OF(THREAD_SIBLINGS, TOPOLOGY, "thread_siblings", topology),
	FILE_OF(THREAD_SIBLINGS_LIST, TOPOLOGY, "thread_siblings_list", topology),
	FILE_OF(CORE_SIBLINGS, TOPOLOGY, "core_siblings", topology),
	FILE_OF(CORE_SIBLINGS_LIST, TOPOLOGY, "core_siblings_list", topology),
	FILE_OF(PACKAGE_CPUS, TOPOLOGY, "package_cpus", topology),
	FILE_OF(PACKAGE_CPUS_LIST, TOPOLOGY, "package_cpus_list", topology),
	DIR_OF(CACHE, CPU, "cache"),
	{ EMU_KIND_CACHE_INDEX, EMU_KIND_CACHE, "index", NULL, NUMBER_INDEX },
	CACHE_OF(LEVEL, "level"),
	CACHE_OF(TYPE, "type"),
	CACHE_OF(SIZE, "size"),
	CACHE_OF(LINE, "coherency_line_size"),
	CACHE_OF(SETS, "number_of_sets"),
	CACHE_OF(WAYS, "ways_of_associativity"),
	CACHE_OF(PARTITION, "physical_line_partition"),
	CACHE_OF(ID, "id"),
	CACHE_OF(SHARED_LIST, "shared_cpu_list"),
	CACHE_OF(SHARED_MAP, "shared_cpu_map"),
	DIR_OF(NODES, SYS_SYSTEM, "node"),
	FILE_OF(NODES_ONLINE, NODES, "online", node_list),
	FILE_OF(NODES_POSSIBLE, NODES, "possible", node_list),
	FILE_OF(NODE_HAS_CPU, NODES, "has_cpu", node_list),
	FILE_OF(NODES_HAS_MEMORY, NODES, "has_memory", node_list),
	FILE_OF(NODES_HAS_NORMAL_MEMORY, NODES, "has_normal_memory", node_list),
	{ EMU_KIND_NODE, EMU_KIND_NODES, "node", NULL, NUMBER_NODE },
	FILE_OF(NODE_CPULIST, NODE, "cpulist", node_cpus),
	FILE_OF(NODE_CPUMAP, NODE, "cpumap", node_cpus),
	FILE_OF(NODE_MEMINFO, NODE, "meminfo", node_meminfo),
	FILE_OF(NODE_DISTANCE, NODE, "distance", node_distance),
	DIR_OF(PROC_SYS, PROC, "sys"),
	SYSCTL_DIR(KERNEL, EMU_KIND_PROC_SYS, "kernel"),
	SYSCTL_DIR(KEYS, EMU_KIND_SYSCTL_DIR + EMU_SYSCTL_KERNEL, "keys"),
	SYSCTL_DIR(YAMA, EMU_KIND_SYSCTL_DIR + EMU_SYSCTL_KERNEL, "yama"),
	SYSCTL_DIR(VM, EMU_KIND_PROC_SYS, "vm"),
	SYSCTL_DIR(FS, EMU_KIND_PROC_SYS, "fs"),
	SYSCTL_DIR(INOTIFY, EMU_KIND_SYSCTL_DIR + EMU_SYSCTL_FS, "inotify"),
	SYSCTL_DIR(NET, EMU_KIND_PROC_SYS, "net"),
	SYSCTL_DIR(NET_CORE, EMU_KIND_SYSCTL_DIR + EMU_SYSCTL_NET, "core"),
	SYSCTL_DIR(NETFILTER, EMU_KIND_SYSCTL_DIR + EMU_SYSCTL_NET, "netfilter"),
	DIR_OF(SYS_MODULE, SYS, "module"),
	DIR_OF(SYS_NF_CONNTRACK, SYS_MODULE, "nf_conntrack"),
	SYSCTL_DIR(NF_CONNTRACK, EMU_KIND_SYS_NF_CONNTRACK, "parameters"),
};

#define ENTRIES (sizeof(entries) / sizeof(entries[0]))

/* An id taken apart. */
struct where {
	const struct entry *entry; /* NULL: a sysctl */
	const struct emu_sysctl *sysctl;
	unsigned kind, number, index;
	unsigned via; /* of cpuN and what is in it: 0 below cpu/, else below nodeM, as M + 1 */
};

static const struct entry *entry_of(unsigned kind)
{
	for (size_t i = 0; i < ENTRIES; i++)
		if (entries[i].kind == kind)
			return &entries[i];
	return NULL;
}

const char *emu_kind_name(unsigned kind)
{
	const struct entry *entry = entry_of(kind);

	return entry ? entry->name : "";
}

static uint64_t make_id(unsigned kind, unsigned number, unsigned index, unsigned via)
{
	return kind | (uint64_t)number << 16 | (uint64_t)index << 32 | (uint64_t)via << 40;
}

static uint64_t id_of(const struct where *w)
{
	return make_id(w->kind, w->number, w->index, w->via);
}

/* The folder it is in. */
static unsigned sysctl_dir(const struct emu_sysctl *sysctl)
{
	return (unsigned)EMU_KIND_SYSCTL_DIR + sysctl->dir;
}

static unsigned parent_kind(const struct where *w)
{
	return w->entry ? w->entry->parent : sysctl_dir(w->sysctl);
}

/* The nearest numbered folder that @kind is or is in decides which numbers its id may have. */
static bool is_in(unsigned kind, unsigned folder)
{
	const struct entry *e = entry_of(kind);

	while (e && e->kind != EMU_KIND_ROOT) {
		if (e->kind == folder)
			return true;
		e = entry_of(e->parent);
	}
	return false;
}

static bool take_apart(const struct emu *emu, uint64_t id, struct where *ret)
{
	struct where w = { .kind = (unsigned)(id & 0xffff),
			   .number = (unsigned)(id >> 16 & 0xffff),
			   .index = (unsigned)(id >> 32 & 0xff),
			   .via = (unsigned)(id >> 40 & 0xff) };
	unsigned numbers = 1, indexes = 1, vias = 1;

	if (w.kind >= EMU_KIND_SYSCTL) {
		w.sysctl = emu_sysctl_by_id(w.kind - EMU_KIND_SYSCTL);
		if (!w.sysctl || (w.sysctl->type == EMU_SYSCTL_UTS && emu && !emu->uts.get))
			return false;
	} else {
		w.entry = entry_of(w.kind);
		if (!w.entry)
			return false;
		if (is_in(w.kind, EMU_KIND_CPU)) {
			numbers = EMU_CPUS_MAX;
			vias = EMU_NODES_MAX + 1;
		} else if (is_in(w.kind, EMU_KIND_NODE)) {
			numbers = EMU_NODES_MAX;
		}
		if (is_in(w.kind, EMU_KIND_CACHE_INDEX))
			indexes = CACHES_MAX;
	}
	if (w.number >= numbers || w.index >= indexes || w.via >= vias || id != id_of(&w))
		return false;
	*ret = w;
	return true;
}

static mode_t mode_of(const struct where *w)
{
	if (w->sysctl)
		return S_IFREG | (w->sysctl->flags & EMU_SYSCTL_PRIVATE ? 0600 : 0644);
	return w->entry->render ? S_IFREG | 0444 : S_IFDIR | 0555;
}

static uint64_t parent_id(const struct where *w)
{
	struct where up = {
		.kind = parent_kind(w), .number = w->number, .index = w->index, .via = w->via
	};

	switch (w->entry ? w->entry->number : NUMBER_NONE) {
	case NUMBER_CPU:
		if (w->via > 0)
			return make_id(EMU_KIND_NODE, w->via - 1, 0, 0);
		up.number = 0;
		break;
	case NUMBER_NODE:
		up.number = 0;
		break;
	case NUMBER_INDEX:
		up.index = 0;
		break;
	default:
		break;
	}
	return id_of(&up);
}

static void fill(const struct where *w, struct emu_node *ret)
{
	enum number number = w->entry ? w->entry->number : NUMBER_NONE;

	*ret = (struct emu_node){
		.id = id_of(w),
		.parent_id = parent_id(w),
		.mode = mode_of(w),
		.varies = is_in(w->kind, EMU_KIND_CPU) || is_in(w->kind, EMU_KIND_NODE),
	};
	if (number == NUMBER_NONE)
		(void)str_format(ret->name, sizeof(ret->name), "%s",
				 w->entry ? w->entry->name : w->sysctl->name);
	else
		(void)str_format(ret->name, sizeof(ret->name), "%s%u", w->entry->name,
				 number == NUMBER_INDEX ? w->index : w->number);
}

int emu_node_of(const struct emu *emu, uint64_t id, struct emu_node *ret)
{
	struct where w;

	if (!take_apart(emu, id, &w))
		return -ESTALE;
	fill(&w, ret);
	return 0;
}

/* ---- what is there ---- */

static bool host_has(const struct emu *emu, unsigned cpu, unsigned index, const char *file)
{
	struct stat st;
	char path[96];

	return emu->sources->sys_fd >= 0 &&
	       str_format(path, sizeof(path), "cpu/cpu%u/cache/index%u/%s", cpu, index, file) == 0 &&
	       fstatat(emu->sources->sys_fd, path, &st, 0) == 0;
}

static bool node_is_there(struct emu *emu, const struct emu_reader *reader, unsigned node)
{
	struct emu_cpuset cpus;

	emu_see_cpus(emu, reader, &cpus);
	return node < EMU_NODES_MAX && (emu_collect_nodes(emu, reader, &cpus) >> node & 1);
}

static bool is_there(struct emu *emu, const struct emu_reader *reader, const struct where *w)
{
	struct emu_cpuset cpus;

	if (!w->entry)
		return true;
	if (w->entry->if_host_has)
		return host_has(emu, w->number, w->index, w->entry->name);
	switch (w->entry->number) {
	case NUMBER_CPU:
		emu_see_cpus(emu, reader, &cpus);
		return emu_cpuset_has(&cpus, w->number) &&
		       (w->via == 0 ||
			emu_cpuset_has(&emu_collect_topology(emu)->node_cpus[w->via - 1], w->number));
	case NUMBER_NODE:
		return node_is_there(emu, reader, w->number);
	case NUMBER_INDEX:
		return host_has(emu, w->number, w->index, "level");
	default:
		return true;
	}
}

/* "cpu12" is 12 of "cpu"; "cpu012" is nothing. */
static bool name_number(const char *name, const char *prefix, unsigned max, unsigned *ret)
{
	const char *digits = str_after(name, prefix);
	uint32_t n;

	if (!digits || (digits[0] == '0' && digits[1]) || parse_u32(digits, &n) < 0 || n >= max)
		return false;
	*ret = n;
	return true;
}

/* nodeN has its cpus, too: links in the kernel's tree, folders here. */
static bool is_below(const struct entry *entry, const struct where *dir)
{
	return entry->parent == dir->kind ||
	       (dir->kind == EMU_KIND_NODE && entry->number == NUMBER_CPU);
}

static struct where child_of(const struct where *dir, const struct entry *entry)
{
	struct where w = *dir;

	w.entry = entry;
	w.kind = entry->kind;
	if (dir->kind == EMU_KIND_NODE && entry->number == NUMBER_CPU)
		w.via = dir->number + 1;
	return w;
}

/* Whether @entry, below @dir, is called @name; then which one it is. */
static bool matches(const struct entry *entry, const struct where *dir, const char *name,
		    struct where *ret)
{
	*ret = child_of(dir, entry);
	switch (entry->number) {
	case NUMBER_CPU:
		return name_number(name, entry->name, EMU_CPUS_MAX, &ret->number);
	case NUMBER_NODE:
		return name_number(name, entry->name, EMU_NODES_MAX, &ret->number);
	case NUMBER_INDEX:
		return name_number(name, entry->name, CACHES_MAX, &ret->index);
	default:
		return str_eq(entry->name, name);
	}
}

static int take_dir(const struct emu *emu, uint64_t id, struct where *ret)
{
	if (!take_apart(emu, id, ret))
		return -ESTALE;
	return ret->entry && !ret->entry->render ? 0 : -ENOTDIR;
}

int emu_lookup(struct emu *emu, uint64_t parent_id, const char *name,
	       const struct emu_reader *reader, struct emu_node *ret)
{
	struct where dir, w;
	int r = take_dir(emu, parent_id, &dir);

	if (r < 0)
		return r;
	emu_take_time(emu);
	for (size_t i = 1; i < ENTRIES; i++) { /* [0], the root, is its own parent */
		if (!is_below(&entries[i], &dir) || !matches(&entries[i], &dir, name, &w))
			continue;
		if (!is_there(emu, reader, &w))
			return -ENOENT;
		fill(&w, ret);
		return 0;
	}
	for (size_t i = 0; i < emu_sysctls_n; i++) {
		const struct emu_sysctl *s = &emu_sysctls[i];

		if (sysctl_dir(s) == dir.kind && str_eq(s->name, name) &&
		    take_apart(emu, make_id(EMU_KIND_SYSCTL + s->id, 0, 0, 0), &w)) {
			fill(&w, ret);
			return 0;
		}
	}
	return -ENOENT;
}

/* ---- listing: a position is the entry << 32 | its next number; sysctls follow the entries ---- */

static unsigned numbers_of(const struct entry *entry)
{
	switch (entry->number) {
	case NUMBER_CPU:
		return EMU_CPUS_MAX;
	case NUMBER_NODE:
		return EMU_NODES_MAX;
	case NUMBER_INDEX:
		return CACHES_MAX;
	default:
		return 1;
	}
}

/* The @n-th of an entry, if it is there. */
static bool nth(struct emu *emu, const struct emu_reader *reader, const struct where *dir,
		const struct entry *entry, unsigned n, struct where *ret)
{
	*ret = child_of(dir, entry);
	if (entry->number == NUMBER_CPU || entry->number == NUMBER_NODE)
		ret->number = n;
	else if (entry->number == NUMBER_INDEX)
		ret->index = n;
	return is_there(emu, reader, ret);
}

/* cpus are many, and finding out is not free: the next one that is shown, or EMU_CPUS_MAX. */
static unsigned next_number(struct emu *emu, const struct emu_reader *reader,
			    const struct entry *entry, unsigned n)
{
	struct emu_cpuset cpus;

	if (entry->number != NUMBER_CPU)
		return n;
	emu_see_cpus(emu, reader, &cpus);
	return emu_cpuset_next(&cpus, n);
}

int emu_list(struct emu *emu, uint64_t id, const struct emu_reader *reader, uint64_t *pos,
	     struct emu_node *ret)
{
	struct where dir, w;
	uint64_t at = *pos >> 32, n = *pos & UINT32_MAX;
	int r = take_dir(emu, id, &dir);

	if (r < 0)
		return r;
	emu_take_time(emu);
	for (at = at < 1 ? 1 : at; at < ENTRIES; at++, n = 0) {
		const struct entry *entry = &entries[at];

		if (!is_below(entry, &dir))
			continue;
		for (; n < numbers_of(entry); n++) {
			n = next_number(emu, reader, entry, (unsigned)n);
			if (n >= numbers_of(entry) || !nth(emu, reader, &dir, entry, (unsigned)n, &w))
				continue;
			*pos = at << 32 | (n + 1);
			fill(&w, ret);
			return 1;
		}
	}
	for (; at - ENTRIES < emu_sysctls_n; at++) {
		const struct emu_sysctl *s = &emu_sysctls[at - ENTRIES];

		if (sysctl_dir(s) != dir.kind ||
		    !take_apart(emu, make_id(EMU_KIND_SYSCTL + s->id, 0, 0, 0), &w))
			continue;
		*pos = (at + 1) << 32;
		fill(&w, ret);
		return 1;
	}
	*pos = at << 32;
	return 0;
}

/* ---- by path ---- */

int emu_find(struct emu *emu, const char *path, struct emu_node *ret)
{
	static const struct emu_reader nobody;
	struct emu_node node;
	char name[EMU_NAME_MAX];
	const char *end;
	int r = emu_node_of(emu, EMU_ROOT_ID, &node);

	if (*path != '/')
		return -ENOENT;
	while (r == 0 && *path == '/') {
		end = strchrnul(path + 1, '/');
		if (end == path + 1 ||
		    str_format(name, sizeof(name), "%.*s", (int)(end - path - 1), path + 1) < 0)
			return -ENOENT;
		r = emu_lookup(emu, node.id, name, &nobody, &node);
		path = end;
	}
	if (r < 0 || *path)
		return -ENOENT;
	*ret = node;
	return 0;
}

/* Files of /proc one by one, as the rest of it stays native; the two folders whole. */
static const char *const whole[] = {
	"/proc/meminfo",
	"/proc/stat",
	"/proc/cpuinfo",
	"/proc/loadavg",
	"/proc/swaps",
	"/proc/diskstats",
	"/proc/vmstat",
	"/proc/partitions",
	"/proc/interrupts",
	"/proc/softirqs",
	"/proc/schedstat",
	"/proc/zoneinfo",
	"/proc/buddyinfo",
	"/proc/pressure/cpu",
	"/proc/pressure/io",
	"/proc/pressure/memory",
	"/sys/devices/system/cpu",
	"/sys/devices/system/node",
};

#define WHOLE (sizeof(whole) / sizeof(whole[0]))

const char *const *emu_mounts(void)
{
	static char paths[EMU_SYSCTLS_MAX][96];
	static const char *mounts[WHOLE + EMU_SYSCTLS_MAX + 1];

	if (mounts[0])
		return mounts;
	for (size_t i = 0; i < emu_sysctls_n; i++) {
		const char *dir = emu_sysctl_host_dir(&emu_sysctls[i]);

		(void)str_format(paths[i], sizeof(paths[i]), "%s%s/%s", dir ? "/proc/" : "",
				 dir ? dir : "/sys/module/nf_conntrack/parameters",
				 emu_sysctls[i].name);
		mounts[WHOLE + i] = paths[i];
	}
	for (size_t i = WHOLE; i-- > 0;)
		mounts[i] = whole[i];
	return mounts;
}

/* ---- content ---- */

/* Not for those that depend on who asks, and not for sysctls: what was written is there at once. */
static bool is_shared(const struct where *w, const struct emu_reader *reader)
{
	for (int i = 0; i < EMU_CGROUPS; i++)
		if (*reader->path[i])
			return false;
	return w->entry != NULL;
}

static bool give_again(struct emu *emu, uint64_t id, struct emu_text *out)
{
	for (size_t i = 0; i < EMU_RENDERED; i++) {
		const struct emu_rendered *r = &emu->rendered[i];

		if (r->id != id || emu->now.boot_ns - r->at_ns >= EMU_FRESH_NS ||
		    emu->now.boot_ns < r->at_ns)
			continue;
		emu_text_bytes(out, r->data, r->len);
		return true;
	}
	return false;
}

static void remember(struct emu *emu, uint64_t id, const struct emu_text *text)
{
	struct emu_rendered *r = NULL;
	char *data;

	if (text->len > EMU_RENDERED_LEN)
		return;
	for (size_t i = 0; i < EMU_RENDERED; i++)
		if (emu->rendered[i].id == id)
			r = &emu->rendered[i];
	if (!r)
		r = &emu->rendered[emu->next_rendered++ % EMU_RENDERED];
	data = realloc(r->data, text->len + 1);
	if (!data)
		return;
	r->data = data;
	if (text->len > 0)
		memcpy(data, text->data, text->len);
	r->len = text->len;
	r->id = id;
	r->at_ns = emu->now.boot_ns;
}

int emu_render(struct emu *emu, const struct emu_node *node, const struct emu_reader *reader,
	       struct emu_text *out, struct error *err)
{
	struct emu_request request = { .reader = reader };
	struct where w;
	int r;

	emu_text_clear(out);
	if (!take_apart(emu, node->id, &w))
		return error_text(err, ESTALE, "there is no such node");
	if (w.entry && !w.entry->render)
		return error_text(err, EISDIR, "the node is a folder");
	emu_take_time(emu);
	if (is_shared(&w, reader) && give_again(emu, node->id, out) && !out->failed)
		return 0;
	request.kind = w.kind;
	request.number = w.number;
	request.index = w.index;
	r = w.sysctl ? emu_sysctl_render(emu, w.sysctl, out) : w.entry->render(emu, &request, out);
	if (r == 0)
		r = out->failed;
	if (r == -ENOENT)
		return error_text(err, ENOENT, "what '%s' tells of has gone", node->name);
	if (r < 0)
		return error_set(err, -r, "cannot tell '%s'", node->name);
	if (is_shared(&w, reader))
		remember(emu, node->id, out);
	return 0;
}

ssize_t emu_write(struct emu *emu, const struct emu_node *node, off_t pos, const void *data,
		  size_t len, struct error *err)
{
	struct where w;

	if (!take_apart(emu, node->id, &w))
		return error_text(err, ESTALE, "there is no such node");
	if (!w.sysctl)
		return error_text(err, EACCES, "'%s' cannot be written to", node->name);
	if (pos < 0)
		return error_text(err, EINVAL, "a write needs an offset");
	return emu_sysctl_write(emu, w.sysctl, (uint64_t)pos, data, len, err);
}
