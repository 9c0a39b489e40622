/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hardware - see hardware.h.
 *
 * sysfs has no namespaces but that of the network: it shows every disk, PCI and USB device with serial numbers, and what the
 * firmware says of the machine. A container has none of these devices. Its own network interfaces, and cpus and memory, which
 * bulwark-monitor puts its own files over, stay where programs look for them; so do the kernel's settings (/sys/kernel/mm,
 * /sys/module), which are no secret and are not a container's to write to.
 *
 * An interface of real hardware that was moved into a container (linux.netDevices) is a link into nothing below /sys/class/net;
 * by netlink it is what it is.
 */
#include "hardware.h"

#include <errno.h>
#include <sys/stat.h>

#include "error.h"

#define EMPTY "empty"
#define DEVICES "devices"
#define CLASS "class"

const struct hardware_hidden hardware_hidden[] = {
	{ "/sys/block", EMPTY },
	{ "/sys/bus", EMPTY },
	{ "/sys/class", CLASS },
	{ "/sys/dev", EMPTY },
	{ "/sys/devices", DEVICES },
	{ "/sys/firmware", EMPTY },
	{ "/sys/fs/9p", EMPTY }, /* names of disks and shares */
	{ "/sys/fs/btrfs", EMPTY },
	{ "/sys/fs/ext4", EMPTY },
	{ "/sys/fs/f2fs", EMPTY },
	{ "/sys/fs/xfs", EMPTY },
	{ "/sys/fs/pstore", EMPTY },
	{ "/sys/hypervisor", EMPTY },
	{ "/sys/power", EMPTY },
	{ "/sys/kernel/boot_params", EMPTY },
	{ "/sys/kernel/iommu_groups", EMPTY },
	{ "/sys/kernel/irq", EMPTY },
	{ "/proc/acpi", EMPTY },
	{ "/proc/asound", EMPTY },
	{ "/proc/bus", EMPTY },
	{ "/proc/driver", EMPTY },
	{ "/proc/fs", EMPTY },
	{ "/proc/irq", EMPTY },
	{ "/proc/scsi", EMPTY },
	{ "/proc/dma", NULL },
	{ "/proc/fb", NULL },
	{ "/proc/iomem", NULL },
	{ "/proc/ioports", NULL },
	{ "/proc/mtrr", NULL },
};

const size_t hardware_n_hidden = sizeof(hardware_hidden) / sizeof(hardware_hidden[0]);

const char *const hardware_kept[] = {
	"/sys/class/net",	    "/sys/devices/virtual/net",	       "/sys/devices/system/cpu",
	"/sys/devices/system/node", "/sys/devices/system/clocksource", NULL,
};

int hardware_make_folders(int dir_fd, struct error *err)
{
	static const char *const folders[] = {
		EMPTY,
		CLASS,
		CLASS "/net",
		DEVICES,
		DEVICES "/system",
		DEVICES "/system/cpu",
		DEVICES "/system/node",
		DEVICES "/system/clocksource",
		DEVICES "/virtual",
		DEVICES "/virtual/net",
	};

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		if (mkdirat(dir_fd, folders[i], 0555) < 0)
			return error_set(err, errno, "cannot make the folder '%s'", folders[i]);
	return 0;
}
