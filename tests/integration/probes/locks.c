/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * locks [spare-superblocks] - the attacker on mounts: root in a container, with every capability there, against every mount it was given.
 *
 * For each mount of /proc/self/mountinfo it tries to clear flags, to unmount, to move, to copy and clear in the copy,
 * and to lift what covers something in a copy: from the namespace the container was started in, after unshare(NEWNS)
 * and after unshare(NEWUSER | NEWNS), with NEWNET or not. What counts is the effect, by statvfs(3) and mountinfo, not a
 * return value.
 *
 * spare-superblocks leaves out the one attack that would reach the host's own mounts where nothing stops it.
 *
 *   BROKEN CONTEXT ATTACK MOUNT[ DETAIL]    one line for each attack that worked
 *   TRIED N attacks on M mounts             the last line: nothing was left out
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#define SCRATCH "/tmp"
#define MOUNTS_MAX 128

struct mnt {
	char path[512];
	char options[256];
	char super[2048];
	char type[64];
	unsigned long vfs_flags; /* statvfs(3), when nothing was lost yet */
};

static struct mnt mounts[MOUNTS_MAX];
static int n_mounts, tried;
static bool spare_superblocks;
static const char *context;

static const struct {
	const char *word;
	unsigned long ms;
	uint64_t attr;
} flags[] = {
	{ "ro", MS_RDONLY, MOUNT_ATTR_RDONLY },
	{ "nosuid", MS_NOSUID, MOUNT_ATTR_NOSUID },
	{ "nodev", MS_NODEV, MOUNT_ATTR_NODEV },
	{ "noexec", MS_NOEXEC, MOUNT_ATTR_NOEXEC },
};
#define N_FLAGS ((int)(sizeof(flags) / sizeof(flags[0])))

static bool has_word(const char *list, const char *word)
{
	size_t n = strlen(word);

	for (const char *at = list; (at = strstr(at, word)); at += n)
		if ((at == list || at[-1] == ',') && (at[n] == '\0' || at[n] == ','))
			return true;
	return false;
}

/* Octal escapes of mountinfo, in place. */
static void unescape(char *s)
{
	char *to = s;

	for (; *s; s++) {
		if (s[0] == '\\' && s[1] && s[2] && s[3]) {
			*to++ = (char)((s[1] - '0') * 64 + (s[2] - '0') * 8 + (s[3] - '0'));
			s += 3;
		} else {
			*to++ = *s;
		}
	}
	*to = '\0';
}

static int read_mounts(struct mnt *ret, int max)
{
	static char line[16384];
	FILE *f = fopen("/proc/self/mountinfo", "re");
	int n = 0;

	while (f && n < max && fgets(line, sizeof(line), f)) {
		char *dash = strstr(line, " - ");

		if (!dash ||
		    sscanf(line, "%*d %*d %*s %*s %511s %255s", ret[n].path, ret[n].options) != 2)
			continue;
		ret[n].super[0] = '\0';
		if (sscanf(dash, " - %63s %*s %2047s", ret[n].type, ret[n].super) < 1)
			continue;
		unescape(ret[n++].path);
	}
	if (f)
		fclose(f);
	return n;
}

/* The uppermost mount at @path as it is now; false: none. */
static bool now_at(const char *path, struct mnt *ret)
{
	static struct mnt all[MOUNTS_MAX * 3];
	int n = read_mounts(all, MOUNTS_MAX * 3);

	for (int i = n - 1; i >= 0; i--) {
		if (strcmp(all[i].path, path) == 0) {
			*ret = all[i];
			return true;
		}
	}
	return false;
}

static void broken(const char *attack, const char *path, const char *detail)
{
	printf("BROKEN %s %s %s %s\n", context, attack, path, detail);
	fflush(stdout);
}

/*
 * Whether @m is as it was, at a glance: reading mountinfo after each of some ten thousand attacks takes minutes on an emulated
 * processor. Of a mount's "ro" this says nothing where the file system is read-only as well: see check_all().
 */
