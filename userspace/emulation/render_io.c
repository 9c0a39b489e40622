/* SPDX-License-Identifier: GPL-2.0-or-later */
/* /proc/diskstats, partitions, loadavg and pressure. */
#include <string.h>

#include "emu.h"
#include "nodes.h"

#define SECTOR 512

/* The host's name of a device, or "MAJOR:MINOR". */
static void add_name(struct emu *emu, const struct emu_device *device, struct emu_text *out)
{
	const char *text = emu_read(emu, emu->sources->proc_fd, "diskstats", true);
	struct emu_span line, name;
	uint32_t major, minor;

	while (text && emu_next_line(&text, &line))
		if (emu_scan_diskstats_line(line, &major, &minor, &name) &&
		    major == device->major && minor == device->minor) {
			emu_text_bytes(out, name.p, name.len);
			return;
		}
	emu_text_add(out, "%u:%u", device->major, device->minor);
}

/* A row for each device that the container used. Merges, queues and times are nobody's but the device's: 0. */
int emu_render_diskstats(struct emu *emu, const struct emu_request *request, struct emu_text *out)
{
	struct emu_devices devices;

	(void)request;
	emu_collect_io(emu, &devices);
	for (size_t i = 0; i < devices.n; i++) {
		const struct emu_device *d = &devices.items[i];

		emu_text_add(out, "%4u %7u ", d->major, d->minor);
		add_name(emu, d, out);
		for (int k = 0; k < EMU_IO_KINDS; k++) {
			emu_text_str(out, " ");
			emu_text_u64(out, d->operations[k], 0);
			emu_text_str(out, " 0 ");
			emu_text_u64(out, d->bytes[k] / SECTOR, 0);
			/* Behind writes: in flight, time, weighted time; behind discards: flushes and their time. */
			emu_text_str(out, k == EMU_IO_WRITE ? " 0 0 0 0" : " 0");
		}
		emu_text_str(out, " 0 0\n");
	}
	return 0;
}

/* No partition is the container's. */
int emu_render_partitions(struct emu *emu, const struct emu_request *request, struct emu_text *out)
{
	(void)emu;
	(void)request;
	emu_text_str(out, "major minor  #blocks  name\n\n");
	return 0;
}

int emu_render_loadavg(struct emu *emu, const struct emu_request *request, struct emu_text *out)
{
	const struct emu_load *load = emu_see_load(emu);
	const uint64_t one = UINT64_C(1) << EMU_LOAD_SHIFT;
	struct emu_tasks tasks;

	(void)request;
	if (emu->tasks_ns == 0 || emu->now.boot_ns - emu->tasks_ns >= EMU_HOST_NS)
		emu_collect_tasks(emu, false, &tasks);
	for (size_t i = 0; i < 3; i++) {
		uint64_t average = load->average[i] + one / 200; /* rounded to hundredths */

		emu_text_add(out, "%llu.%02llu ", (unsigned long long)(average / one),
			     (unsigned long long)(average % one * 100 / one));
	}
	/* Which process was the last one is not known. */
	emu_text_add(out, "%u/%u 0\n", load->running > 0 ? load->running : 1,
		     emu->tasks > 0 ? emu->tasks : 1);
	return 0;
}

static void add_pressure(struct emu_text *out, const char *name, const struct emu_pressure_line *l)
{
	static const char *const names[] = { " avg10=", " avg60=", " avg300=" };

	if (!l->there)
		return;
	emu_text_str(out, name);
	for (size_t i = 0; i < 3; i++)
		emu_text_add(out, "%s%u.%02u", names[i], l->avg[i] / 100, l->avg[i] % 100);
	emu_text_str(out, " total=");
	emu_text_u64(out, l->total_us, 0);
	emu_text_str(out, "\n");
}

int emu_render_pressure(struct emu *emu, const struct emu_request *request, struct emu_text *out)
{
	const char *file = request->kind == EMU_KIND_PRESSURE_CPU ? "cpu.pressure" :
			   request->kind == EMU_KIND_PRESSURE_IO  ? "io.pressure" :
								    "memory.pressure";
	struct emu_pressure pressure;

	emu_collect_pressure(emu, request->reader, file, &pressure);
	add_pressure(out, "some", &pressure.some);
	add_pressure(out, "full", &pressure.full);
	return 0;
}
