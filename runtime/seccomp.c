/* SPDX-License-Identifier: GPL-2.0-or-later */
/* seccomp - see seccomp.h. Parse and compile; seccomp_cache.c keeps what was compiled. */
#include "seccomp.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <seccomp.h> /* libseccomp's: the Makefile finds ours by -iquote */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "arena.h"
#include "error.h"
#include "fd.h"
#include "log.h"
#include "paths.h"
#include "seccomp_cache.h"
#include "seccomp_enosys.h"
#include "str.h"

#define ARGS_MAX 6	     /* arguments of a system call */
#define ERRNO_MAX 4095	     /* MAX_ERRNO of the kernel, which cuts what is larger */
#define TRACE_DATA_MAX 65535 /* SECCOMP_RET_DATA */
/* SCMP_FLTATR_CTL_OPTIMIZE: about 9 comparisons per call instead of 330. */
#define OPTIMIZE_BINARY_TREE 2

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U /* Linux 6.3 */
#endif

/* The tables below are what the parser takes and what `features` says. */

static const struct action {
	const char *name;
	uint32_t value;
	uint32_t data_max; /* of errnoRet; 0: takes none */
} actions[] = {
	{ "SCMP_ACT_ALLOW", SCMP_ACT_ALLOW, 0 },
	{ "SCMP_ACT_ERRNO", SCMP_ACT_ERRNO(0), ERRNO_MAX },
	{ "SCMP_ACT_KILL", SCMP_ACT_KILL_THREAD, 0 },
	{ "SCMP_ACT_KILL_PROCESS", SCMP_ACT_KILL_PROCESS, 0 },
	{ "SCMP_ACT_KILL_THREAD", SCMP_ACT_KILL_THREAD, 0 },
	{ "SCMP_ACT_LOG", SCMP_ACT_LOG, 0 },
	{ "SCMP_ACT_NOTIFY", SCMP_ACT_NOTIFY, 0 },
	{ "SCMP_ACT_TRACE", SCMP_ACT_TRACE(0), TRACE_DATA_MAX },
	{ "SCMP_ACT_TRAP", SCMP_ACT_TRAP, 0 },
};