static bool looks_untouched(const struct mnt *m)
{
	struct statvfs st;

	return statvfs(m->path, &st) == 0 && st.f_flag == m->vfs_flags;
}

static const char *lost_between(const struct mnt *m, const struct mnt *now)
{
	for (int i = 0; i < N_FLAGS; i++)
		if (has_word(m->options, flags[i].word) && !has_word(now->options, flags[i].word))
			return flags[i].word;
	if (has_word(m->super, "ro") && !has_word(now->super, "ro"))
		return "superblock's ro";
	return NULL;
}

/* A flag that @m was given and that the mount at @path does not have any more; NULL: none. */
static const char *lost_flag(const struct mnt *m, const char *path)
{
	struct mnt now;

	if ((path == m->path && looks_untouched(m)) || !now_at(path, &now))
		return NULL;
	return lost_between(m, &now);
}

static int clear_attr(int fd, const char *path, unsigned int at_flags, uint64_t bits)
{
	struct mount_attr attr = { .attr_clr = bits };

	return mount_setattr(fd, path, at_flags, &attr, sizeof(attr));
}

static int tree_of(const char *path, unsigned int how)
{
	return open_tree(AT_FDCWD, path, how | OPEN_TREE_CLOEXEC);
}

static int move_to(int fd, const char *path)
{
	return move_mount(fd, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH);
}

/* Where copies of @m are attached, on a tmpfs of our own: a folder, or a file for a file. */
static const char *landing(const struct mnt *m)
{
	struct stat st;

	return stat(m->path, &st) == 0 && !S_ISDIR(st.st_mode) ? SCRATCH "/file" : SCRATCH "/dir";
}

static void attack_flags(const struct mnt *m, int i)
{
	unsigned long keep = 0;
	const char *lost;
	int fd;

	for (int k = 0; k < N_FLAGS; k++)
		if (k != i && has_word(m->options, flags[k].word))
			keep |= flags[k].ms;

	(void)mount(NULL, m->path, NULL, MS_REMOUNT | MS_BIND | keep, NULL);
	if ((lost = lost_flag(m, m->path)))
		broken("remount", m->path, lost);
	if (!spare_superblocks) {
		/* never with MS_RDONLY: it must lift something, not break it */
		(void)mount(NULL, m->path, NULL, MS_REMOUNT | (keep & ~MS_RDONLY), NULL);
		if ((lost = lost_flag(m, m->path)))
			broken("superblock-remount", m->path, lost);
	}
	(void)clear_attr(AT_FDCWD, m->path, 0, flags[i].attr);
	(void)clear_attr(AT_FDCWD, m->path, AT_RECURSIVE, flags[i].attr);
	if ((lost = lost_flag(m, m->path)))
		broken("mount_setattr", m->path, lost);
	fd = tree_of(m->path, 0);
	(void)clear_attr(fd, "", AT_EMPTY_PATH, flags[i].attr);
	close(fd);
	if ((lost = lost_flag(m, m->path)))
		broken("mount_setattr-on-fd", m->path, lost);
	tried += 4;
}

/* A copy that lost a flag is as good as the mount itself. */
static void attack_copy_flags(const struct mnt *m, int i, unsigned int recursive)
{
	const char *to = landing(m), *lost;
	int fd = tree_of(m->path, OPEN_TREE_CLONE | recursive);

	tried++;
	if (fd < 0)
		return;
	(void)clear_attr(fd, "", AT_EMPTY_PATH | recursive, flags[i].attr);
	if (move_to(fd, to) == 0) {
		if ((lost = lost_flag(m, to)))
			broken(recursive ? "clear-in-deep-copy" : "clear-in-copy", m->path, lost);
		(void)clear_attr(AT_FDCWD, to, 0, flags[i].attr);
		(void)mount(NULL, to, NULL, MS_REMOUNT | MS_BIND, NULL);
		if ((lost = lost_flag(m, to)))
			broken(recursive ? "clear-in-attached-deep-copy" : "clear-in-attached-copy",
			       m->path, lost);
		(void)umount2(to, MNT_DETACH);
	}
	close(fd);
}

