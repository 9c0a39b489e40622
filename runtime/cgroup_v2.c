/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cgroup_v2 - owns what the unified hierarchy is told. Linux, Documentation/admin-guide/cgroup-v2.rst. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/bpf.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cgroup_internal.h"
#include "devices.h"
#include "error.h"
#include "fd.h"
#include "resources.h"
#include "str.h"

#define CONTROLLERS_MAX 4096

void cgroup_v2_enable_controllers(int fd)
{
	_cleanup_free_ char *names = NULL;
	char word[64], *save = NULL;

	if (fd_read_file(fd, "cgroup.controllers", CONTROLLERS_MAX, &names, NULL, NULL) < 0)
		return;
	/* one at a time: one that cannot be had (EBUSY: a folder with processes in it) must not cost the others */
	for (char *name = strtok_r(names, " \n", &save); name; name = strtok_r(NULL, " \n", &save)) {
		if (str_format(word, sizeof(word), "+%s", name) == 0)
			(void)fd_write_file(fd, "cgroup.subtree_control", word, NULL);
	}
}

bool cgroup_v2_has(struct cgroup *cgroup, const char *controller)
{
	struct hierarchy *h = cgroup_v2_find(cgroup);
	_cleanup_free_ char *names = NULL;
	char *save = NULL;

	if (!h || h->fd < 0 ||
	    fd_read_file(h->fd, "cgroup.controllers", CONTROLLERS_MAX, &names, NULL, NULL) < 0)
		return false;
	for (char *name = strtok_r(names, " \n", &save); name; name = strtok_r(NULL, " \n", &save))
		if (str_eq(name, controller))
			return true;
	return false;
}

/*
 * 2 to 262144 with default 1024, to 1 to 10000 with default 100: a curve through (2, 1), (1024, 100), (262144, 10000), as
 * the runtimes have it since 2025 (runc 1.3.2, crun 1.23), so that a container weighs the same under each.
 */
uint64_t cgroup_shares_to_weight(uint64_t shares)
{
	double l;

	if (shares == 0)
		return 0;
	if (shares <= 2)
		return 1;
	if (shares >= 262144)
		return 10000;
	l = log2((double)shares);
	return (uint64_t)ceil(pow(10, (l * l + 125 * l) / 612.0 - 7.0 / 34.0));
}

/* blkio's 10 to 1000 to io's 1 to 10000. */
uint64_t cgroup_blkio_to_io_weight(uint64_t weight)
{
	return weight ? 1 + (weight - (weight > 10 ? 10 : weight)) * 9999 / 990 : 0;
}

/* ---- limits ---------------------------------------------------------------------------------------------------- */

/* checkBeforeUpdate: a limit below what is in use would kill; v1's kernel refuses that by itself. */
static int check_memory_in_use(int fd, const struct resources_memory *m, struct error *err)
{
	const struct {
		const char *key;
		const struct opt_i64 *value;
	} rows[] = { { "limit", &m->limit }, { "swap", &m->swap } };
	_cleanup_free_ char *text = NULL;
	uint64_t current;
	int r;

	if (!m->check_before_update.value || (m->limit.value <= 0 && m->swap.value <= 0))
		return 0;
	r = fd_read_file(fd, "memory.current", 64, &text, NULL, err);
	if (r < 0)
		return r;
	text[strcspn(text, "\n")] = '\0';
	if (parse_u64(text, &current) < 0)
		return error_text(err, EBADMSG, "memory.current: '%s' is no number", text);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].value->value > 0 && (uint64_t)rows[i].value->value < current)
			return error_text(err, EBUSY,
					  "linux.resources.memory.%s: %" PRId64
					  " is below the %" PRIu64 " bytes in use",
					  rows[i].key, rows[i].value->value, current);
	return 0;
}

static int apply_memory(int fd, const struct resources_memory *m, struct error *err)
{
	int r = check_memory_in_use(fd, m, err);

	if (r == 0 && m->limit.set && m->limit.value)
		r = cgroup_write_i64(fd, "memory.max", m->limit.value, "max", err);
	if (r == 0 && m->swap.set && m->swap.value) {
		int64_t swap = m->swap.value;

		/* the spec's swap is memory and swap together */
		if (swap > 0 && (!m->limit.set || m->limit.value <= 0))
			return error_text(err, EINVAL,
					  "linux.resources.memory.swap: set without a memory limit");
		if (swap > 0 && swap < m->limit.value)
			return error_text(err, EINVAL,
					  "linux.resources.memory.swap: below the memory limit");
		r = cgroup_write_i64(fd, "memory.swap.max", swap > 0 ? swap - m->limit.value : swap,
				     "max", err);
		if (r == -ENOENT && swap <= 0) /* Linux without swap accounting has nothing to lift */
			r = 0;
	}
	if (r == 0 && m->reservation.set && m->reservation.value)
		r = cgroup_write_i64(fd, "memory.low", m->reservation.value, "max", err);
	return r;
}

