/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzzes linux.seccomp: what is accepted compiles into a program that the kernel could load, that does to a call which
 * no rule names what defaultAction says, and to one that a single rule names what that rule says. The program is run
 * here, by an interpreter of the few instructions that libseccomp emits.
 */
#include "fuzz.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <seccomp.h>

#include "arena.h"
#include "log.h"
#include "seccomp.h"
#include "seccomp_cache.h"
#include "str.h"

#define INPUT_MAX 4096
#define RULES_MAX 400	  /* libseccomp is slow: rules times architectures */
#define CALL_UNKNOWN 4000 /* no system call of any architecture that is native here */

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	log_leave_stderr();
	return 0;
}

/* ---- the program ------------------------------------------------------------------------------ */

static uint32_t load(const struct seccomp_data *data, uint32_t offset)
{
	uint32_t word;

	FUZZ_CHECK(offset % 4 == 0 && offset + 4 <= sizeof(*data));
	memcpy(&word, (const char *)data + offset, sizeof(word));
	return word;
}

static bool jumps(uint16_t code, uint32_t a, uint32_t k)
{
	switch (BPF_OP(code)) {
	case BPF_JEQ:
		return a == k;
	case BPF_JGT:
		return a > k;
	case BPF_JGE:
		return a >= k;
	case BPF_JSET:
		return a & k;
	}
	fuzz_fail(__FILE__, __LINE__, "a jump that seccomp(2) takes", NULL);
}

/* Forward jumps only, so it ends; a step outside of the program is what a kernel would refuse. */
static uint32_t run(const struct seccomp_program *program, const struct seccomp_data *data)
{
	uint32_t a = 0, mem[BPF_MEMWORDS] = { 0 };

	for (size_t pc = 0;;) {
		const struct sock_filter *f = &program->insns[pc++];

		switch (f->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			a = load(data, f->k);
			break;
		case BPF_LD | BPF_MEM:
			FUZZ_CHECK(f->k < BPF_MEMWORDS);
			a = mem[f->k];
			break;
		case BPF_ST:
			FUZZ_CHECK(f->k < BPF_MEMWORDS);
			mem[f->k] = a;
			break;
		case BPF_ALU | BPF_AND | BPF_K:
			a &= f->k;
			break;
		case BPF_JMP | BPF_JA:
			pc += f->k;
			break;
		case BPF_RET | BPF_K:
			return f->k;
		default:
			FUZZ_CHECK(BPF_CLASS(f->code) == BPF_JMP && BPF_SRC(f->code) == BPF_K);
			pc += jumps(f->code, a, f->k) ? f->jt : f->jf;
		}
		FUZZ_CHECK(pc < program->n);
	}
}

/* ---- what the document says ------------------------------------------------------------------- */

static uint32_t expect_action(const char *name, const json_t *errno_ret)
{
	const uint32_t number =
		json_is_integer(errno_ret) ? (uint32_t)json_integer_value(errno_ret) : EPERM;
	const struct {
		const char *name;
		uint32_t value;
	} actions[] = {
		{ "SCMP_ACT_ALLOW", SECCOMP_RET_ALLOW },
		{ "SCMP_ACT_LOG", SECCOMP_RET_LOG },
		{ "SCMP_ACT_NOTIFY", SECCOMP_RET_USER_NOTIF },
		{ "SCMP_ACT_TRAP", SECCOMP_RET_TRAP },
		{ "SCMP_ACT_KILL", SECCOMP_RET_KILL_THREAD },
		{ "SCMP_ACT_KILL_THREAD", SECCOMP_RET_KILL_THREAD },
		{ "SCMP_ACT_KILL_PROCESS", SECCOMP_RET_KILL_PROCESS },
		{ "SCMP_ACT_ERRNO", SECCOMP_RET_ERRNO | number },
		{ "SCMP_ACT_TRACE", SECCOMP_RET_TRACE | number },
	};

	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
		if (str_eq(actions[i].name, name))
			return actions[i].value;
	fuzz_fail(__FILE__, __LINE__, "an accepted action is a known one", name);
}

