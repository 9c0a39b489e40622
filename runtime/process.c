/* SPDX-License-Identifier: GPL-2.0-or-later */
/* process - see process.h. What runs after clone(2) allocates nothing and uses no stdio. */
#include "process.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <linux/seccomp.h>
#include <linux/securebits.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "arena.h"
#include "error.h"
#include "fd.h"
#include "idmap.h"
#include "label.h"
#include "log.h"
#include "rlimit.h"
#include "seccomp.h"
#include "seccomp_notify.h"
#include "str.h"
#include "sys.h"

#define ID_COUNT 65536		     /* ids of a container: DESIGN section 5 */
#define UMASK_DEFAULT 022	     /* as runc */
#define OOM_SCORE_ADJ_MAX 1000	     /* proc_pid_oom_score_adj(5) */
#define PASSWD_BYTES_MAX (4U << 20)  /* of the image's /etc/passwd; what follows is not looked at */
#define DEFAULT_PATH "/bin:/usr/bin" /* where env has no PATH: execvp(3) */

static const struct json_field console_size_fields[] = {
	JSON_F(struct process_console_size, height, "height", JSON_U32_FIELD),
	JSON_F(struct process_console_size, width, "width", JSON_U32_FIELD),
	JSON_F_END,
};

static const struct json_field user_fields[] = {
	JSON_F(struct process_user, uid, "uid", JSON_U32_FIELD),
	JSON_F(struct process_user, gid, "gid", JSON_U32_FIELD),
	JSON_F(struct process_user, umask, "umask", JSON_OPT_U32_FIELD),
	JSON_F(struct process_user, additional_gids, "additionalGids", JSON_U32S_FIELD),
	JSON_F_END,
};

const struct json_field process_fields[] = {
	JSON_F(struct process, terminal, "terminal", JSON_BOOL_FIELD),
	JSON_F_OBJECT(struct process, console_size, "consoleSize", console_size_fields),
	JSON_F_OBJECT(struct process, user, "user", user_fields),
	JSON_F_REQUIRED(struct process, cwd, "cwd", JSON_STRING_FIELD),
	JSON_F(struct process, args, "args", JSON_STRV_FIELD),
	JSON_F(struct process, env, "env", JSON_STRV_FIELD),
	JSON_F_POINTER(struct process, capabilities, "capabilities", caps_fields, struct caps),
	JSON_F_CUSTOM(struct process, rlimits, "rlimits", rlimit_parse),
	JSON_F(struct process, no_new_privileges, "noNewPrivileges", JSON_BOOL_FIELD),
	JSON_F(struct process, oom_score_adj, "oomScoreAdj", JSON_OPT_I64_FIELD),
	JSON_F_CUSTOM(struct process, scheduler, "scheduler", scheduler_parse),
	JSON_F_CUSTOM(struct process, io_priority, "ioPriority", io_priority_parse),
	JSON_F_CUSTOM(struct process, exec_cpu_affinity, "execCPUAffinity", cpu_affinity_parse),
	JSON_F(struct process, apparmor_profile, "apparmorProfile", JSON_STRING_FIELD),
	JSON_F(struct process, selinux_label, "selinuxLabel", JSON_STRING_FIELD),
	JSON_F_END,
};

static int check_id(const char *what, uint32_t id, struct error *err)
{
	if (id < ID_COUNT)
		return 0;
	return error_text(err, EINVAL,
			  "process.user.%s: %u is outside of the container's ids, 0 to %u", what,
			  id, ID_COUNT - 1);
}

static int check_user(const struct process_user *user, struct error *err)
{
	const uint32_t *gids = user->additional_gids.items;
	char what[48];
	int r;

	r = check_id("uid", user->uid, err);
	if (r == 0)
		r = check_id("gid", user->gid, err);
	for (size_t i = 0; r == 0 && i < user->additional_gids.n; i++) {
		(void)str_format(what, sizeof(what), "additionalGids[%zu]", i);
		r = check_id(what, gids[i], err);
	}
	if (r < 0)
		return r;
	if (user->additional_gids.n > NGROUPS_MAX)
		return error_text(err, EINVAL,
				  "process.user.additionalGids: %zu groups, the kernel takes %d",
				  user->additional_gids.n, NGROUPS_MAX);
	if (user->umask.set && user->umask.value > 07777)
		return error_text(err, EINVAL, "process.user.umask: %u is not a mode",
				  user->umask.value);
	return 0;
}

