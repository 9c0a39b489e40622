/* SPDX-License-Identifier: GPL-2.0-or-later */
/* probe - see probe.h. */
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "ctl.h"
#include "error.h"
#include "fd.h"
#include "str.h"

#define LSM_LIST "/sys/kernel/security/lsm"
#define LSM_LIST_MAX 4096
#define KERNEL_BTF "/sys/kernel/btf/vmlinux"

/* Whether a word stands in a list that is separated by commas. */
static bool list_has(const char *list, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = list; *at; at += strcspn(at, ","), at += *at == ',')
		if (strcspn(at, ",") == len && strncmp(at, word, len) == 0)
			return true;
	return false;
}

/* What stands in the kernel's list, without the newline; the caller frees it. */
static char *read_list(void)
{
	char *list = NULL;

	if (fd_read_file(AT_FDCWD, LSM_LIST, LSM_LIST_MAX, &list, NULL, NULL) < 0)
		return NULL;
	list[strcspn(list, "\n")] = '\0';
	return list;
}

/* The list as the kernel's lsm= wants it: `capability` is always there, and never named. */
static int format_parameter(const char *list, char *buf, size_t size)
{
	static const char always[] = "capability";
	size_t n = sizeof("lsm=") - 1;

	if (size < sizeof("lsm=bpf"))
		return -ENAMETOOLONG;
	memcpy(buf, "lsm=", n);
	for (const char *at = list; *at; at += strcspn(at, ","), at += *at == ',') {
		size_t len = strcspn(at, ",");

		if (len == sizeof(always) - 1 && strncmp(at, always, len) == 0)
			continue;
		if (n + len + sizeof(",bpf") > size)
			return -ENAMETOOLONG;
		memcpy(buf + n, at, len);
		n += len;
		buf[n++] = ',';
	}
	memcpy(buf + n, "bpf", sizeof("bpf"));
	return 0;
}

int probe_lsm_parameter(char *buf, size_t size)
{
	_cleanup_free_ char *list = read_list();

	if (!list)
		return -ENOENT;
	return list_has(list, "bpf") ? -EALREADY : format_parameter(list, buf, size);
}

static int check_lsm_list(struct error *err)
{
	_cleanup_free_ char *list = read_list();
	char wanted[256];

	if (!list)
		return error_text(err, ENOTSUP,
				  "'%s' cannot be read, so that nobody knows which LSMs run: "
				  "mount -t securityfs securityfs /sys/kernel/security",
				  LSM_LIST);
	if (list_has(list, "bpf"))
		return 0;
	if (format_parameter(list, wanted, sizeof(wanted)) < 0)
		return error_text(err, ENOTSUP,
				  "this kernel runs without the BPF LSM: add bpf to the list in '%s' and boot with "
				  "all of it as lsm=",
				  LSM_LIST);
	if (access("/etc/default/grub", F_OK) == 0)
		return error_text(err, ENOTSUP,
				  "this kernel runs without the BPF LSM (it has %s), so that programs would load and "
				  "enforce nothing: add %s to GRUB_CMDLINE_LINUX in /etc/default/grub, run "
				  "update-grub, and reboot",
				  list, wanted);
	return error_text(err, ENOTSUP,
			  "this kernel runs without the BPF LSM (it has %s), so that programs would load and enforce "
			  "nothing: boot it with %s on its command line",
			  list, wanted);
}

int probe_kernel(struct error *err)
{
	struct statfs fs;
	int r;

	if (access(KERNEL_BTF, R_OK) < 0)
		return error_text(err, ENOTSUP,
				  "this kernel does not describe its types ('%s' is missing), so that no program fits it: "
				  "use one that is built with CONFIG_DEBUG_INFO_BTF=y",
				  KERNEL_BTF);
	r = check_lsm_list(err);
	if (r < 0)
		return r;
	if (statfs(CTL_BPFFS, &fs) < 0 || fs.f_type != BPF_FS_MAGIC)
		return error_text(err, ENOTSUP,
				  "no bpffs is mounted at %s, where programs are pinned: "
				  "mount -t bpf -o mode=0700 bpf %s",
				  CTL_BPFFS, CTL_BPFFS);
	return 0;
}