static uint32_t expect_default(const json_t *section)
{
	return expect_action(json_string_value(json_object_get(section, "defaultAction")),
			     json_object_get(section, "defaultErrnoRet"));
}

static size_t count_names(const json_t *section)
{
	const json_t *rules = json_object_get(section, "syscalls");
	size_t n = 0;

	for (size_t i = 0; i < json_array_size(rules); i++)
		n += json_array_size(json_object_get(json_array_get(rules, i), "names"));
	return n;
}

/* How many rules name call @nr; @ret: the last of them. */
static size_t count_rules(const json_t *section, int nr, const json_t **ret)
{
	const json_t *rules = json_object_get(section, "syscalls");
	size_t count = 0;

	for (size_t i = 0; i < json_array_size(rules); i++) {
		const json_t *rule = json_array_get(rules, i),
			     *names = json_object_get(rule, "names");

		for (size_t k = 0; k < json_array_size(names); k++) {
			if (seccomp_syscall_resolve_name(
				    json_string_value(json_array_get(names, k))) != nr)
				continue;
			*ret = rule;
			count++;
		}
	}
	return count;
}

static uint64_t number_of(const json_t *arg, const char *key)
{
	const json_t *value = json_object_get(arg, key);

	if (json_is_real(value)) /* 2^63 and more: json.h */
		return json_real_value(value) < 0x1p64 ? (uint64_t)json_real_value(value) :
							 UINT64_MAX;
	return (uint64_t)json_integer_value(value);
}

/* config-linux.md "Seccomp": each operator compares the argument with `value`; only the mask has two. */
static bool holds(const json_t *arg, uint64_t actual)
{
	const char *op = json_string_value(json_object_get(arg, "op"));
	const uint64_t value = number_of(arg, "value");

	if (str_eq(op, "SCMP_CMP_EQ"))
		return actual == value;
	if (str_eq(op, "SCMP_CMP_NE"))
		return actual != value;
	if (str_eq(op, "SCMP_CMP_LT"))
		return actual < value;
	if (str_eq(op, "SCMP_CMP_LE"))
		return actual <= value;
	if (str_eq(op, "SCMP_CMP_GT"))
		return actual > value;
	if (str_eq(op, "SCMP_CMP_GE"))
		return actual >= value;
	/* libseccomp masks both sides, so a valueTwo outside of its mask holds all the same: as with runc and crun */
	return (actual & value) == (number_of(arg, "valueTwo") & value);
}

/* All of them, unless two are on one argument: then any, as runc and crun have it. */
static bool applies(const json_t *rule, const uint64_t *actual)
{
	const json_t *args = json_object_get(rule, "args");
	bool all = true, any = json_array_size(args) == 0, twice = false;
	unsigned int seen = 0;

	for (size_t i = 0; i < json_array_size(args); i++) {
		const json_t *arg = json_array_get(args, i);
		const uint64_t index = number_of(arg, "index");
		const bool held = holds(arg, actual[index]);

		twice = twice || (seen & (1U << index));
		seen |= 1U << index;
		all = all && held;
		any = any || held;
	}
	return twice ? any : all;
}

static uint32_t call(const struct seccomp_program *program, int nr, const uint64_t *args)
{
	struct seccomp_data data = { .nr = nr, .arch = seccomp_arch_native() };

	memcpy(data.args, args, sizeof(data.args));
	return run(program, &data);
}

/* Around what the rule compares with, and where one half of the 64 bits is another. */
static void check_rule(const struct seccomp_program *program, const json_t *section,
		       const json_t *rule, int nr)
{
	static const uint64_t steps[] = { 0, 1, UINT64_MAX, 1ULL << 32, ~0xffffffffULL };
	const json_t *list = json_object_get(rule, "args");
	const uint32_t otherwise = expect_default(section);
	const uint32_t action = expect_action(json_string_value(json_object_get(rule, "action")),
					      json_object_get(rule, "errnoRet"));

	for (size_t k = 0; k < sizeof(steps) / sizeof(steps[0]); k++) {
		uint64_t args[6] = { 1, UINT64_MAX, 0, 0x100000001ULL, 7, 8 };

		for (size_t i = 0; i < json_array_size(list); i++) {
			const json_t *arg = json_array_get(list, i);

			args[number_of(arg, "index")] = number_of(arg, "value") + steps[k];
		}
		FUZZ_CHECK(call(program, nr, args) == (applies(rule, args) ? action : otherwise));
	}
}