/* Never shows an entry: what lacks its name may well be a password. */
static int check_env(const char **env, struct error *err)
{
	for (size_t i = 0; env && env[i]; i++) {
		if (env[i][0] == '=')
			return error_text(err, EINVAL, "process.env[%zu]: the name is empty", i);
		if (!strchr(env[i], '='))
			return error_text(err, EINVAL,
					  "process.env[%zu]: no '='; expected NAME=value", i);
	}
	return 0;
}

int process_check(const struct process *process, struct error *err)
{
	char quoted[160];
	int r;

	if (!process->args || !process->args[0])
		return error_text(err, EINVAL, "process.args: empty: there is nothing to run");
	if (process->cwd[0] != '/')
		return error_text(err, EINVAL, "process.cwd: '%s' is not absolute",
				  str_quote(process->cwd, quoted, sizeof(quoted)));
	if (process->oom_score_adj.set && (process->oom_score_adj.value < -OOM_SCORE_ADJ_MAX ||
					   process->oom_score_adj.value > OOM_SCORE_ADJ_MAX))
		return error_text(err, EINVAL, "process.oomScoreAdj: %lld is not between -%d and %d",
				  (long long)process->oom_score_adj.value, OOM_SCORE_ADJ_MAX,
				  OOM_SCORE_ADJ_MAX);
	r = check_user(&process->user, err);
	if (r < 0)
		return r;
	return check_env(process->env, err);
}

int process_add_env(struct arena *arena, struct process *process, const char *name,
		    const char *value, struct error *err)
{
	const char **env;
	size_t n = 0;

	while (process->env && process->env[n])
		n++;
	env = arena_alloc(arena, n + 2, sizeof(*env));
	if (!env)
		return error_set(err, ENOMEM, "process.env");
	if (n > 0)
		memcpy(env, process->env, n * sizeof(*env));
	env[n] = arena_format(arena, "%s=%s", name, value);
	if (!env[n])
		return error_set(err, ENOMEM, "process.env");
	process->env = env;
	return 0;
}

int process_check_labels(const struct process *process, struct error *err)
{
	return label_check(process, err);
}

static int set_oom_score_adj(int64_t value, pid_t pid, struct error *err)
{
	char path[64], text[32];
	int64_t old;
	ssize_t n;

	(void)str_format(path, sizeof(path), "/proc/%d/oom_score_adj", (int)pid);
	_cleanup_close_ int fd = open(path, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return error_set(err, errno, "process.oomScoreAdj: cannot open '%s'", path);
	n = read(fd, text, sizeof(text) - 1);
	if (n < 0)
		return error_set(err, errno, "process.oomScoreAdj: cannot read '%s'", path);
	while (n > 0 && isspace((unsigned char)text[n - 1]))
		n--;
	text[n] = '\0';
	if (parse_i64(text, &old) == 0 && old == value)
		return 0;

	(void)str_format(text, sizeof(text), "%lld", (long long)value);
	if (pwrite(fd, text, strlen(text), 0) < 0) /* EACCES: lowered without CAP_SYS_RESOURCE */
		return error_set(err, errno, "process.oomScoreAdj: cannot set it to %s", text);
	return 0;
}

int process_prepare(const struct process *process, pid_t pid, uid_t owner, struct error *err)
{
	int r = rlimit_apply(pid, owner, &process->rlimits, err);

	if (r == 0 && process->oom_score_adj.set)
		r = set_oom_score_adj(process->oom_score_adj.value, pid, err);
	if (r == 0)
		r = scheduler_apply(pid, process->scheduler, err);
	if (r == 0)
		r = io_priority_apply(pid, process->io_priority, err);
	return r;
}

int process_join_keyring(const char *id, struct error *err)
{
	char name[NAME_MAX + 8];

	if (str_format(name, sizeof(name), "_ses.%s", id) < 0)
		return error_text(err, ENAMETOOLONG, "session keyring of '%s'", id);
	if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, name) < 0 && errno != ENOSYS)
		return error_set(err, errno, "cannot join the container's session keyring");
	return 0;
}

void process_own_stdio(const struct idmap *map, uint32_t uid)
{
	uint32_t host_uid;

	if (!idmap_host_uid(map, uid, &host_uid))
		return; /* setuid(2) will say so */
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		struct stat st;

		/* A FIFO on a read-only file system keeps its owner; then only /dev/stdout cannot be opened. */
		if (fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode) && st.st_uid == 0)
			(void)!fchown(fd, host_uid, (gid_t)-1);
	}
}

