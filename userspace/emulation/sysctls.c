/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How the kernel reads a number: an optional '-', then digits in base 8, 10 or 16 by their prefix, 21 characters at most,
 * then a space, a tab, a newline or the end. A write that does not begin at offset 0 is swallowed
 * (kernel.sysctl_writes_strict = 1), which is why `echo 1 2 >file` sets 1 and fails nowhere.
 */
#include "sysctls.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#define NUMBER_LEN 21 /* TMPBUFLEN - 1 */

struct input {
	const char *p;
	size_t left;
};

static void skip_spaces(struct input *in)
{
	while (in->left > 0 && isspace((unsigned char)*in->p)) {
		in->p++;
		in->left--;
	}
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
		return (c | 0x20) - 'a' + 10;
	return 99;
}

/* As the kernel's base 0. False when nothing is there; *ret_overflow when 64 bits are too few. */
static bool digits(struct input *in, uint64_t *ret, bool *ret_overflow)
{
	uint64_t value = 0;
	size_t n = 0;
	int base = 10;

	if (in->left > 0 && in->p[0] == '0') {
		base = 8;
		if (in->left > 2 && (in->p[1] | 0x20) == 'x' && digit(in->p[2]) < 16) {
			base = 16;
			in->p += 2;
			in->left -= 2;
		}
	}
	*ret_overflow = false;
	for (; in->left > 0 && digit(*in->p) < base; n++, in->p++, in->left--)
		if (__builtin_mul_overflow(value, (uint64_t)base, &value) ||
		    __builtin_add_overflow(value, (uint64_t)digit(*in->p), &value))
			*ret_overflow = true;
	*ret = value;
	return n > 0;
}

static int take_number(struct input *in, uint64_t *ret, bool *ret_negative)
{
	struct input number = { in->p, in->left < NUMBER_LEN ? in->left : NUMBER_LEN };
	bool overflow;
	size_t used;

	*ret_negative = number.left > 1 && *number.p == '-';
	if (*ret_negative) {
		number.p++;
		number.left--;
	}
	if (number.left == 0 || !isdigit((unsigned char)*number.p) ||
	    !digits(&number, ret, &overflow) || overflow)
		return -EINVAL;
	used = (size_t)(number.p - in->p);
	if (used == NUMBER_LEN)
		return -EINVAL;
	if (used < in->left && !memchr(" \t\n", in->p[used], 3))
		return -EINVAL;
	in->p += used;
	in->left -= used;
	return 0;
}

static bool in_range(const struct emu_sysctl *s, uint64_t number)
{
	if (s->type == EMU_SYSCTL_INT)
		return (int64_t)number >= INT32_MIN && (int64_t)number <= INT32_MAX &&
		       (int64_t)number >= s->min &&
		       (s->max > INT64_MAX || (int64_t)number <= (int64_t)s->max);
	if (s->type != EMU_SYSCTL_ULONG && number > UINT32_MAX)
		return false;
	return number >= (uint64_t)s->min && number <= s->max;
}

/* A pipe's size as round_pipe_size() leaves it. */
static uint64_t whole_pages(uint64_t bytes)
{
	uint64_t size = 4096;

	while (size < bytes)
		size *= 2;
	return size;
}

static int convert(const struct emu_sysctl *s, uint64_t number, bool negative, uint64_t *value)
{
	uint64_t n = number;

	if (negative) {
		if (s->type != EMU_SYSCTL_INT || number > (uint64_t)INT32_MAX + 1)
			return -EINVAL;
		n = (uint64_t) - (int64_t)number;
	} else if (s->type == EMU_SYSCTL_INT && number > INT32_MAX) {
		return -EINVAL;
	}
	if (!in_range(s, n))
		return -EINVAL;
	if ((s->flags & EMU_SYSCTL_STICKY) && *value == s->max && n != s->max)
		return -EINVAL;
	*value = s->flags & EMU_SYSCTL_PAGES ? whole_pages(n) : n;
	return 0;
}

/* kstrtouint(): nothing around the number but one newline at its end. */
static ssize_t parse_param(const struct emu_sysctl *s, const char *data, size_t len,
			   struct emu_sysctl_value *value)
{
	struct input in = { data, len };
	bool overflow;
	uint64_t n;

	if (in.left > 0 && *in.p == '+') {
		in.p++;
		in.left--;
	}
	if (!digits(&in, &n, &overflow))
		return -EINVAL;
	if (in.left > 0 && *in.p == '\n') {
		in.p++;
		in.left--;
	}
	if (in.left > 0)
		return -EINVAL;
	if (overflow || n > UINT32_MAX)
		return -ERANGE;
	if (!in_range(s, n))
		return -EINVAL;
	value->number[0] = n;
	return (ssize_t)len;
}

