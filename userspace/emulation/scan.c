/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scan.h"

#include <errno.h>
#include <string.h>

#define NSEC_PER_SEC 1000000000LL

bool emu_next_line(const char **text, struct emu_span *ret)
{
	const char *end;

	if (!**text)
		return false;
	end = strchrnul(*text, '\n');
	*ret = (struct emu_span){ *text, (size_t)(end - *text) };
	*text = *end ? end + 1 : end;
	return true;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

bool emu_next_word(struct emu_span *line, struct emu_span *ret)
{
	size_t begin = 0, end;

	while (begin < line->len && is_blank(line->p[begin]))
		begin++;
	for (end = begin; end < line->len && !is_blank(line->p[end]);)
		end++;
	*ret = (struct emu_span){ line->p + begin, end - begin };
	*line = (struct emu_span){ line->p + end, line->len - end };
	return ret->len > 0;
}

bool emu_span_is(struct emu_span span, const char *s)
{
	return strlen(s) == span.len && memcmp(span.p, s, span.len) == 0;
}

bool emu_span_starts(struct emu_span span, const char *s, struct emu_span *ret_rest)
{
	size_t len = strlen(s);

	if (span.len < len || memcmp(span.p, s, len) != 0)
		return false;
	*ret_rest = (struct emu_span){ span.p + len, span.len - len };
	return true;
}

bool emu_span_u64(struct emu_span span, uint64_t *ret)
{
	uint64_t value = 0;

	if (span.len == 0)
		return false;
	for (size_t i = 0; i < span.len; i++) {
		if (span.p[i] < '0' || span.p[i] > '9' || __builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(span.p[i] - '0'), &value))
			return false;
	}
	*ret = value;
	return true;
}

static bool span_u32(struct emu_span span, uint32_t *ret)
{
	uint64_t value;

	if (!emu_span_u64(span, &value) || value > UINT32_MAX)
		return false;
	*ret = (uint32_t)value;
	return true;
}

/* Text up to @c in front, the rest behind it; false when there is none. */
static bool split(struct emu_span span, char c, struct emu_span *ret_front, struct emu_span *ret_rest)
{
	const char *at = span.len > 0 ? memchr(span.p, c, span.len) : NULL;
	size_t n;

	if (!at)
		return false;
	n = (size_t)(at - span.p);
	*ret_front = (struct emu_span){ span.p, n };
	*ret_rest = (struct emu_span){ at + 1, span.len - n - 1 };
	return true;
}

static bool limit(struct emu_span word, uint64_t *ret)
{
	if (emu_span_is(word, "max") || emu_span_is(word, "-1")) {
		*ret = EMU_NO_LIMIT;
		return true;
	}
	return emu_span_u64(word, ret);
}

int emu_scan_number(const char *text, uint64_t *ret)
{
	struct emu_span line, word, more;
	uint64_t value;

	if (!emu_next_line(&text, &line) || *text || !emu_next_word(&line, &word) ||
	    emu_next_word(&line, &more) || !limit(word, &value))
		return -EINVAL;
	*ret = value;
	return 0;
}

int emu_scan_cpu_max(const char *text, uint64_t *ret_quota, uint64_t *ret_period)
{
	struct emu_span line, first, second;
	uint64_t quota, period;

	if (!emu_next_line(&text, &line) || !emu_next_word(&line, &first) ||
	    !emu_next_word(&line, &second) || !limit(first, &quota) ||
	    !emu_span_u64(second, &period) || period == 0)
		return -EINVAL;
	*ret_quota = quota;
	*ret_period = period;
	return 0;
}

/* Both sides name their lines in about the same order, so the search goes on behind the last hit. */
static const struct emu_key *find_key(const struct emu_key *keys, size_t n, size_t *at,
				      struct emu_span name)
{
	for (size_t i = 0; i < n; i++) {
		const struct emu_key *key = &keys[(*at + i) % n];

		if (*key->name == *name.p && emu_span_is(name, key->name)) {
			*at = (*at + i + 1) % n;
			return key;
		}
	}
	return NULL;
}

