/* SPDX-License-Identifier: GPL-2.0-or-later */
/* caps - see caps.h. By capset(2) itself: libcap allocates, and this runs after clone(2). */
#include "caps.h"

#include <errno.h>
#include <linux/capability.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "error.h"
#include "log.h"
#include "str.h"

#define CAP_BIT(cap) (UINT64_C(1) << (cap))

static const char *const names[] = {
	[CAP_CHOWN] = "CAP_CHOWN",
	[CAP_DAC_OVERRIDE] = "CAP_DAC_OVERRIDE",
	[CAP_DAC_READ_SEARCH] = "CAP_DAC_READ_SEARCH",
	[CAP_FOWNER] = "CAP_FOWNER",
	[CAP_FSETID] = "CAP_FSETID",
	[CAP_KILL] = "CAP_KILL",
	[CAP_SETGID] = "CAP_SETGID",
	[CAP_SETUID] = "CAP_SETUID",
	[CAP_SETPCAP] = "CAP_SETPCAP",
	[CAP_LINUX_IMMUTABLE] = "CAP_LINUX_IMMUTABLE",
	[CAP_NET_BIND_SERVICE] = "CAP_NET_BIND_SERVICE",
	[CAP_NET_BROADCAST] = "CAP_NET_BROADCAST",
	[CAP_NET_ADMIN] = "CAP_NET_ADMIN",
	[CAP_NET_RAW] = "CAP_NET_RAW",
	[CAP_IPC_LOCK] = "CAP_IPC_LOCK",
	[CAP_IPC_OWNER] = "CAP_IPC_OWNER",
	[CAP_SYS_MODULE] = "CAP_SYS_MODULE",
	[CAP_SYS_RAWIO] = "CAP_SYS_RAWIO",
	[CAP_SYS_CHROOT] = "CAP_SYS_CHROOT",
	[CAP_SYS_PTRACE] = "CAP_SYS_PTRACE",
	[CAP_SYS_PACCT] = "CAP_SYS_PACCT",
	[CAP_SYS_ADMIN] = "CAP_SYS_ADMIN",
	[CAP_SYS_BOOT] = "CAP_SYS_BOOT",
	[CAP_SYS_NICE] = "CAP_SYS_NICE",
	[CAP_SYS_RESOURCE] = "CAP_SYS_RESOURCE",
	[CAP_SYS_TIME] = "CAP_SYS_TIME",
	[CAP_SYS_TTY_CONFIG] = "CAP_SYS_TTY_CONFIG",
	[CAP_MKNOD] = "CAP_MKNOD",
	[CAP_LEASE] = "CAP_LEASE",
	[CAP_AUDIT_WRITE] = "CAP_AUDIT_WRITE",
	[CAP_AUDIT_CONTROL] = "CAP_AUDIT_CONTROL",
	[CAP_SETFCAP] = "CAP_SETFCAP",
	[CAP_MAC_OVERRIDE] = "CAP_MAC_OVERRIDE",
	[CAP_MAC_ADMIN] = "CAP_MAC_ADMIN",
	[CAP_SYSLOG] = "CAP_SYSLOG",
	[CAP_WAKE_ALARM] = "CAP_WAKE_ALARM",
	[CAP_BLOCK_SUSPEND] = "CAP_BLOCK_SUSPEND",
	[CAP_AUDIT_READ] = "CAP_AUDIT_READ",
	[CAP_PERFMON] = "CAP_PERFMON",
	[CAP_BPF] = "CAP_BPF",
	[CAP_CHECKPOINT_RESTORE] = "CAP_CHECKPOINT_RESTORE",
};
#define N_NAMES (sizeof(names) / sizeof(names[0]))
_Static_assert(N_NAMES == CAP_LAST_CAP + 1, "the headers know a capability that has no name here");
_Static_assert(N_NAMES <= 64, "a set is 64 bits");

int caps_parse_name(const char *name, uint64_t *ret_bit, struct error *err)
{
	char quoted[64];

	for (size_t i = 0; i < N_NAMES; i++) {
		if (strcasecmp(name, names[i]) == 0) {
			*ret_bit = CAP_BIT(i);
			return 0;
		}
	}
	return error_text(err, EINVAL, "unknown capability '%s'",
			  str_quote(name, quoted, sizeof(quoted)));
}