/* seccomp_enosys.h: above what any rule names; not with a default that lets pass, nor where no name has a number. */
static uint32_t expect_unknown(const json_t *section)
{
	const json_t *rules = json_object_get(section, "syscalls");
	uint32_t action = expect_default(section), kind = action & SECCOMP_RET_ACTION_FULL;
	bool knows = false;

	for (size_t i = 0; i < json_array_size(rules); i++) {
		const json_t *names = json_object_get(json_array_get(rules, i), "names");

		for (size_t k = 0; k < json_array_size(names); k++)
			knows = knows || seccomp_syscall_resolve_name(
						 json_string_value(json_array_get(names, k))) >= 0;
	}
	if (!knows || kind == SECCOMP_RET_ALLOW || kind == SECCOMP_RET_LOG ||
	    kind == SECCOMP_RET_TRACE)
		return action;
	return SECCOMP_RET_ERRNO | ENOSYS;
}

static void check_meaning(const json_t *section, const struct seccomp_program *program)
{
	static const uint64_t no_args[6];
	const json_t *rules = json_object_get(section, "syscalls"), *rule = NULL;

	FUZZ_CHECK(call(program, CALL_UNKNOWN, no_args) == expect_unknown(section));
	for (size_t i = 0; i < json_array_size(rules) && i < 8; i++) {
		const json_t *names = json_object_get(json_array_get(rules, i), "names");
		const char *name = json_string_value(json_array_get(names, 0));
		int nr = seccomp_syscall_resolve_name(name);

		if (nr >= 0 && count_rules(section, nr, &rule) == 1)
			check_rule(program, section, rule, nr);
	}
}

/* A section and what it is when written and read again have one filter, and so one key. */
static void check_key(const json_t *section)
{
	_cleanup_json_ json_t *reread = fuzz_reread(section);
	char key[SHA256_HEX_SIZE], again[SHA256_HEX_SIZE];

	FUZZ_CHECK(seccomp_cache_key(section, key, NULL) == 0);
	FUZZ_CHECK(seccomp_cache_key(reread, again, NULL) == 0);
	FUZZ_CHECK(str_eq(key, again) && strlen(key) == sizeof(key) - 1);
}

static void check_compiled(const struct seccomp *seccomp, json_t *section, const void *data,
			   size_t size)
{
	struct seccomp_program program = { 0 };
	struct error err = ERROR_INIT;
	int r = seccomp_compile(seccomp, section, false, &program, &err);

	fuzz_check_answer(r, &err, data, size, section);
	FUZZ_CHECK(r < 0 ? !program.insns : program.n >= 1 && program.n <= BPF_MAXINSNS);
	if (r == 0)
		check_meaning(section, &program);
	seccomp_program_done(&program);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_json_ json_t *section = NULL, *wrapper = NULL;
	const struct json_field fields[] = {
		{ .name = "seccomp", .kind = JSON_CUSTOM_FIELD, .parse = seccomp_parse },
		JSON_F_END,
	};
	struct seccomp *seccomp = NULL;
	struct error err = ERROR_INIT;
	struct arena arena = ARENA_INIT;
	int r;

	if (size > INPUT_MAX)
		return -1;
	section = fuzz_read(data, size, "seccomp");
	if (!section)
		return 0;
	wrapper = json_pack("{s:O}", "seccomp", section);
	FUZZ_CHECK(wrapper);
	r = json_parse_object(&arena, wrapper, fields, &seccomp, &err);
	fuzz_check_answer(r, &err, data, size, section);
	check_key(section);
	if (r == 0 && seccomp &&
	    count_names(section) * (1 + json_array_size(json_object_get(section, "architectures"))) <
		    RULES_MAX)
		check_compiled(seccomp, section, data, size);
	arena_done(&arena);
	return 0;
}