/* "Permission denied" as Go spells it, which is what engines look for: "permission denied". */
static const char *go_errno_text(int errnum, char *buf, size_t size)
{
	const char *text = strerrordesc_np(errnum); /* a constant; strerror(3) may allocate */

	if (!text || str_format(buf, size, "%s", text) < 0)
		(void)str_format(buf, size, "errno %d", errnum);
	buf[0] = (char)tolower((unsigned char)buf[0]);
	return buf;
}

/* The last value of a variable, or NULL. */
static const char *find_env(const char **env, const char *name)
{
	const char *value = NULL;
	size_t len = strlen(name);

	for (size_t i = 0; env && env[i]; i++)
		if (strncmp(env[i], name, len) == 0 && env[i][len] == '=')
			value = env[i] + len + 1;
	return value;
}

static int open_path_at(int dir_fd, const char *path, int flags)
{
	const struct open_how how = {
		.flags = (unsigned int)(flags | O_CLOEXEC),
		.resolve = RESOLVE_NO_MAGICLINKS, /* no way to the runtime's own binary: CVE-2019-5736 */
	};

	return sys_openat2(dir_fd, path, &how);
}

/* Whether the future user may execute the file. The caller may still be root, for whom the kernel says yes. */
static bool user_may_execute(const struct process *process, const struct stat *st)
{
	const struct process_user *user = &process->user;
	const uint32_t *gids = user->additional_gids.items;
	bool in_group = st->st_gid == user->gid;

	if (process->capabilities && (process->capabilities->effective & (1U << CAP_DAC_OVERRIDE)))
		return st->st_mode & (S_IXUSR | S_IXGRP | S_IXOTH);
	if (st->st_uid == user->uid)
		return st->st_mode & S_IXUSR;
	for (size_t i = 0; !in_group && i < user->additional_gids.n; i++)
		in_group = gids[i] == st->st_gid;
	return st->st_mode & (in_group ? S_IXGRP : S_IXOTH);
}

/* 0: @path can be executed. -EACCES: it is there, but cannot. Another -errno: the look-up failed. */
static int check_executable(const struct process *process, int dir_fd, const char *path,
			    bool *ret_found)
{
	_cleanup_close_ int fd = open_path_at(dir_fd, path, O_PATH);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	*ret_found = true;
	if (!S_ISREG(st.st_mode) || !user_may_execute(process, &st))
		return -EACCES;
	/* Finds noexec mounts, too. faccessat2(2), Linux 5.8. */
	if (syscall(SYS_faccessat2, fd, "", X_OK, AT_EACCESS | AT_EMPTY_PATH) < 0)
		return -errno;
	return 0;
}

/* A name with a slash, perhaps relative to cwd. */
static int find_by_path(const struct process *process, char *ret_path, struct error *err)
{
	_cleanup_close_ int cwd_fd = -EBADF;
	const char *name = process->args[0];
	char quoted[160], text[64];
	bool found = false;
	int r;

	if (name[0] != '/')
		cwd_fd = open_path_at(AT_FDCWD, process->cwd, O_PATH | O_DIRECTORY);
	if (name[0] != '/' && cwd_fd < 0)
		r = -errno;
	else
		r = check_executable(process, cwd_fd, name, &found);
	if (r == 0)
		r = str_format(ret_path, PATH_MAX, "%s", name);
	if (r == 0)
		return 0;

	(void)str_quote(name, quoted, sizeof(quoted));
	(void)go_errno_text(-r, text, sizeof(text));
	if (found)
		return error_text(err, -r, "exec: \"%s\": %s", quoted, text);
	return error_text(err, -r, "exec: \"%s\": stat %s: %s", quoted, quoted, text);
}