size_t emu_scan_keys(const char *text, const struct emu_key *keys, size_t n, void *ret)
{
	struct emu_span line, name, number, unit;
	const struct emu_key *key;
	size_t at = 0, found = 0;
	uint64_t value;

	while (emu_next_line(&text, &line)) {
		if (!emu_next_word(&line, &name) || !emu_next_word(&line, &number))
			continue;
		if (name.p[name.len - 1] == ':')
			name.len--;
		key = find_key(keys, n, &at, name);
		if (!key || !emu_span_u64(number, &value))
			continue;
		if (emu_next_word(&line, &unit) &&
		    (!emu_span_is(unit, "kB") || __builtin_mul_overflow(value, 1024, &value)))
			continue;
		memcpy((char *)ret + key->offset, &value, sizeof(value));
		found++;
	}
	return found;
}

static bool scan_range(struct emu_span item, unsigned max, uint64_t *words)
{
	struct emu_span front, rest;
	uint32_t first, last;

	if (split(item, '-', &front, &rest)) {
		if (!span_u32(front, &first) || !span_u32(rest, &last) || first > last)
			return false;
	} else {
		if (!span_u32(item, &first))
			return false;
		last = first;
	}
	for (uint32_t i = first; i <= last && i < max; i++)
		words[i / 64] |= UINT64_C(1) << i % 64;
	return true;
}

int emu_scan_list(const char *text, unsigned max, uint64_t *words)
{
	uint64_t scanned[EMU_CPUS_MAX / 64] = { 0 };
	struct emu_span line, item;

	if (max > EMU_CPUS_MAX)
		return -EINVAL;
	if (emu_next_line(&text, &line) && line.len > 0) {
		while (split(line, ',', &item, &line))
			if (!scan_range(item, max, scanned))
				return -EINVAL;
		if (!scan_range(line, max, scanned))
			return -EINVAL;
	}
	memcpy(words, scanned, (max + 63) / 64 * sizeof(*words));
	return 0;
}

bool emu_scan_usage_line(struct emu_span line, unsigned *ret_cpu, uint64_t *ret_user,
			 uint64_t *ret_system)
{
	struct emu_span cpu, user, system;
	uint64_t n;

	return emu_next_word(&line, &cpu) && emu_next_word(&line, &user) &&
	       emu_next_word(&line, &system) && emu_span_u64(cpu, &n) && n < EMU_CPUS_MAX &&
	       emu_span_u64(user, ret_user) && emu_span_u64(system, ret_system) &&
	       ((*ret_cpu = (unsigned)n), true);
}

/* "12.34", at most 100.00 */
static bool hundredths(struct emu_span word, uint32_t *ret)
{
	struct emu_span whole, part;
	uint32_t a, b;

	if (!split(word, '.', &whole, &part) || part.len != 2 || !span_u32(whole, &a) ||
	    !span_u32(part, &b) || a > 100)
		return false;
	*ret = a * 100 + b;
	return true;
}

static void scan_pressure_line(struct emu_span line, struct emu_pressure_line *ret)
{
	static const char *const names[] = { "avg10=", "avg60=", "avg300=" };
	struct emu_pressure_line l = { .there = true };
	struct emu_span word, value;

	for (size_t i = 0; i < 3; i++)
		if (!emu_next_word(&line, &word) || !emu_span_starts(word, names[i], &value) ||
		    !hundredths(value, &l.avg[i]))
			return;
	if (emu_next_word(&line, &word) && emu_span_starts(word, "total=", &value) &&
	    emu_span_u64(value, &l.total_us))
		*ret = l;
}

int emu_scan_pressure(const char *text, struct emu_pressure *ret)
{
	struct emu_pressure p = { 0 };
	struct emu_span line, kind;

	while (emu_next_line(&text, &line)) {
		if (!emu_next_word(&line, &kind))
			continue;
		if (emu_span_is(kind, "some"))
			scan_pressure_line(line, &p.some);
		else if (emu_span_is(kind, "full"))
			scan_pressure_line(line, &p.full);
	}
	if (!p.some.there && !p.full.there)
		return -EINVAL;
	*ret = p;
	return 0;
}

/* Its place in the list, made when it is new; NULL when the list is full. */
static struct emu_device *device_of(struct emu_devices *devices, struct emu_span word)
{
	struct emu_span front, rest;
	struct emu_device *d;
	uint32_t major, minor;