ssize_t emu_sysctl_parse_numbers(const struct emu_sysctl *s, uint64_t pos, const char *data,
				 size_t len, struct emu_sysctl_value *value)
{
	struct input in = { data, len < EMU_SYSCTL_WRITE_MAX ? len : EMU_SYSCTL_WRITE_MAX };
	unsigned taken = 0;
	uint64_t number;
	bool negative;

	if (s->type == EMU_SYSCTL_PARAM)
		return parse_param(s, data, len, value);
	if (pos != 0)
		return (ssize_t)len;
	for (; taken < s->n; taken++) {
		skip_spaces(&in);
		if (in.left == 0)
			break;
		if (take_number(&in, &number, &negative) < 0 ||
		    convert(s, number, negative, &value->number[taken]) < 0)
			return -EINVAL;
	}
	if (taken == 0)
		return -EINVAL;
	if (s->type == EMU_SYSCTL_UINT)
		return (ssize_t)len; /* it does not say what it left */
	skip_spaces(&in);
	return (ssize_t)(in.p - data);
}

ssize_t emu_sysctl_parse_string(uint64_t pos, const char *data, size_t len, size_t max, char *buf)
{
	size_t at = strnlen(buf, max - 1);

	if (pos > at)
		return (ssize_t)len;
	at = (size_t)pos;
	for (size_t i = 0; i < len && at < max - 1; i++) {
		if (data[i] == '\0' || data[i] == '\n')
			break;
		buf[at++] = data[i];
	}
	buf[at] = '\0';
	return (ssize_t)len;
}

/* ---- store ---- */

/* Whether what is in the active bank could have been written. */
static bool is_sound(const struct emu_sysctl_store *store, unsigned id)
{
	const struct emu_sysctl_slot *slot = &store->slots[id];
	const struct emu_sysctl *s = emu_sysctl_by_id(id);

	if (!s || slot->set > 1 || slot->active > 1)
		return false;
	if (s->type == EMU_SYSCTL_STRING)
		return slot->n == 0 &&
		       memchr(store->strings[s->min][slot->active], '\0', (size_t)s->max) != NULL;
	if (slot->n != s->n)
		return false;
	for (unsigned i = 0; i < s->n; i++) {
		uint64_t number = slot->bank[slot->active].number[i];

		/* What a pair zeroes may be below the least that can be written. */
		if (!in_range(s, number) && !(s->pair && number == 0))
			return false;
	}
	return true;
}

void emu_sysctl_check_store(struct emu_sysctl_store *store)
{
	for (unsigned id = 0; id < EMU_SYSCTLS_MAX; id++)
		if (store->slots[id].set && !is_sound(store, id))
			store->slots[id] = (struct emu_sysctl_slot){ 0 };
}

bool emu_sysctl_get(const struct emu_sysctl_store *store, const struct emu_sysctl *s,
		    struct emu_sysctl_value *ret)
{
	const struct emu_sysctl_slot *slot = &store->slots[s->id];

	if (!slot->set)
		return false;
	*ret = slot->bank[slot->active & 1];
	return true;
}

/* The other bank is filled; then it becomes the one. */
static void activate(struct emu_sysctl_slot *slot, uint8_t n)
{
	slot->n = n;
	__atomic_store_n(&slot->active, (uint8_t)(slot->active ^ 1), __ATOMIC_RELEASE);
	__atomic_store_n(&slot->set, 1, __ATOMIC_RELEASE);
}

void emu_sysctl_set(struct emu_sysctl_store *store, const struct emu_sysctl *s,
		    const struct emu_sysctl_value *value)
{
	struct emu_sysctl_slot *slot = &store->slots[s->id];

	slot->bank[slot->active ^ 1] = *value;
	activate(slot, s->n);
}

const char *emu_sysctl_get_string(const struct emu_sysctl_store *store, const struct emu_sysctl *s)
{
	const struct emu_sysctl_slot *slot = &store->slots[s->id];

	return slot->set ? store->strings[s->min][slot->active & 1] : NULL;
}

void emu_sysctl_set_string(struct emu_sysctl_store *store, const struct emu_sysctl *s,
			   const char *text)
{
	struct emu_sysctl_slot *slot = &store->slots[s->id];
	char *to = store->strings[s->min][slot->active ^ 1];
	size_t len = strnlen(text, (size_t)s->max - 1);

	memcpy(to, text, len);
	memset(to + len, 0, EMU_SYSCTL_STRING_MAX - len);
	activate(slot, 0);
}