static int apply_cpu(int fd, const struct resources_cpu *c, struct error *err)
{
	bool quota = (c->quota.set && c->quota.value) || (c->period.set && c->period.value);
	char text[64], max[32];
	int burst = 0, r = 0;

	if (c->idle.set)
		r = cgroup_write_i64(fd, "cpu.idle", c->idle.value, NULL, err);
	if (r == 0 && c->shares.set && c->shares.value && !(c->idle.set && c->idle.value == 1))
		r = cgroup_write_i64(fd, "cpu.weight",
				     (int64_t)cgroup_shares_to_weight(c->shares.value), NULL, err);
	/* a burst may not be above the quota, neither the old one nor the new */
	if (r == 0 && c->burst.set)
		burst = cgroup_write_i64(fd, "cpu.max.burst", (int64_t)c->burst.value, NULL,
					 quota ? NULL : err);
	if (burst < 0 && !quota)
		return burst;
	if (r == 0 && quota) {
		(void)str_format(max, sizeof(max), "%" PRId64, c->quota.value);
		(void)str_format(text, sizeof(text), "%s %" PRIu64, c->quota.value > 0 ? max : "max",
				 c->period.value ? c->period.value : 100000);
		r = fd_write_file(fd, "cpu.max", text, err);
	}
	if (r == 0 && burst < 0)
		r = cgroup_write_i64(fd, "cpu.max.burst", (int64_t)c->burst.value, NULL, err);
	return r;
}

static int apply_io_max(int fd, const char *key, const struct json_array *list, struct error *err)
{
	const struct resources_throttle_device *items = list->items;
	char line[96], rate[32];
	int r = 0;

	for (size_t i = 0; r == 0 && i < list->n; i++) {
		(void)str_format(rate, sizeof(rate), "%" PRIu64, items[i].rate);
		(void)str_format(line, sizeof(line), "%" PRId64 ":%" PRId64 " %s=%s", items[i].major,
				 items[i].minor, key, items[i].rate ? rate : "max"); /* v1's 0 */
		r = fd_write_file(fd, "io.max", line, err);
	}
	return r;
}

/* BFQ takes v1's numbers. There are no leaf weights on v2: the kernel takes care of what tasks beside folders get. */
static int apply_weights(int fd, const struct resources_block_io *b, struct error *err)
{
	const struct resources_weight_device *items = b->weight_device.items;
	bool bfq = faccessat(fd, "io.bfq.weight", F_OK, 0) == 0;
	const char *file = bfq ? "io.bfq.weight" : "io.weight";
	char line[96];
	int r = 0;

	if (b->leaf_weight.set && b->leaf_weight.value)
		return error_text(err, ENOTSUP,
				  "linux.resources.blockIO.leafWeight: cgroup v2 has none: use weight");
	if (b->weight.set && b->weight.value)
		r = cgroup_write_i64(fd, file,
				     (int64_t)(bfq ? b->weight.value :
						     cgroup_blkio_to_io_weight(b->weight.value)),
				     NULL, err);
	for (size_t i = 0; r == 0 && i < b->weight_device.n; i++) {
		uint64_t weight = items[i].weight.value;

		if (items[i].leaf_weight.value)
			return error_text(err, ENOTSUP,
					  "linux.resources.blockIO.weightDevice[%zu].leafWeight: cgroup v2 has none: use "
					  "weight",
					  i);
		if (!weight)
			continue;
		(void)str_format(line, sizeof(line), "%" PRId64 ":%" PRId64 " %" PRIu64,
				 items[i].major, items[i].minor,
				 bfq ? weight : cgroup_blkio_to_io_weight(weight));
		r = fd_write_file(fd, file, line, err);
	}
	return r;
}

static int apply_block_io(int fd, const struct resources_block_io *b, struct error *err)
{
	int r = apply_weights(fd, b, err);

	if (r == 0)
		r = apply_io_max(fd, "rbps", &b->throttle_read_bps_device, err);
	if (r == 0)
		r = apply_io_max(fd, "wbps", &b->throttle_write_bps_device, err);
	if (r == 0)
		r = apply_io_max(fd, "riops", &b->throttle_read_iops_device, err);
	if (r == 0)
		r = apply_io_max(fd, "wiops", &b->throttle_write_iops_device, err);
	return r;
}

/*
 * cgroup.* are about the folder itself: what moves, stops or kills is not for a specification, and depth and number of
 * the folders below are limited for every container (cgroup_delegate()).
 */
