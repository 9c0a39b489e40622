/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fuzzes admin-settings.json: nothing but the word "preferred" in the right place makes policy weaker than the default. */
#include "fuzz.h"

#include "log.h"
#include "policy.h"
#include "str.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	log_leave_stderr(); /* unknown keys warn */
	return 0;
}

static bool says_preferred(const void *data, size_t size)
{
	_cleanup_json_ json_t *document = fuzz_read(data, size, "policy");
	const char *value =
		json_string_value(json_object_get(json_object_get(document, "bpfLsm"), "value"));

	return value && str_eq(value, "preferred");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct policy untouched = { .bpf_lsm = (enum policy_bpf_lsm)77 };
	struct policy policy = untouched, again = untouched;
	struct error err = ERROR_INIT, again_err = ERROR_INIT;
	int r = policy_parse((const char *)data, size, &policy, &err);

	fuzz_check_answer(r, &err, data, size, NULL);
	fuzz_check_same(r, &err, policy_parse((const char *)data, size, &again, &again_err),
			&again_err);
	FUZZ_CHECK(policy.bpf_lsm == again.bpf_lsm);
	if (r < 0)
		FUZZ_CHECK(policy.bpf_lsm == untouched.bpf_lsm);
	else
		FUZZ_CHECK(policy.bpf_lsm == (says_preferred(data, size) ? POLICY_BPF_LSM_PREFERRED :
									   POLICY_BPF_LSM_REQUIRED));
	return 0;
}