/*
 * One of the five arrays. An unknown name grants nothing, so that leaving it out is safe; OCI config.md wants it
 * "logged as a warning" and the container started.
 */
static int parse_set(struct arena *arena, json_t *value, void *out, struct error *err)
{
	uint64_t set = 0;

	(void)arena;
	if (!json_is_array(value))
		return error_text(err, EINVAL, ": expected an array, got %s", json_type_text(value));
	for (size_t i = 0; i < json_array_size(value); i++) {
		const char *name = json_string_value(json_array_get(value, i));
		struct error unknown = ERROR_INIT;
		uint64_t bit;

		if (!name)
			return error_text(err, EINVAL, "[%zu]: expected a string, got %s", i,
					  json_type_text(json_array_get(value, i)));
		if (caps_parse_name(name, &bit, &unknown) < 0)
			log_warning("process.capabilities: %s is left out", unknown.msg);
		else
			set |= bit;
	}
	*(uint64_t *)out = set;
	return 0;
}

const struct json_field caps_fields[] = {
	JSON_F_CUSTOM(struct caps, bounding, "bounding", parse_set),
	JSON_F_CUSTOM(struct caps, effective, "effective", parse_set),
	JSON_F_CUSTOM(struct caps, inheritable, "inheritable", parse_set),
	JSON_F_CUSTOM(struct caps, permitted, "permitted", parse_set),
	JSON_F_CUSTOM(struct caps, ambient, "ambient", parse_set),
	JSON_F_END,
};

void caps_limit(struct caps *caps)
{
	caps->inheritable &= caps->bounding;
	caps->effective &= caps->permitted;
	caps->ambient &= caps->permitted & caps->inheritable;
}

int caps_apply_bounding(const struct caps *caps, struct error *err)
{
	/* Past cap_last_cap of the running kernel PR_CAPBSET_READ says EINVAL: no look at /proc is needed. */
	for (int cap = 0; cap < 64; cap++) {
		int has = prctl(PR_CAPBSET_READ, cap, 0, 0, 0);

		if (has < 0)
			return errno == EINVAL ?
				       0 :
				       error_set(err, errno, "cannot read the bounding set");
		if (has && !(caps->bounding & CAP_BIT(cap)) &&
		    prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
			return error_set(err, errno,
					 "cannot drop capability %d from the bounding set", cap);
	}
	return 0;
}

/* Bits that the running kernel has no meaning for are masked off by capset(2) itself. */
static int set_caps(const struct caps *caps, uint64_t kept, struct error *err)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	for (int i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
		data[i].effective = (uint32_t)((caps->effective | kept) >> (32 * i));
		data[i].permitted = (uint32_t)((caps->permitted | kept) >> (32 * i));
		data[i].inheritable = (uint32_t)(caps->inheritable >> (32 * i));
	}
	if (syscall(SYS_capset, &header, data) < 0)
		return error_set(err, errno, "cannot set the process's capabilities");
	return 0;
}

int caps_apply_keeping(const struct caps *caps, uint64_t kept, struct error *err)
{
	struct caps limited = *caps;
	int r;

	caps_limit(&limited);
	r = set_caps(&limited, kept, err);
	if (r < 0)
		return r;

	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return error_set(err, errno, "cannot clear the ambient capabilities");
	for (int cap = 0; cap < 64; cap++) {
		if (!(limited.ambient & CAP_BIT(cap)) || prctl(PR_CAPBSET_READ, cap, 0, 0, 0) < 0)
			continue; /* the latter: newer than this kernel */
		if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0) < 0)
			return error_set(err, errno, "cannot raise ambient capability %d", cap);
	}
	return 0;
}

int caps_apply(const struct caps *caps, struct error *err)
{
	return caps_apply_keeping(caps, 0, err);
}

int caps_drop_kept(const struct caps *caps, struct error *err)
{
	struct caps limited = *caps;

	caps_limit(&limited);
	return set_caps(&limited, 0, err);
}

json_t *caps_names(void)
{
	json_t *array = json_array();

	for (size_t i = 0; array && i < N_NAMES; i++)
		(void)json_array_append_new(array,
					    json_string(names[i])); /* short of memory: a shorter list */
	return array;
}