static const struct name_value {
	const char *name;
	uint32_t value;
} operators[] = {
	{ "SCMP_CMP_EQ", SCMP_CMP_EQ },
	{ "SCMP_CMP_GE", SCMP_CMP_GE },
	{ "SCMP_CMP_GT", SCMP_CMP_GT },
	{ "SCMP_CMP_LE", SCMP_CMP_LE },
	{ "SCMP_CMP_LT", SCMP_CMP_LT },
	{ "SCMP_CMP_MASKED_EQ", SCMP_CMP_MASKED_EQ },
	{ "SCMP_CMP_NE", SCMP_CMP_NE },
}, archs[] = {
	{ "SCMP_ARCH_AARCH64", SCMP_ARCH_AARCH64 },
	{ "SCMP_ARCH_ARM", SCMP_ARCH_ARM },
	{ "SCMP_ARCH_MIPS", SCMP_ARCH_MIPS },
	{ "SCMP_ARCH_MIPS64", SCMP_ARCH_MIPS64 },
	{ "SCMP_ARCH_MIPS64N32", SCMP_ARCH_MIPS64N32 },
	{ "SCMP_ARCH_MIPSEL", SCMP_ARCH_MIPSEL },
	{ "SCMP_ARCH_MIPSEL64", SCMP_ARCH_MIPSEL64 },
	{ "SCMP_ARCH_MIPSEL64N32", SCMP_ARCH_MIPSEL64N32 },
	{ "SCMP_ARCH_PARISC", SCMP_ARCH_PARISC },
	{ "SCMP_ARCH_PARISC64", SCMP_ARCH_PARISC64 },
	{ "SCMP_ARCH_PPC", SCMP_ARCH_PPC },
	{ "SCMP_ARCH_PPC64", SCMP_ARCH_PPC64 },
	{ "SCMP_ARCH_PPC64LE", SCMP_ARCH_PPC64LE },
	{ "SCMP_ARCH_RISCV64", SCMP_ARCH_RISCV64 },
	{ "SCMP_ARCH_S390", SCMP_ARCH_S390 },
	{ "SCMP_ARCH_S390X", SCMP_ARCH_S390X },
	{ "SCMP_ARCH_X32", SCMP_ARCH_X32 },
	{ "SCMP_ARCH_X86", SCMP_ARCH_X86 },
	{ "SCMP_ARCH_X86_64", SCMP_ARCH_X86_64 },
}, flags[] = {
	{ "SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG },
	{ "SECCOMP_FILTER_FLAG_SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW },
	{ "SECCOMP_FILTER_FLAG_TSYNC", SECCOMP_FILTER_FLAG_TSYNC },
	{ "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV },
};
#define N_ITEMS(table) (sizeof(table) / sizeof((table)[0]))

/* "args" of a rule. */
struct seccomp_arg {
	uint32_t index;
	uint64_t value;
	uint64_t value_two; /* valueTwo: with SCMP_CMP_MASKED_EQ, what (argument & value) has to be */
	const char *op;
	uint32_t op_value;
};

/* "syscalls". */
struct seccomp_rule {
	const char **names;
	const char *action;
	struct opt_u32 errno_ret; /* errnoRet */
	struct json_array args;	  /* struct seccomp_arg */
	uint32_t action_value;
};

struct seccomp {
	const char *default_action;	  /* defaultAction */
	struct opt_u32 default_errno_ret; /* defaultErrnoRet */
	const char **architectures;
	const char **flags;
	struct seccomp_listener listener;
	struct json_array syscalls; /* struct seccomp_rule */
	uint32_t default_value;
	bool notifies;	     /* some rule has SCMP_ACT_NOTIFY */
	uint32_t load_flags; /* SECCOMP_FILTER_FLAG_* */
};

static const struct json_field arg_fields[] = {
	JSON_F_REQUIRED(struct seccomp_arg, index, "index", JSON_U32_FIELD),
	JSON_F_REQUIRED(struct seccomp_arg, value, "value", JSON_U64_FIELD),
	JSON_F(struct seccomp_arg, value_two, "valueTwo", JSON_U64_FIELD),
	JSON_F_REQUIRED(struct seccomp_arg, op, "op", JSON_STRING_FIELD),
	JSON_F_END,
};

static const struct json_field rule_fields[] = {
	JSON_F_REQUIRED(struct seccomp_rule, names, "names", JSON_STRV_FIELD),
	JSON_F_REQUIRED(struct seccomp_rule, action, "action", JSON_STRING_FIELD),
	JSON_F(struct seccomp_rule, errno_ret, "errnoRet", JSON_OPT_U32_FIELD),
	JSON_F_ARRAY(struct seccomp_rule, args, "args", arg_fields, struct seccomp_arg),
	JSON_F_END,
};

static const struct json_field seccomp_fields[] = {
	JSON_F_REQUIRED(struct seccomp, default_action, "defaultAction", JSON_STRING_FIELD),
	JSON_F(struct seccomp, default_errno_ret, "defaultErrnoRet", JSON_OPT_U32_FIELD),
	JSON_F(struct seccomp, architectures, "architectures", JSON_STRV_FIELD),
	JSON_F(struct seccomp, flags, "flags", JSON_STRV_FIELD),
	JSON_F(struct seccomp, listener.path, "listenerPath", JSON_STRING_FIELD),
	JSON_F(struct seccomp, listener.metadata, "listenerMetadata", JSON_STRING_FIELD),
	JSON_F_ARRAY(struct seccomp, syscalls, "syscalls", rule_fields, struct seccomp_rule),
	JSON_F_END,
};

static int find_value(const struct name_value *table, size_t n, const char *name, uint32_t *ret)
{
	for (size_t i = 0; i < n; i++) {
		if (str_eq(table[i].name, name)) {
			*ret = table[i].value;
			return 0;
		}
	}
	return -EINVAL;
}

/* @errno_key: "errnoRet" or "defaultErrnoRet". Errors start with the key, without a '.'. */
static int resolve_action(const char *key, const char *name, const char *errno_key,
			  const struct opt_u32 *errno_ret, uint32_t *ret, struct error *err)
{
	const struct action *action = NULL;
	char quoted[64];

	for (size_t i = 0; !action && i < N_ITEMS(actions); i++)
		if (str_eq(actions[i].name, name))
			action = &actions[i];
	if (!action)
		return error_text(err, EINVAL, "%s: unknown action '%s'", key,
				  str_quote(name, quoted, sizeof(quoted)));
	/* OCI config-linux.md, "Seccomp": an errno for an action that has none is an error. */
	if (errno_ret->set && !action->data_max)
		return error_text(err, EINVAL, "%s: %s takes none", errno_key, action->name);
	if (errno_ret->set && errno_ret->value > action->data_max)
		return error_text(err, EINVAL, "%s: %u is above %u", errno_key, errno_ret->value,
				  action->data_max);
	*ret = action->value;
	if (action->data_max)
		*ret |= errno_ret->set ? errno_ret->value : EPERM;
	return 0;
}

static int resolve_args(const struct json_array *args, struct error *err)
{
	struct seccomp_arg *items = args->items;
	char quoted[64];

	for (size_t i = 0; i < args->n; i++) {
		if (items[i].index >= ARGS_MAX)
			return error_text(err, EINVAL,
					  "args[%zu].index: %u, the last argument of a system call is %d",
					  i, items[i].index, ARGS_MAX - 1);
		if (find_value(operators, N_ITEMS(operators), items[i].op, &items[i].op_value) < 0)
			return error_text(err, EINVAL, "args[%zu].op: unknown operator '%s'", i,
					  str_quote(items[i].op, quoted, sizeof(quoted)));
	}
	return 0;
}

static int resolve_rules(const struct json_array *rules, struct error *err)
{
	struct seccomp_rule *items = rules->items;
	char prefix[48];

	for (size_t i = 0; i < rules->n; i++) {
		int r = resolve_action("action", items[i].action, "errnoRet", &items[i].errno_ret,
				       &items[i].action_value, err);

		if (r == 0)
			r = resolve_args(&items[i].args, err);
		if (r == 0 && !items[i].names[0])
			r = error_text(err, EINVAL, "names: empty");
		if (r < 0) {
			(void)str_format(prefix, sizeof(prefix), "syscalls[%zu].", i);
			return error_prefix(err, prefix);
		}
	}
	return 0;
}

/* No list means SPEC_ALLOW, an empty one means none: as in runc since 1.2, and crun. */
static int resolve_flags(struct seccomp *seccomp, struct error *err)
{
	uint32_t value;
	char quoted[64];

	if (!seccomp->flags)
		seccomp->load_flags = SECCOMP_FILTER_FLAG_SPEC_ALLOW;
	for (size_t i = 0; seccomp->flags && seccomp->flags[i]; i++) {
		if (find_value(flags, N_ITEMS(flags), seccomp->flags[i], &value) < 0)
			return error_text(err, EINVAL, "flags[%zu]: unknown flag '%s'", i,
					  str_quote(seccomp->flags[i], quoted, sizeof(quoted)));
		seccomp->load_flags |= value;
	}
	/* WAIT_KILLABLE_RECV says how a listener is waited for: the kernel refuses it where there is none. TSYNC and a
	 * listener exclude each other; whoever loads a filter here is alone in its process, and TSYNC means nothing. */
	if (seccomp->notifies) {
		seccomp->load_flags |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
		seccomp->load_flags &= ~(uint32_t)SECCOMP_FILTER_FLAG_TSYNC;
	} else {
		seccomp->load_flags &= ~(uint32_t)SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
	}
	return 0;
}

/* Whoever is asked about every call is asked about its own way to the answer, too. */
static int resolve_listener(struct seccomp *seccomp, struct error *err)
{
	const struct seccomp_rule *rules = seccomp->syscalls.items;

	if (seccomp->default_value == SCMP_ACT_NOTIFY)
		return error_text(err, EINVAL,
				  "defaultAction: SCMP_ACT_NOTIFY cannot be the default: name the system calls "
				  "to be notified of");
	for (size_t i = 0; i < seccomp->syscalls.n; i++)
		seccomp->notifies |= rules[i].action_value == SCMP_ACT_NOTIFY;
	if (seccomp->listener.path && *seccomp->listener.path)
		return 0;
	if (seccomp->notifies)
		return error_text(err, EINVAL,
				  "listenerPath: missing: SCMP_ACT_NOTIFY needs the socket of who decides");
	if (seccomp->listener.metadata && *seccomp->listener.metadata)
		return error_text(err, EINVAL,
				  "listenerMetadata: set without a listenerPath that it could go to");
	return 0;
}

static int resolve_architectures(const struct seccomp *seccomp, struct error *err)
{
	uint32_t value;
	char quoted[64];

	for (size_t i = 0; seccomp->architectures && seccomp->architectures[i]; i++)
		if (find_value(archs, N_ITEMS(archs), seccomp->architectures[i], &value) < 0)
			return error_text(err, EINVAL,
					  "architectures[%zu]: unknown architecture '%s'", i,
					  str_quote(seccomp->architectures[i], quoted,
						    sizeof(quoted)));
	return 0;
}

static int resolve(struct seccomp *seccomp, struct error *err)
{
	int r;

	r = resolve_action("defaultAction", seccomp->default_action, "defaultErrnoRet",
			   &seccomp->default_errno_ret, &seccomp->default_value, err);
	if (r == 0)
		r = resolve_architectures(seccomp, err);
	if (r == 0)
		r = resolve_rules(&seccomp->syscalls, err);
	if (r == 0)
		r = resolve_listener(seccomp, err);
	return r < 0 ? r : resolve_flags(seccomp, err);
}

int seccomp_parse(struct arena *arena, json_t *value, void *out, struct error *err)
{
	struct seccomp *seccomp;
	int r;

	if (!json_is_object(value))
		return error_text(err, EINVAL, ": expected an object, got %s", json_type_text(value));
	seccomp = arena_alloc(arena, 1, sizeof(*seccomp));
	if (!seccomp)
		return error_set(err, ENOMEM, ": no memory");
	r = json_parse_object(arena, value, seccomp_fields, seccomp, err);
	if (r == 0)
		r = resolve(seccomp, err);
	if (r < 0)
		return error_prefix(err, ".");
	*(struct seccomp **)out = seccomp;
	return 0;
}

const struct seccomp_listener *seccomp_listener(const struct seccomp *seccomp)
{
	return seccomp->notifies ? &seccomp->listener : NULL;
}

/*
 * Conditions on different arguments must all hold. libseccomp takes one condition per argument; where a rule has two on
 * the same one, each condition becomes a rule of its own, so that any of them is enough: as runc does.
 */
static int add_rule(scmp_filter_ctx ctx, const struct seccomp_rule *rule, int nr)
{
	const struct seccomp_arg *args = rule->args.items;
	struct scmp_arg_cmp conditions[ARGS_MAX];
	unsigned int seen = 0;
	bool separate = false;
	int r = 0;

	for (size_t i = 0; i < rule->args.n; i++) {
		separate |= (seen >> args[i].index) & 1;
		seen |= 1U << args[i].index;
	}
	for (size_t i = 0; r == 0 && i < rule->args.n; i++) {
		struct scmp_arg_cmp *condition =
			&conditions[separate ? 0 : i]; /* not separate: at most ARGS_MAX */

		*condition = (struct scmp_arg_cmp){
			.arg = args[i].index,
			.op = (enum scmp_compare)args[i].op_value,
			.datum_a = args[i].value,
			.datum_b = args[i].value_two,
		};
		if (separate)
			r = seccomp_rule_add_array(ctx, rule->action_value, nr, 1, condition);
	}
	if (!separate)
		r = seccomp_rule_add_array(ctx, rule->action_value, nr, (unsigned int)rule->args.n,
					   conditions);
	return r;
}

static int add_rules(scmp_filter_ctx ctx, const struct seccomp *seccomp, struct error *err)
{
	const struct seccomp_rule *rules = seccomp->syscalls.items;
	char quoted[64];

	for (size_t i = 0; i < seccomp->syscalls.n; i++) {
		if (rules[i].action_value == seccomp->default_value)
			continue; /* says nothing new, and libseccomp refuses it */
		for (const char **name = rules[i].names; *name; name++) {
			int nr = seccomp_syscall_resolve_name(*name), r;

			(void)str_quote(*name, quoted, sizeof(quoted));
			if (nr == __NR_SCMP_ERROR) {
				log_debug("linux.seccomp.syscalls[%zu]: unknown system call '%s' is left out",
					  i, quoted);
				continue;
			}
			r = add_rule(ctx, &rules[i], nr);
			if (r < 0)
				return error_set(err, -r,
						 "linux.seccomp.syscalls[%zu]: cannot add a rule for '%s'",
						 i, quoted);
		}
	}
	return 0;
}

static int add_architectures(scmp_filter_ctx ctx, const struct seccomp *seccomp, struct error *err)
{
	/* The native one is in every new filter. */
	for (size_t i = 0; seccomp->architectures && seccomp->architectures[i]; i++) {
		uint32_t value = 0;
		int r;

		(void)find_value(archs, N_ITEMS(archs), seccomp->architectures[i],
				 &value); /* seccomp_parse() has */
		r = seccomp_arch_add(ctx, value);
		if (r < 0 && r != -EEXIST)
			return error_set(err, -r, "linux.seccomp.architectures[%zu]: cannot add '%s'",
					 i, seccomp->architectures[i]);
	}
	return 0;
}

/* libseccomp 2.5 exports to a descriptor only. */
static int export(scmp_filter_ctx ctx, struct seccomp_program *ret, struct error *err)
{
	_cleanup_close_ int fd = memfd_create("seccomp", MFD_CLOEXEC | MFD_NOEXEC_SEAL);
	_cleanup_free_ char *data = NULL;
	size_t len = 0, n;
	int r;

	if (fd < 0 && errno == EINVAL)
		fd = memfd_create("seccomp",
				  MFD_CLOEXEC); /* FIXME: remove when Linux 6.3 is the oldest supported */
	if (fd < 0)
		return error_set(err, errno, "linux.seccomp: cannot make a memfd");
	r = seccomp_export_bpf(ctx, fd);
	if (r < 0)
		return error_set(err, -r, "linux.seccomp: cannot generate the filter");
	if (lseek(fd, 0, SEEK_SET) < 0)
		return error_set(err, errno, "linux.seccomp: cannot read the filter");
	r = fd_read_all(fd, 16 * BPF_MAXINSNS * sizeof(*ret->insns), &data, &len, err);
	if (r < 0)
		return error_wrap(err, "linux.seccomp: cannot read the filter");
	n = len / sizeof(*ret->insns);
	if (n == 0 || n > BPF_MAXINSNS)
		return error_text(err, E2BIG,
				  "linux.seccomp: the filter has %zu instructions, the kernel takes %d: name "
				  "fewer architectures or system calls",
				  n, BPF_MAXINSNS);
	ret->insns = (struct sock_filter *)(void *)take_ptr(data);
	ret->n = (uint16_t)n;
	return 0;
}

/* An action after which the call happens all the same, or somebody else decides: newer calls are well looked after. */
static bool default_lets_pass(const struct seccomp *seccomp)
{
	uint32_t action = seccomp->default_value & SECCOMP_RET_ACTION_FULL;

	return action == SECCOMP_RET_ALLOW || action == SECCOMP_RET_LOG ||
	       action == SECCOMP_RET_TRACE || seccomp->default_value == SCMP_ACT_ERRNO(ENOSYS);
}

/* The highest number that the section names in @arch, whatever it says about it; false: none. */
static bool find_newest(const struct seccomp *seccomp, uint32_t arch, uint32_t *ret)
{
	const struct seccomp_rule *rules = seccomp->syscalls.items;
	int newest = -1;

	for (size_t i = 0; i < seccomp->syscalls.n; i++)
		for (const char **name = rules[i].names; *name; name++) {
			int nr = seccomp_syscall_resolve_name_arch(arch, *name);

			newest = nr > newest ? nr : newest; /* below 0: not in this one */
		}
	*ret = (uint32_t)newest;
	return newest >= 0;
}

static void add_newest(const struct seccomp *seccomp, uint32_t arch, struct seccomp_newest *list,
		       size_t *n)
{
	for (size_t i = 0; i < *n; i++)
		if (list[i].arch == arch)
			return;
	if (*n < SECCOMP_ARCHS_MAX && find_newest(seccomp, arch, &list[*n].nr))
		list[(*n)++].arch = arch;
}

static int add_enosys(const struct seccomp *seccomp, struct seccomp_program *program,
		      struct error *err)
{
	struct seccomp_newest list[SECCOMP_ARCHS_MAX];
	size_t n = 0;

	_Static_assert(N_ITEMS(archs) < SECCOMP_ARCHS_MAX, "each, and the native one");
	if (default_lets_pass(seccomp))
		return 0;
	add_newest(seccomp, seccomp_arch_native(), list, &n);
	for (size_t i = 0; seccomp->architectures && seccomp->architectures[i]; i++) {
		uint32_t arch = 0;

		(void)find_value(archs, N_ITEMS(archs), seccomp->architectures[i],
				 &arch); /* seccomp_parse() has */
		add_newest(seccomp, arch, list, &n);
	}
	return seccomp_enosys_prepend(list, n, program, err);
}

static int compile(const struct seccomp *seccomp, struct seccomp_program *ret, struct error *err)
{
	scmp_filter_ctx ctx = seccomp_init(seccomp->default_value);
	int r;

	if (!ctx)
		return error_text(err, EINVAL,
				  "linux.seccomp: this kernel or libseccomp lacks the default action %s",
				  seccomp->default_action);
	r = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, OPTIMIZE_BINARY_TREE);
	if (r < 0)
		r = error_set(err, -r, "linux.seccomp: cannot set the optimization");
	if (r == 0)
		r = add_architectures(ctx, seccomp, err);
	if (r == 0)
		r = add_rules(ctx, seccomp, err);
	if (r == 0)
		r = export(ctx, ret, err);
	if (r == 0)
		r = add_enosys(seccomp, ret, err);
	if (r < 0)
		seccomp_program_done(ret);
	seccomp_release(ctx);
	return r;
}

/* The folder, for root alone: another user's cache would be one that root must not trust. -errno: go without. */
static int open_cache(bool use_cache, json_t *section, char key[SHA256_HEX_SIZE])
{
	struct error err = ERROR_INIT;
	int fd;

	if (!use_cache || geteuid() != 0)
		return -ENOENT;
	fd = seccomp_cache_key(section, key, &err);
	if (fd == 0)
		fd = seccomp_cache_open(PATHS_SECCOMP_CACHE, &err);
	if (fd < 0)
		log_warning("seccomp cache: %s", err.msg);
	return fd;
}

int seccomp_compile(const struct seccomp *seccomp, json_t *section, bool use_cache,
		    struct seccomp_program *ret, struct error *err)
{
	struct seccomp_program program = { .flags = seccomp->load_flags };
	struct error cache_err = ERROR_INIT;
	char key[SHA256_HEX_SIZE];
	_cleanup_close_ int cache_fd = open_cache(use_cache, section, key);
	int r = -ENOENT;

	if (cache_fd >= 0)
		r = seccomp_cache_load(cache_fd, key, &program, &cache_err);
	if (r < 0 && r != -ENOENT)
		log_warning("seccomp cache: %s", cache_err.msg);
	if (r < 0) {
		r = compile(seccomp, &program, err);
		if (r < 0)
			return r;
		if (cache_fd >= 0 && seccomp_cache_store(cache_fd, key, &program, &cache_err) < 0)
			log_warning("seccomp cache: %s", cache_err.msg);
	}
	*ret = program;
	return 0;
}

void seccomp_program_done(struct seccomp_program *program)
{
	free(program->insns);
	*program = (struct seccomp_program){ 0 };
}

int seccomp_install(const struct seccomp_program *program, struct error *err)
{
	const struct sock_fprog fprog = { .len = program->n, .filter = program->insns };
	long r = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, program->flags, &fprog);

	if (r < 0)
		return error_set(err, errno, "cannot load the seccomp filter");
	if (program->flags & SECCOMP_FILTER_FLAG_NEW_LISTENER)
		return (int)r;
	if (r > 0) /* SECCOMP_FILTER_FLAG_TSYNC */
		return error_text(err, EBUSY,
				  "cannot load the seccomp filter: thread %ld has another one", r);
	return 0;
}

/* A flag that the kernel knows gets past its checks to the filter that is not there. */
static bool is_flag_supported(uint32_t flag)
{
	uint32_t with = flag == SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV ?
				SECCOMP_FILTER_FLAG_NEW_LISTENER :
				0;

	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flag | with, NULL) < 0 &&
	       errno == EFAULT;
}

static json_t *names_of(const struct name_value *table, size_t n)
{
	json_t *array = json_array();

	for (size_t i = 0; array && i < n; i++)
		(void)json_array_append_new(array,
					    json_string(table[i].name)); /* short of memory: a shorter list */
	return array;
}

json_t *seccomp_features(void)
{
	json_t *action_names = json_array(), *supported = json_array();

	for (size_t i = 0; action_names && i < N_ITEMS(actions); i++)
		(void)json_array_append_new(action_names, json_string(actions[i].name));
	for (size_t i = 0; supported && i < N_ITEMS(flags); i++)
		if (is_flag_supported(flags[i].value))
			(void)json_array_append_new(supported, json_string(flags[i].name));
	return json_pack("{s:b, s:o, s:o, s:o, s:o, s:o}", "enabled", 1, "actions", action_names,
			 "operators", names_of(operators, N_ITEMS(operators)), "archs",
			 names_of(archs, N_ITEMS(archs)), "knownFlags",
			 names_of(flags, N_ITEMS(flags)), "supportedFlags", supported);
}