/* Whether another of the initial mounts lies at or below @m: what a copy must not uncover. */
static bool covers_something(const struct mnt *m)
{
	size_t n = strcmp(m->path, "/") == 0 ? 0 : strlen(m->path);

	for (int i = 0; i < n_mounts; i++)
		if (&mounts[i] != m && strncmp(mounts[i].path, m->path, n) == 0 &&
		    mounts[i].path[n] == '/' && mounts[i].path[n + 1])
			return true;
	return false;
}

static void attack_atime(const struct mnt *m)
{
	struct mount_attr attr = { .attr_clr = MOUNT_ATTR__ATIME, .attr_set = MOUNT_ATTR_NOATIME };
	struct mnt now;

	tried++;
	if (has_word(m->options, "noatime") ||
	    mount_setattr(AT_FDCWD, m->path, 0, &attr, sizeof(attr)) < 0)
		return;
	if (now_at(m->path, &now) && has_word(now.options, "noatime"))
		broken("atime", m->path, "");
}

static void attack_cover(const struct mnt *m)
{
	static struct mnt all[MOUNTS_MAX * 3];
	size_t skip = strlen(SCRATCH "/dir");
	int fd, n;

	if (!covers_something(m))
		return;
	tried += 3;
	/* A plain bind leaves out what is mounted below: the kernel must refuse it. */
	if (mount(m->path, SCRATCH "/dir", NULL, MS_BIND, NULL) == 0) {
		broken("uncover-by-bind", m->path, "");
		(void)umount2(SCRATCH "/dir", MNT_DETACH);
	}
	fd = tree_of(m->path, OPEN_TREE_CLONE);
	if (fd >= 0) {
		broken("uncover-by-open_tree", m->path, "");
		close(fd);
	}
	fd = tree_of(m->path, OPEN_TREE_CLONE | AT_RECURSIVE);
	if (fd < 0)
		return;
	if (move_to(fd, SCRATCH "/dir") == 0) {
		n = read_mounts(all, MOUNTS_MAX * 3);
		for (int i = n - 1; i >= 0; i--) {
			if (strncmp(all[i].path, SCRATCH "/dir/", skip + 1) != 0)
				continue;
			if (strncmp(all[i].path + skip, SCRATCH, strlen(SCRATCH)) == 0)
				continue; /* the copy of our own scratch mount: ours to lift */
			tried++;
			if (umount2(all[i].path, 0) == 0 || umount2(all[i].path, MNT_DETACH) == 0)
				broken("lift-in-deep-copy", m->path, all[i].path + skip);
		}
		(void)umount2(SCRATCH "/dir", MNT_DETACH);
	}
	close(fd);
}

static void attack_move(const struct mnt *m)
{
	const char *to = landing(m);
	int fd = tree_of(m->path, 0);

	tried += 2;
	if (move_to(fd, to) == 0) {
		broken("move_mount", m->path, "");
		(void)mount(to, m->path, NULL, MS_MOVE, NULL);
	}
	close(fd);
	if (mount(m->path, to, NULL, MS_MOVE, NULL) == 0) {
		broken("mount-move", m->path, "");
		(void)mount(to, m->path, NULL, MS_MOVE, NULL);
	}
}

static void attack_umount(const struct mnt *m)
{
	tried += 2;
	if (umount2(m->path, 0) == 0)
		broken("umount", m->path, "");
	else if (umount2(m->path, MNT_DETACH) == 0)
		broken("umount-lazy", m->path, "");
}

