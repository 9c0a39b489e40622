/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sysctls - owns the sysctls that a container may write without the host noticing: which there are, how the kernel parses
 * each, and where values are kept.
 *
 * One that was never written reads as the host's, which is what is in effect for the container.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define EMU_SYSCTLS_MAX 256 /* ids */
#define EMU_SYSCTL_NUMBERS 4
#define EMU_SYSCTL_STRINGS 8
#define EMU_SYSCTL_STRING_MAX 256
#define EMU_SYSCTL_POS_MAX (1024 * 1024) /* writes further on are refused */
#define EMU_SYSCTL_WRITE_MAX                                                                       \
	4095 /* bytes of one write that are looked at: PAGE_SIZE - 1, as in the kernel */

/* Which of the kernel's handlers takes it. Linux: kernel/sysctl.c. */
enum emu_sysctl_type {
	EMU_SYSCTL_INT,	   /* proc_dointvec_minmax: one to four of them */
	EMU_SYSCTL_UINT,   /* proc_douintvec_minmax */
	EMU_SYSCTL_ULONG,  /* proc_doulongvec_minmax */
	EMU_SYSCTL_STRING, /* proc_dostring */
	EMU_SYSCTL_UTS,	   /* proc_do_uts_string: not kept here */
	EMU_SYSCTL_PARAM,  /* a module's uint parameter: kstrtouint */
};

enum emu_sysctl_flags {
	EMU_SYSCTL_STICKY = 1,	/* once at its maximum, it stays: yama */
	EMU_SYSCTL_PAGES = 2,	/* rounded up to a power of two of pages */
	EMU_SYSCTL_DOMAIN = 4,	/* of UTS: the domain name */
	EMU_SYSCTL_PRIVATE = 8, /* mode 0600 */
};

/* struct emu_sysctl::dir: which folder it is in. Values stay as they are: they are in node ids. */
enum emu_sysctl_dir {
	EMU_SYSCTL_KERNEL = 1,
	EMU_SYSCTL_KEYS,
	EMU_SYSCTL_YAMA,
	EMU_SYSCTL_VM,
	EMU_SYSCTL_FS,
	EMU_SYSCTL_INOTIFY,
	EMU_SYSCTL_NET_CORE,
	EMU_SYSCTL_NET,
	EMU_SYSCTL_NETFILTER,
	EMU_SYSCTL_NF_CONNTRACK, /* /sys/module/nf_conntrack/parameters */
	EMU_SYSCTL_DIRS,
};

struct emu_sysctl {
	uint8_t id; /* its place in the store, for ever: never used for another one */
	uint8_t dir;
	const char *name;
	uint8_t type;
	uint8_t n;	      /* numbers */
	int64_t min;	      /* INT64_MIN of INT: as the type has it */
	uint64_t max;	      /* UINT64_MAX: as the type has it */
	const char *fallback; /* the kernel's default, where the host's value cannot be read */
	uint8_t flags;
	uint8_t pair; /* id of the one that becomes 0 when this one changes; 0: none */
};

extern const struct emu_sysctl emu_sysctls[];
extern const size_t emu_sysctls_n;

const struct emu_sysctl *emu_sysctl_by_id(unsigned id);

/* Where the host has it, below its /proc: "sys/vm/swappiness". NULL: not below /proc. */
const char *emu_sysctl_host_dir(const struct emu_sysctl *sysctl);

struct emu_sysctl_value {
	uint64_t number[EMU_SYSCTL_NUMBERS]; /* INT: sign-extended */
};

/**
 * emu_sysctl_parse_numbers() - What a write to a sysctl of numbers does
 * @value:	current ones in, new ones out; as in the kernel, numbers in front of a bad one are taken
 *
 * Return: bytes consumed, -EINVAL, or -ERANGE (module parameters alone).
 */
ssize_t emu_sysctl_parse_numbers(const struct emu_sysctl *sysctl, uint64_t pos, const char *data,
				 size_t len, struct emu_sysctl_value *value);

/* The same for text: writes behind its end are swallowed, at or before its end they go on there. @buf: STRING_MAX. */
ssize_t emu_sysctl_parse_string(uint64_t pos, const char *data, size_t len, size_t max, char *buf);

/* ---- store: in the state, fixed layout ---- */

struct emu_sysctl_slot {
	uint8_t set;	/* 0 or 1 */
	uint8_t active; /* bank */
	uint8_t n;	/* numbers; 0: a string's index is in number[0] */
	uint8_t pad[5];
	struct emu_sysctl_value bank[2];
};
_Static_assert(sizeof(struct emu_sysctl_slot) == 72, "kept for the next version");

struct emu_sysctl_store {
	struct emu_sysctl_slot slots[EMU_SYSCTLS_MAX];
	char strings[EMU_SYSCTL_STRINGS][2][EMU_SYSCTL_STRING_MAX];
};

/* Unsets what is damaged or out of range. */
void emu_sysctl_check_store(struct emu_sysctl_store *store);

bool emu_sysctl_get(const struct emu_sysctl_store *store, const struct emu_sysctl *sysctl,
		    struct emu_sysctl_value *ret);
void emu_sysctl_set(struct emu_sysctl_store *store, const struct emu_sysctl *sysctl,
		    const struct emu_sysctl_value *value);

/* NULL: never written. */
const char *emu_sysctl_get_string(const struct emu_sysctl_store *store,
				  const struct emu_sysctl *sysctl);
void emu_sysctl_set_string(struct emu_sysctl_store *store, const struct emu_sysctl *sysctl,
			   const char *text);