int process_find_executable(const struct process *process, char *ret_path, struct error *err)
{
	const char *name = process->args[0], *dirs = find_env(process->env, "PATH");
	char quoted[160];

	if (strchr(name, '/'))
		return find_by_path(process, ret_path, err);

	/* Only absolute elements: a relative one would find what cwd happens to hold, and Go refuses that too. */
	for (const char *dir = dirs ? dirs : DEFAULT_PATH; *name && dir; dir = strchr(dir, ':')) {
		bool found = false;
		char path[PATH_MAX];
		int len;

		dir += *dir == ':';
		len = (int)strcspn(dir, ":");
		if (*dir != '/' || str_format(path, sizeof(path), "%.*s/%s", len, dir, name) < 0)
			continue;
		if (check_executable(process, AT_FDCWD, path, &found) == 0) {
			memcpy(ret_path, path, strlen(path) + 1);
			return 0;
		}
	}
	return error_text(err, ENOENT, "exec: \"%s\": executable file not found in $PATH",
			  str_quote(name, quoted, sizeof(quoted)));
}

/* One line of passwd(5), without its newline: whether it is @uid's; then @ret_home is changed. */
static bool parse_passwd_line(char *line, uint32_t uid, char *ret_home)
{
	enum { NAME, PASSWORD, UID, GID, GECOS, HOME, FIELDS };
	char *fields[FIELDS];
	uint32_t found;

	for (int i = 0; i < FIELDS; i++) {
		fields[i] = line ? strsep(&line, ":") : NULL;
		if (!fields[i])
			return false;
	}
	if (!*fields[NAME] || parse_u32(fields[UID], &found) < 0 || found != uid)
		return false;
	if (fields[HOME][0] != '/' || str_format(ret_home, PROCESS_HOME_MAX, "%s", fields[HOME]) < 0)
		(void)str_format(ret_home, PROCESS_HOME_MAX, "/");
	return true;
}

/* The image wrote the file: any length, any bytes. A line longer than the buffer is nobody's. */
static void search_passwd(int fd, uint32_t uid, char *ret_home)
{
	char buf[PROCESS_HOME_MAX];
	size_t fill = 0, total = 0;
	bool skip = false;

	while (total < PASSWD_BYTES_MAX) {
		ssize_t n = read(fd, buf + fill, sizeof(buf) - 1 - fill);
		char *line = buf, *end;

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		total += (size_t)n;
		fill += (size_t)n;
		while ((end = memchr(line, '\n', fill - (size_t)(line - buf)))) {
			*end = '\0';
			if (!skip && parse_passwd_line(line, uid, ret_home))
				return;
			skip = false;
			line = end + 1;
		}
		fill -= (size_t)(line - buf);
		memmove(buf, line, fill);
		if (fill == sizeof(buf) - 1) {
			skip = true;
			fill = 0;
		}
	}
	buf[fill] = '\0';
	if (!skip)
		(void)parse_passwd_line(buf, uid, ret_home);
}

void process_find_home(const struct process *process, char *ret_home)
{
	const char *given = find_env(process->env, "HOME");
	struct stat st;

	ret_home[0] = '\0';
	if (given && *given)
		return;
	(void)str_format(ret_home, PROCESS_HOME_MAX, "/");

	_cleanup_close_ int fd =
		open_path_at(AT_FDCWD, "/etc/passwd", O_RDONLY | O_NONBLOCK | O_NOCTTY);

	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		search_passwd(fd, process->user.uid, ret_home);
}

/* Magic links are out: /proc/self/fd/7 as cwd was CVE-2024-21626. */
static int change_dir(const char *cwd)
{
	_cleanup_close_ int fd = open_path_at(AT_FDCWD, cwd, O_PATH | O_DIRECTORY);

	if (fd < 0 || fchdir(fd) < 0)
		return -errno;
	return 0;
}

/* getcwd(2) itself: the C library's walks up by hand where the kernel says "(unreachable)". */
static int check_cwd(struct error *err)
{
	char buf[PATH_MAX];

	if (syscall(SYS_getcwd, buf, sizeof(buf)) < 0)
		return error_set(err, errno, "cannot tell the current folder");
	if (buf[0] != '/')
		return error_text(err, EPERM,
				  "current working directory is outside of container mount namespace "
				  "root -- possible container breakout detected");
	return 0;
}

static int set_groups(const struct process_user *user, struct error *err)
{
	if (setgroups(user->additional_gids.n, user->additional_gids.items) < 0)
		return error_set(err, errno, "cannot set the additional groups");
	if (setresgid(user->gid, user->gid, user->gid) < 0)
		return error_set(err, errno, "cannot set gid %u", user->gid);
	return 0;
}