	if (!split(word, ':', &front, &rest) || !span_u32(front, &major) || !span_u32(rest, &minor))
		return NULL;
	for (size_t i = 0; i < devices->n; i++)
		if (devices->items[i].major == major && devices->items[i].minor == minor)
			return &devices->items[i];
	if (devices->n == EMU_DEVICES_MAX)
		return NULL;
	d = &devices->items[devices->n++];
	*d = (struct emu_device){ .major = major, .minor = minor };
	return d;
}

/* Adds "rbytes=5" and its like to a device; anything else is passed over. */
static void add_io(struct emu_device *d, struct emu_span word)
{
	static const char *const bytes[EMU_IO_KINDS] = { "rbytes=", "wbytes=", "dbytes=" };
	static const char *const operations[EMU_IO_KINDS] = { "rios=", "wios=", "dios=" };
	struct emu_span value;
	uint64_t n;

	for (int k = 0; k < EMU_IO_KINDS; k++) {
		if (emu_span_starts(word, bytes[k], &value) && emu_span_u64(value, &n))
			d->bytes[k] = n;
		else if (emu_span_starts(word, operations[k], &value) && emu_span_u64(value, &n))
			d->operations[k] = n;
	}
}

void emu_scan_io_stat(const char *text, struct emu_devices *ret)
{
	struct emu_span line, word, device;
	struct emu_device *d;

	while (emu_next_line(&text, &line)) {
		device = (struct emu_span){ "", 0 };
		d = NULL;
		while (emu_next_word(&line, &word)) {
			if (!memchr(word.p, '=', word.len)) {
				/* Some kernels print devices without numbers in front, on the same line. */
				device = word;
				d = NULL;
				continue;
			}
			if (!d)
				d = device_of(ret, device);
			if (d)
				add_io(d, word);
		}
	}
}

void emu_scan_blkio(const char *text, bool bytes, struct emu_devices *ret)
{
	static const char *const names[EMU_IO_KINDS] = { "Read", "Write", "Discard" };
	struct emu_span line, device, kind, number;
	struct emu_device *d;
	uint64_t n;

	while (emu_next_line(&text, &line)) {
		if (!emu_next_word(&line, &device) || !emu_next_word(&line, &kind) ||
		    !emu_next_word(&line, &number) || !emu_span_u64(number, &n))
			continue; /* "Total N" is one of these */
		d = device_of(ret, device);
		for (int k = 0; d && k < EMU_IO_KINDS; k++)
			if (emu_span_is(kind, names[k]))
				*(bytes ? &d->bytes[k] : &d->operations[k]) = n;
	}
}

bool emu_scan_diskstats_line(struct emu_span line, uint32_t *ret_major, uint32_t *ret_minor,
			     struct emu_span *ret_name)
{
	struct emu_span major, minor;

	return emu_next_word(&line, &major) && emu_next_word(&line, &minor) &&
	       emu_next_word(&line, ret_name) && span_u32(major, ret_major) &&
	       span_u32(minor, ret_minor);
}

/* Whether @name is in the list "cpu,cpuacct". */
static bool list_has(struct emu_span list, const char *name)
{
	struct emu_span item;

	while (split(list, ',', &item, &list))
		if (emu_span_is(item, name))
			return true;
	return emu_span_is(list, name);
}

/* Absolute, and without a component "..": that is how a cgroup outside of the reader's namespace is shown. */
static bool is_clean_path(struct emu_span path)
{
	struct emu_span item;

	if (path.len == 0 || path.p[0] != '/')
		return false;
	while (split(path, '/', &item, &path))
		if (emu_span_is(item, ".."))
			return false;
	return !emu_span_is(path, "..");
}