/* A fresh instance shows what is masked on the old one, or is writable where that is read-only. */
static void attack_fresh(void)
{
	struct mnt sys;
	bool masked = false;

	for (int i = 0; i < n_mounts; i++)
		if (strncmp(mounts[i].path, "/proc/", 6) == 0)
			masked = true;
	tried += 2;
	if (masked && mount("proc", SCRATCH "/dir", "proc", 0, NULL) == 0) {
		broken("fresh-proc", SCRATCH "/dir", "");
		(void)umount2(SCRATCH "/dir", MNT_DETACH);
	}
	if (now_at("/sys", &sys) && has_word(sys.options, "ro") &&
	    mount("sys", SCRATCH "/dir", "sysfs", 0, NULL) == 0) {
		broken("fresh-sysfs", SCRATCH "/dir", "");
		(void)umount2(SCRATCH "/dir", MNT_DETACH);
	}
}

/* Whether one of the mounts lost a flag, by mountinfo. */
static void check_all(const char *attack)
{
	static struct mnt all[MOUNTS_MAX * 3];
	int n = read_mounts(all, MOUNTS_MAX * 3);

	for (int i = 0; i < n_mounts; i++) {
		const struct mnt *m = &mounts[i];

		for (int k = n - 1; k >= 0; k--) {
			const char *lost;

			if (strcmp(all[k].path, m->path) != 0)
				continue;
			if (strcmp(m->path, SCRATCH) != 0 && (lost = lost_between(m, &all[k])))
				broken(attack, m->path, lost);
			break;
		}
	}
}

/* What the attacks start from: nothing may be lost yet. */
static void know_all(void)
{
	struct statvfs st;

	check_all("copy-of-namespace");
	for (int i = 0; i < n_mounts; i++)
		mounts[i].vfs_flags = statvfs(mounts[i].path, &st) == 0 ? st.f_flag : ~0UL;
}

static void attack_all(const char *name)
{
	int fd;

	context = name;
	if (mount("scratch", SCRATCH, "tmpfs", 0, NULL) < 0) {
		printf("cannot mount a tmpfs on %s: %s\n", SCRATCH, strerror(errno));
		exit(2);
	}
	mkdir(SCRATCH "/dir", 0755);
	fd = open(SCRATCH "/file", O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
	close(fd);
	know_all();
	for (int i = 0; i < n_mounts; i++) {
		for (int k = 0; k < N_FLAGS; k++) {
			if (!has_word(mounts[i].options, flags[k].word))
				continue;
			attack_flags(&mounts[i], k);
			attack_copy_flags(&mounts[i], k, 0);
			attack_copy_flags(&mounts[i], k, AT_RECURSIVE);
		}
		attack_atime(&mounts[i]);
		attack_cover(&mounts[i]);
		attack_move(&mounts[i]);
	}
	check_all("one-of-these");
	attack_fresh();
	/* Last: where it works, there is nothing left to attack. Uppermost first. */
	for (int i = n_mounts - 1; i >= 0; i--)
		attack_umount(&mounts[i]);
	printf("TRIED %d attacks on %d mounts, %s\n", tried, n_mounts, context);
	fflush(stdout);
}

static int attack_after(const char *name, int unshare_flags)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		tried = 0;
		if (unshare(unshare_flags) < 0) {
			printf("unshare for %s: %s\n", name, strerror(errno));
			exit(2);
		}
		attack_all(name);
		exit(0);
	}
	return waitpid(pid, &status, 0) == pid && status == 0 ? 0 : 2;
}

int main(int argc, char **argv)
{
	int bad = 0;

	spare_superblocks = argc > 1 && strcmp(argv[1], "spare-superblocks") == 0;
	n_mounts = read_mounts(mounts, MOUNTS_MAX);
	bad |= attack_after("new-mount-namespace", CLONE_NEWNS);
	bad |= attack_after("new-user-namespace", CLONE_NEWUSER | CLONE_NEWNS);
	bad |= attack_after("new-user-and-net-namespace", CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET);
	attack_all("initial");
	return bad;
}