static bool is_limit(const char *name)
{
	return str_eq(name, "cgroup.pressure") || (*name != '.' && strchr(name, '.') &&
						   !strchr(name, '/') && !str_after(name, "cgroup."));
}

static int check_unified(struct cgroup *cgroup, const char *name, struct error *err)
{
	char controller[32], quoted[96];

	(void)str_quote(name, quoted, sizeof(quoted));
	if (!is_limit(name))
		return error_text(err, EINVAL,
				  "linux.resources.unified: '%s' is not the name of a limit", quoted);
	if (str_after(name, "cgroup."))
		return 0;
	if (str_format(controller, sizeof(controller), "%.*s", (int)strcspn(name, "."), name) < 0 ||
	    !cgroup_v2_has(cgroup, controller))
		return error_text(err, ENOTSUP,
				  "linux.resources.unified: '%s' is a limit of a controller that cgroup v2 does not have "
				  "on this host",
				  quoted);
	return 0;
}

/* One line a write: files such as io.max take one device at a time. */
static int write_lines(int fd, const char *name, const char *value, struct error *err)
{
	_cleanup_free_ char *copy = strdup(value);
	char *save = NULL;
	int r = 0;

	if (!copy)
		return error_set(err, ENOMEM, "%s", name);
	for (char *line = strtok_r(copy, "\n", &save); r == 0 && line;
	     line = strtok_r(NULL, "\n", &save))
		r = fd_write_file(fd, name, line, err);
	return r;
}

/* unified: files by name, as they are. Nothing but names of one component. */
static int apply_unified(struct cgroup *cgroup, int fd, const struct json_strmap *files,
			 struct error *err)
{
	for (size_t i = 0; i < files->n; i++) {
		const char *name = files->items[i].key;
		char quoted[96];
		int r = check_unified(cgroup, name, err);

		if (r < 0)
			return r;
		(void)str_quote(name, quoted, sizeof(quoted));
		if (faccessat(fd, name, F_OK, 0) < 0)
			return error_text(err, ENOTSUP,
					  "linux.resources.unified: this kernel has no limit '%s'",
					  quoted);
		r = write_lines(fd, name, files->items[i].value, err);
		if (r < 0)
			return error_wrap(err, "linux.resources.unified");
	}
	return 0;
}

/* OCI config-linux.md, "Unified": a limit that v2 has nothing for is an error; a limit of nothing is none. */
static int refuse_v1_only(struct cgroup *cgroup, const struct resources *resources, struct error *err)
{
	const struct resources_memory *m = &resources->memory;
	const struct resources_cpu *c = &resources->cpu;
	const struct {
		const char *controller, *key;
		bool is_asked;
	} rows[] = {
		{ "memory", "swappiness", m->swappiness.set },
		{ "memory", "disableOOMKiller", m->disable_oom_killer.value },
		{ "memory", "kernelTCP", m->kernel_tcp.value > 0 },
		{ "cpu", "realtimeRuntime", c->realtime_runtime.value > 0 },
		{ "cpu", "realtimePeriod", c->realtime_period.value > 0 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].is_asked && cgroup_v2_has(cgroup, rows[i].controller))
			return error_text(err, ENOTSUP,
					  "linux.resources.%s.%s: cgroup v2 has no such limit: leave it out",
					  rows[i].controller, rows[i].key);
	return 0;
}

int cgroup_v2_apply(struct cgroup *cgroup, const struct resources *resources, struct error *err)
{
	struct hierarchy *h = cgroup_v2_find(cgroup);
	int r;

	if (!h || h->fd < 0) {
		if (resources->unified.n)
			return error_text(err, ENOTSUP,
					  "linux.resources.unified: this host has no cgroup v2");
		return 0;
	}
	r = refuse_v1_only(cgroup, resources, err);
	if (r == 0 && cgroup_v2_has(cgroup, "memory"))
		r = apply_memory(h->fd, &resources->memory, err);
	if (r == 0 && cgroup_v2_has(cgroup, "cpu"))
		r = apply_cpu(h->fd, &resources->cpu, err);
	if (r == 0 && cgroup_v2_has(cgroup, "cpuset") && resources->cpu.cpus && *resources->cpu.cpus)
		r = fd_write_file(h->fd, "cpuset.cpus", resources->cpu.cpus, err);
	if (r == 0 && cgroup_v2_has(cgroup, "cpuset") && resources->cpu.mems && *resources->cpu.mems)
		r = fd_write_file(h->fd, "cpuset.mems", resources->cpu.mems, err);
	if (r == 0 && cgroup_v2_has(cgroup, "pids") && resources->pids.limit.set &&
	    resources->pids.limit.value)
		r = cgroup_write_i64(h->fd, "pids.max", resources->pids.limit.value, "max", err);
	if (r == 0 && cgroup_v2_has(cgroup, "io"))
		r = apply_block_io(h->fd, &resources->block_io, err);
	if (r == 0 && cgroup_v2_has(cgroup, "hugetlb") && !cgroup_v1_find(cgroup, "hugetlb"))
		r = cgroup_limit_hugepages(h->fd, &resources->hugepage_limits, "max", err);
	if (r == 0 && cgroup_v2_has(cgroup, "rdma") && !cgroup_v1_find(cgroup, "rdma"))
		r = cgroup_limit_rdma(h->fd, &resources->rdma, err);
	return r < 0 ? r : apply_unified(cgroup, h->fd, &resources->unified, err);
}