int emu_scan_membership(const char *text, enum emu_cgroup role, struct emu_span *ret)
{
	static const char *const names[EMU_CGROUPS] = {
		[EMU_CGROUP_V2] = "",		[EMU_CGROUP_MEMORY] = "memory",
		[EMU_CGROUP_CPU] = "cpu",	[EMU_CGROUP_CPUACCT] = "cpuacct",
		[EMU_CGROUP_CPUSET] = "cpuset", [EMU_CGROUP_BLKIO] = "blkio",
	};
	struct emu_span line, number, controllers, path;

	while (emu_next_line(&text, &line)) {
		if (!split(line, ':', &number, &line) || !split(line, ':', &controllers, &path))
			continue;
		if (role == EMU_CGROUP_V2 ? controllers.len == 0 && emu_span_is(number, "0") :
					    list_has(controllers, names[role])) {
			if (!is_clean_path(path))
				return -ENOENT;
			*ret = path;
			return 0;
		}
	}
	return -ENOENT;
}

/* Behind the name, which may hold ')' itself and newlines too. */
static const char *behind_name(const char *text)
{
	const char *end = strrchr(text, ')');

	return end && end[1] == ' ' ? end + 2 : NULL;
}

char emu_scan_state(const char *text)
{
	const char *p = behind_name(text);

	return p && *p >= 'A' && *p <= 'z' ? *p : '\0';
}

static bool scan_id(struct emu_span word, uint32_t *ret)
{
	uint64_t id;

	if (!emu_span_u64(word, &id) || id > INT32_MAX)
		return false;
	*ret = (uint32_t)id;
	return true;
}

int emu_scan_task(const char *text, struct emu_task *ret)
{
	struct emu_task task = { 0 };
	struct emu_span line, word;

	while (emu_next_line(&text, &line)) {
		if (!emu_next_word(&line, &word))
			continue;
		if (emu_span_is(word, "Tgid:") &&
		    (!emu_next_word(&line, &word) || !scan_id(word, &task.tgid)))
			return -EINVAL;
		if (!emu_span_is(word, "NSpid:"))
			continue;
		while (emu_next_word(&line, &word)) {
			if (task.n == EMU_PID_LEVELS || !scan_id(word, &task.ids[task.n]))
				return -EINVAL;
			task.n++;
		}
	}
	if (task.tgid == 0 || task.n == 0)
		return -EINVAL;
	*ret = task;
	return 0;
}

int emu_scan_start(const char *text, uint64_t *ret_ticks)
{
	const char *p = behind_name(text);
	struct emu_span line, word;

	if (!p || !emu_next_line(&p, &line))
		return -EINVAL;
	for (int field = 3; field <= 22; field++)
		if (!emu_next_word(&line, &word))
			return -EINVAL;
	return emu_span_u64(word, ret_ticks) ? 0 : -EINVAL;
}

int emu_scan_boottime_offset(const char *text, int64_t *ret_ns)
{
	struct emu_span line, name, seconds, rest, nanoseconds;
	uint64_t s, ns;
	int64_t value;
	bool negative;

	while (emu_next_line(&text, &line)) {
		if (!emu_next_word(&line, &name) ||
		    (!emu_span_is(name, "boottime") && !emu_span_is(name, "7")))
			continue;
		if (!emu_next_word(&line, &seconds) || !emu_next_word(&line, &nanoseconds))
			return -EINVAL;
		negative = emu_span_starts(seconds, "-", &rest);
		if (!emu_span_u64(negative ? rest : seconds, &s) || s > INT64_MAX ||
		    !emu_span_u64(nanoseconds, &ns) || ns >= NSEC_PER_SEC)
			return -EINVAL;
		/* -1.5 s is -2 s and 500,000,000 ns. */
		if (__builtin_mul_overflow(negative ? -(int64_t)s : (int64_t)s, NSEC_PER_SEC, &value) ||
		    __builtin_add_overflow(value, (int64_t)ns, &value))
			return -EINVAL;
		*ret_ns = value;
		return 0;
	}
	return -EINVAL;
}

bool emu_scan_processor(struct emu_span line, unsigned *ret_cpu)
{
	struct emu_span name, number;
	uint64_t n;

	if (!split(line, ':', &name, &line) || !emu_next_word(&name, &number) ||
	    !emu_span_is(number, "processor") || emu_next_word(&name, &number) ||
	    !emu_next_word(&line, &number) || !emu_span_u64(number, &n) || n >= EMU_CPUS_MAX)
		return false;
	*ret_cpu = (unsigned)n;
	return true;
}