/* Groups, umask, current folder, uid. Permitted capabilities survive; the effective ones may not. */
static int change_user(const struct process *process, struct error *err)
{
	const struct process_user *user = &process->user;
	char quoted[160], text[64];
	int r, chdir_r;

	/* Clears NO_SETUID_FIXUP and its kin, which an execve(2) would hand to the container. */
	if (prctl(PR_SET_SECUREBITS, SECBIT_KEEP_CAPS, 0, 0, 0) < 0)
		return error_set(err, errno, "cannot set securebits");
	r = set_groups(user, err);
	if (r < 0)
		return r;
	(void)umask(user->umask.set ? user->umask.value & 0777 : UMASK_DEFAULT); /* cannot fail */

	chdir_r = change_dir(process->cwd);
	if (setresuid(user->uid, user->uid, user->uid) < 0)
		return error_set(err, errno, "cannot set uid %u", user->uid);
	/* The change made us what fs.suid_dumpable says. */
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return error_set(err, errno, "cannot clear the dumpable flag");
	if (chdir_r == -EACCES || chdir_r == -EPERM) /* root may see less than the user: NFS, FUSE */
		chdir_r = change_dir(process->cwd);
	if (chdir_r < 0)
		return error_text(err, -chdir_r,
				  "chdir to cwd (\"%s\") set in config.json failed: %s",
				  str_quote(process->cwd, quoted, sizeof(quoted)),
				  go_errno_text(-chdir_r, text, sizeof(text)));
	return check_cwd(err);
}

static int load_filter(const struct seccomp_program *filter, int listener_channel, struct error *err)
{
	if (filter->flags & SECCOMP_FILTER_FLAG_NEW_LISTENER)
		return seccomp_notify_install(filter, listener_channel, err);
	return seccomp_install(filter, err);
}

int process_become(const struct process *process, const struct seccomp_program *filter,
		   int listener_channel, struct error *err)
{
	static const struct caps no_caps;
	const struct caps *caps = process->capabilities ? process->capabilities : &no_caps;
	/* Loading a filter takes no_new_privs or this: seccomp(2). */
	uint64_t kept = filter && !process->no_new_privileges ? UINT64_C(1) << CAP_SYS_ADMIN : 0;
	int r;

	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return error_set(err, errno, "cannot clear the dumpable flag");
	r = caps_apply_bounding(caps, err);
	if (r < 0)
		return r;
	r = change_user(process, err);
	if (r < 0)
		return r;
	r = caps_apply_keeping(caps, kept, err);
	if (r < 0)
		return r;
	if (prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) < 0)
		return error_set(err, errno, "cannot clear the keep-capabilities flag");
	if (process->no_new_privileges && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return error_set(err, errno, "cannot set no_new_privs");
	if (!filter)
		return 0;

	r = load_filter(filter, listener_channel, err);
	if (r < 0)
		return r;
	return kept ? caps_drop_kept(caps, err) : 0;
}

static bool is_same_variable(const char *a, const char *b)
{
	size_t len = strcspn(a, "=");

	return strncmp(a, b, len) == 0 && b[len] == '=';
}

/* Whether a later entry, or @home, replaces entry @i. */
static bool is_replaced(const char **env, size_t i, const char *home)
{
	if (*home && is_same_variable("HOME=", env[i]))
		return true;
	for (size_t j = i + 1; env[j]; j++)
		if (env[j][0] == env[i][0] && is_same_variable(env[i], env[j]))
			return true;
	return false;
}

int process_exec(const struct process *process, const char *path, const char *home, struct error *err)
{
	static const char *envp[JSON_ITEMS_MAX + 2]; /* pages that are not touched cost nothing */
	char home_entry[sizeof("HOME=") + PROCESS_HOME_MAX], quoted[160], text[64];
	size_t n = 0;
	int errnum;

	for (size_t i = 0; process->env && process->env[i]; i++) {
		if (is_replaced(process->env, i, home))
			continue;
		if (n == JSON_ITEMS_MAX)
			return error_text(err, E2BIG, "process.env: more than %d variables",
					  JSON_ITEMS_MAX);
		envp[n++] = process->env[i];
	}
	if (*home && str_format(home_entry, sizeof(home_entry), "HOME=%s", home) == 0)
		envp[n++] = home_entry;
	envp[n] = NULL;

	(void)execve(path, (char *const *)process->args, (char *const *)envp);
	errnum = errno;
	return error_text(err, errnum, "exec %s: %s", str_quote(path, quoted, sizeof(quoted)),
			  go_errno_text(errnum, text, sizeof(text)));
}