/* ---- devices: a BPF program on the folder ------------------------------------------------------------------------ */

#define INSN(c, d, s, o, i)                                                                        \
	((struct bpf_insn){ .code = (c), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i) })
#define LOAD_FIELD(reg, field)                                                                     \
	INSN(BPF_LDX | BPF_MEM | BPF_W, reg, BPF_REG_1,                                            \
	     offsetof(struct bpf_cgroup_dev_ctx, field), 0)
#define JUMP_IF_NOT(reg, value, skip) INSN(BPF_JMP | BPF_JNE | BPF_K, reg, 0, skip, value)
#define RETURN_FIRST(value) INSN(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, value)
#define RETURN_SECOND INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)

#define PROLOGUE_LEN 4
#define RULE_LEN_MAX 5
#define PROGRAM_MAX (PROLOGUE_LEN + RULE_LEN_MAX * DEVICE_RULES_MAX + 2)

/* r2 = kind of device, r4 = major, r5 = minor; each rule that matches returns 1, and after the last one 0. */
static size_t make_program(const struct device_plan *devices, struct bpf_insn *insns)
{
	size_t n = 0;

	insns[n++] = LOAD_FIELD(BPF_REG_2, access_type);
	insns[n++] = INSN(BPF_ALU | BPF_AND | BPF_K, BPF_REG_2, 0, 0,
			  0xffff); /* above: read, write, mknod */
	insns[n++] = LOAD_FIELD(BPF_REG_4, major);
	insns[n++] = LOAD_FIELD(BPF_REG_5, minor);
	for (size_t i = 0; i < devices->n_rules; i++) {
		const struct device_entry *rule = &devices->rules[i];
		int16_t left =
			(int16_t)(2 + 1 + (rule->major != DEVICE_ANY) + (rule->minor != DEVICE_ANY));

		insns[n++] = JUMP_IF_NOT(BPF_REG_2, BPF_DEVCG_DEV_CHAR, --left);
		if (rule->major != DEVICE_ANY)
			insns[n++] = JUMP_IF_NOT(BPF_REG_4, (int32_t)rule->major, --left);
		if (rule->minor != DEVICE_ANY)
			insns[n++] = JUMP_IF_NOT(BPF_REG_5, (int32_t)rule->minor, --left);
		insns[n++] = RETURN_FIRST(1);
		insns[n++] = RETURN_SECOND;
	}
	insns[n++] = RETURN_FIRST(0);
	insns[n++] = RETURN_SECOND;
	return n;
}

static int sys_bpf(enum bpf_cmd cmd, union bpf_attr *attr)
{
	return (int)syscall(SYS_bpf, cmd, attr, sizeof(*attr));
}

int cgroup_v2_allow_devices(struct cgroup *cgroup, const struct device_plan *devices,
			    struct error *err)
{
	static const char licence[] = "GPL";
	struct hierarchy *h = cgroup_v2_find(cgroup);
	struct bpf_insn insns[PROGRAM_MAX];
	union bpf_attr load = {
		.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE,
		.insns = (__u64)(uintptr_t)insns,
		.license = (__u64)(uintptr_t)licence,
		.prog_name = "bulwark_devices",
	};
	union bpf_attr attach = { .attach_type = BPF_CGROUP_DEVICE,
				  .attach_flags = BPF_F_ALLOW_MULTI };
	_cleanup_close_ int program_fd = -EBADF;

	if (!h || h->fd < 0)
		return error_text(err, ENOTSUP,
				  "this host has no cgroup that could keep a container from its devices");
	load.insn_cnt = (__u32)make_program(devices, insns);
	program_fd = sys_bpf(BPF_PROG_LOAD, &load);
	if (program_fd < 0)
		return error_set(err, errno,
				 "cannot load the program that guards the host's devices");
	attach.target_fd = (__u32)h->fd;
	attach.attach_bpf_fd = (__u32)program_fd;
	if (sys_bpf(BPF_PROG_ATTACH, &attach) < 0)
		return error_set(err, errno,
				 "cannot attach the program that guards the host's devices");
	return 0;
}
