/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * files - see files.h.
 *
 * Content is made when a file is opened, and again when it is read from its start once more: programs keep /proc/stat open
 * and rewind it. Which files are open, and how long what they said was, is in memory that the next worker finds; the text
 * itself is not: for a file that a dead worker opened it is made again, up to the old length, so that a reader in the middle
 * of it sees neither a gap nor a second end.
 *
 * Sizes. The kernel's own files say 0, and read(2) asks us whatever they say. But sendfile(2) and splice(2), with which
 * busybox's cat reads, go by the size since Linux 6.5, and through the page cache. So a file says how long it was when it was
 * opened last, and the kernel is told to ask again when that has changed. Once somebody has read in this way, which the request
 * shows, it has to ask at every open(2): that is one request more.
 */
#define FUSE_USE_VERSION 314
#include "files.h"

#include <errno.h>
#include <fuse3/fuse_lowlevel.h>
#include <linux/fuse.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "emulation.h"
#include "error.h"
#include "shared.h"
#include "str.h"
#include "worker.h"

#define FOREVER 1e6   /* seconds that the kernel may keep what it was told */
#define FLAT_MARK '!' /* in place of '/', as sysfs does it */
#define TEXT_MAX                                                                                   \
	(32U << 20) /* bytes in all open files: a container may hold no more of our memory */

#define SIZES 256 /* nodes whose size is remembered; for others the kernel asks more often */
#define FRESH_MS                                                                                   \
	2 /* what was made to learn its length is what the open(2) that asked for it then reads */

struct text {
	struct emu_text emu;
	bool is_made; /* by this worker */
	bool is_read; /* from the start: the next time it is made anew */
};

struct files {
	struct emu *emu;
	struct shared *shared;
	size_t next; /* all handles below are taken: the lowest is used first, so that few pages of them ever are */
	size_t text_bytes; /* in texts */
	struct timespec start;
	struct fuse_session *session;
	struct {
		uint64_t node_id;
		uint64_t size;
	} sizes[SIZES]; /* that the kernel was told, at node_id % SIZES */
	struct {
		struct emu_text text;
		uint64_t node_id; /* 0: none */
		pid_t pid;
		struct timespec at;
	} fresh;			       /* made last to learn a length */
	struct text texts[SHARED_HANDLES_MAX]; /* mostly never touched */
};

int files_flat_name(const char *path, char *buf, size_t size)
{
	int r = str_format(buf, size, "%s", path + 1);

	for (char *p = buf; r == 0 && *p; p++)
		if (*p == '/')
			*p = FLAT_MARK;
	return r;
}

/* ---- names ------------------------------------------------------------------------------------------------ */

static int find_flat(const struct files *files, const char *name, struct emu_node *ret)
{
	const char *const *paths = emu_mounts();
	char flat[EMU_PATH_MAX];

	for (size_t i = 0; paths[i]; i++)
		if (files_flat_name(paths[i], flat, sizeof(flat)) == 0 && str_eq(flat, name))
			return emu_find(files->emu, paths[i], ret);
	return -ENOENT;
}

/* For this reader, now; and it is remembered as told. */
static uint64_t tell_size(struct files *files, const struct emu_node *node, pid_t pid)
{
	struct emu_reader reader;
	uint64_t size = 0;

	if (!S_ISREG(node->mode))
		return 0;
	emu_reader_of(files->emu, pid, &reader);
	files->fresh.node_id = 0;
	if (emu_render(files->emu, node, &reader, &files->fresh.text, NULL) == 0) {
		size = files->fresh.text.len;
		files->fresh.node_id = node->id;
		files->fresh.pid = pid;
		(void)clock_gettime(CLOCK_MONOTONIC, &files->fresh.at);
	}
	files->sizes[node->id % SIZES].node_id = node->id;
	files->sizes[node->id % SIZES].size = size;
	return size;
}

static bool is_fresh(const struct files *files, uint64_t node_id, pid_t pid)
{
	struct timespec now;

	if (files->fresh.node_id != node_id || files->fresh.pid != pid)
		return false;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec - files->fresh.at.tv_sec) * 1000 +
		       (now.tv_nsec - files->fresh.at.tv_nsec) / 1000000 <
	       FRESH_MS;
}

/* The kernel asks for the attributes again when the file is opened the next time. */
static void forget_size(struct files *files, uint64_t node_id)
{
	files->sizes[node_id % SIZES].node_id = 0;
	(void)fuse_lowlevel_notify_inval_inode(files->session, node_id, -1, 0);
}

static void check_size(struct files *files, uint64_t node_id, size_t len)
{
	if (files->sizes[node_id % SIZES].node_id != node_id ||
	    files->sizes[node_id % SIZES].size != len)
		forget_size(files, node_id);
}

/* From now on it asks at every open(2). */
static void forget_all_sizes(struct files *files)
{
	for (size_t i = 0; i < SIZES; i++)
		if (files->sizes[i].node_id)
			forget_size(files, files->sizes[i].node_id);
}

static void fill_attr(const struct files *files, const struct emu_node *node, struct stat *ret)
{
	*ret = (struct stat){
		.st_ino = node->id,
		.st_mode = node->mode,
		.st_nlink = S_ISDIR(node->mode) ? 2 : 1,
		.st_blksize = 1024,
		.st_atim = files->start,
		.st_mtim = files->start,
		.st_ctim = files->start,
	};
}

static void fill_entry(const struct files *files, const struct emu_node *node,
		       struct fuse_entry_param *ret)
{
	*ret = (struct fuse_entry_param){
		.ino = node->id,
		.attr_timeout = S_ISREG(node->mode) ? 0 : FOREVER, /* its size takes work: on_getattr() */
		.entry_timeout = node->varies ? 0 : FOREVER,
	};
	fill_attr(files, node, &ret->attr);
}

static void on_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct files *files = fuse_req_userdata(req);
	struct fuse_entry_param entry;
	struct emu_reader reader;
	struct emu_node node;
	int r;

	if (parent == EMU_ROOT_ID && strchr(name, FLAT_MARK)) {
		r = find_flat(files, name, &node);
	} else {
		emu_reader_of(files->emu, fuse_req_ctx(req)->pid, &reader);
		r = emu_lookup(files->emu, parent, name, &reader, &node);
	}
	if (r < 0) {
		(void)fuse_reply_err(req, -r);
		return;
	}
	fill_entry(files, &node, &entry);
	(void)fuse_reply_entry(req, &entry);
}

static void on_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct files *files = fuse_req_userdata(req);
	struct emu_node node;
	struct stat st;
	int r = emu_node_of(files->emu, ino, &node);

	(void)fi;
	if (r < 0) {
		(void)fuse_reply_err(req, -r);
		return;
	}
	fill_attr(files, &node, &st);
	st.st_size = (off_t)tell_size(files, &node, fuse_req_ctx(req)->pid);
	(void)fuse_reply_attr(req, &st, files->shared->spliced && S_ISREG(st.st_mode) ? 0 : FOREVER);
}

/* O_TRUNC comes as a change of size; it means as little as it does to the kernel's own files. Nothing else changes. */
static void on_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *attr, int to_set,
		       struct fuse_file_info *fi)
{
	const int harmless = FUSE_SET_ATTR_SIZE | FUSE_SET_ATTR_MTIME | FUSE_SET_ATTR_MTIME_NOW |
			     FUSE_SET_ATTR_CTIME;

	(void)attr;
	if (!(to_set & FUSE_SET_ATTR_SIZE) || to_set & ~harmless)
		(void)fuse_reply_err(req, EPERM);
	else
		on_getattr(req, ino, fi);
}

/* ---- folders ---------------------------------------------------------------------------------------------- */

struct listing {
	fuse_req_t req;
	char *buf;
	size_t room, used;
	bool plus;
};

/* False: it is full. */
static bool add_entry(struct listing *list, const struct files *files, const char *name,
		      const struct emu_node *node, uint64_t next)
{
	struct fuse_entry_param entry;
	char *at = list->buf + list->used;
	size_t left = list->room - list->used, n;

	fill_entry(files, node, &entry);
	if (list->plus)
		n = fuse_add_direntry_plus(list->req, at, left, name, &entry, (off_t)next);
	else
		n = fuse_add_direntry(list->req, at, left, name, &entry.attr, (off_t)next);
	if (n > left)
		return false;
	list->used += n;
	return true;
}

static int list_flat(struct listing *list, const struct files *files, uint64_t pos)
{
	const char *const *paths = emu_mounts();
	struct emu_node node;
	char name[EMU_PATH_MAX];

	for (uint64_t i = 0; paths[i]; i++)
		if (i >= pos && files_flat_name(paths[i], name, sizeof(name)) == 0 &&
		    emu_find(files->emu, paths[i], &node) == 0 &&
		    !add_entry(list, files, name, &node, i + 1))
			break;
	return 0;
}

static int list_nodes(struct listing *list, const struct files *files, uint64_t id, uint64_t pos)
{
	struct emu_reader reader;
	struct emu_node node;
	int r;

	emu_reader_of(files->emu, fuse_req_ctx(list->req)->pid, &reader);
	do
		r = emu_list(files->emu, id, &reader, &pos, &node);
	while (r > 0 && add_entry(list, files, node.name, &node, pos));
	return r < 0 ? r : 0;
}

static void answer_listing(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, bool plus)
{
	struct files *files = fuse_req_userdata(req);
	char buf[WORKER_READ_MAX];
	struct listing list = {
		.req = req,
		.buf = buf,
		.room = size < sizeof(buf) ? size : sizeof(buf),
		.plus = plus,
	};
	int r;

	if (ino == EMU_ROOT_ID)
		r = list_flat(&list, files, (uint64_t)off);
	else
		r = list_nodes(&list, files, ino, (uint64_t)off);
	if (r < 0)
		(void)fuse_reply_err(req, -r);
	else
		(void)fuse_reply_buf(req, buf, list.used);
}

static void on_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
		       struct fuse_file_info *fi)
{
	(void)fi;
	answer_listing(req, ino, size, off, false);
}

static void on_readdirplus(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
			   struct fuse_file_info *fi)
{
	(void)fi;
	answer_listing(req, ino, size, off, true);
}

/* ---- open files ------------------------------------------------------------------------------------------- */

static int make_text(struct files *files, size_t slot, pid_t pid)
{
	struct text *text = &files->texts[slot];
	size_t before = text->emu.room;
	struct emu_reader reader;
	struct emu_node node;
	int r = emu_node_of(files->emu, files->shared->handles[slot].node_id, &node);

	if (r < 0)
		return r;
	if (!text->emu.max)
		text->emu = EMU_TEXT_INIT;
	if (is_fresh(files, node.id, pid)) {
		struct emu_text old = text->emu;

		text->emu = files->fresh.text;
		files->fresh.text = old;
		files->fresh.node_id = 0;
		files->text_bytes += text->emu.room - before;
		text->is_made = true;
		return 0;
	}
	emu_reader_of(files->emu, pid, &reader);
	r = emu_render(files->emu, &node, &reader, &text->emu, NULL);
	files->text_bytes += text->emu.room - before;
	text->is_made = r == 0;
	return r;
}

static void forget_text(struct files *files, size_t slot)
{
	struct text *text = &files->texts[slot];

	files->text_bytes -= text->emu.room;
	emu_text_done(&text->emu);
	*text = (struct text){ 0 };
}

/* The request of a predecessor that is answered once more has its handle already. */
static int take_slot(struct files *files, uint64_t unique, size_t *ret)
{
	const struct shared_handle *handles = files->shared->handles;

	for (size_t i = 0; files->shared->attempts > 1 && i < SHARED_HANDLES_MAX; i++)
		if (handles[i].unique == unique) {
			*ret = i;
			return 0;
		}
	if (files->text_bytes > TEXT_MAX)
		return -ENFILE;
	for (size_t slot = files->next; slot < SHARED_HANDLES_MAX; slot++)
		if (!handles[slot].unique) {
			files->next = slot + 1;
			*ret = slot;
			return 0;
		}
	files->next = SHARED_HANDLES_MAX;
	return -ENFILE;
}

/* -EBADF: the kernel never says what it was not told, but what it was told is as old as the container. */
static int slot_of(const struct files *files, uint64_t fh, fuse_ino_t ino, size_t *ret)
{
	const struct shared_handle *handle;

	if (fh >= SHARED_HANDLES_MAX)
		return -EBADF;
	handle = &files->shared->handles[fh];
	if (!handle->unique || handle->node_id != ino)
		return -EBADF;
	*ret = fh;
	return 0;
}

static void release_slot(struct files *files, size_t slot)
{
	forget_text(files, slot);
	files->shared->handles[slot] = (struct shared_handle){ 0 };
	if (slot < files->next)
		files->next = slot;
}

static void on_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct files *files = fuse_req_userdata(req);
	uint64_t unique = ((const struct fuse_in_header *)files->shared->request)->unique;
	struct shared_handle *handle;
	size_t slot;
	int r;

	r = take_slot(files, unique, &slot);
	if (r < 0) {
		(void)fuse_reply_err(req, -r);
		return;
	}
	handle = &files->shared->handles[slot];
	*handle = (struct shared_handle){ .unique = unique, .node_id = ino };
	if ((fi->flags & O_ACCMODE) != O_WRONLY)
		r = make_text(files, slot, fuse_req_ctx(req)->pid);
	if (r < 0) {
		release_slot(files, slot);
		(void)fuse_reply_err(req, -r);
		return;
	}
	handle->len = (uint32_t)files->texts[slot].emu.len;
	if (files->texts[slot].is_made && !files->shared->spliced)
		check_size(files, ino, handle->len);
	fi->fh = slot;
	fi->direct_io = 1;
	fi->noflush = 1;
	(void)fuse_reply_open(req, fi); /* ENOENT, opener killed: the kernel sends a RELEASE all the same */
}

/* The bytes that are there for a read at @off, made first where they must be. */
static int text_for(struct files *files, size_t slot, off_t off, pid_t pid, const struct text **ret)
{
	struct shared_handle *handle = &files->shared->handles[slot];
	struct text *text = &files->texts[slot];
	bool anew = off == 0 && (text->is_read || !text->is_made);
	int r = 0;

	if (anew || !text->is_made)
		r = make_text(files, slot, pid);
	if (r < 0)
		return r;
	if (anew)
		handle->len = (uint32_t)text->emu.len;
	else if (text->emu.len > handle->len) /* another worker told how long it is */
		text->emu.len = handle->len;
	text->is_read = true;
	*ret = text;
	return 0;
}

/* For the page cache: read(2) is on behalf of somebody, and says so. */
static bool is_cached_read(const struct files *files)
{
	const struct fuse_in_header *in = (const void *)files->shared->request;
	const struct fuse_read_in *arg = (const void *)(in + 1);

	return !(arg->read_flags & FUSE_READ_LOCKOWNER);
}

static void on_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi)
{
	struct files *files = fuse_req_userdata(req);
	const struct text *text = NULL;
	size_t slot, left;
	int r = slot_of(files, fi->fh, ino, &slot);

	if (r == 0)
		r = text_for(files, slot, off, fuse_req_ctx(req)->pid, &text);
	if (r < 0) {
		(void)fuse_reply_err(req, -r);
		return;
	}
	if (is_cached_read(files) && !files->shared->spliced) {
		files->shared->spliced = 1;
		forget_all_sizes(files);
	}
	if (off < 0 || (size_t)off >= text->emu.len) {
		(void)fuse_reply_buf(req, NULL, 0);
		return;
	}
	left = text->emu.len - (size_t)off;
	(void)fuse_reply_buf(req, text->emu.data + off, left < size ? left : size);
}

static void on_write(fuse_req_t req, fuse_ino_t ino, const char *buf, size_t size, off_t off,
		     struct fuse_file_info *fi)
{
	struct files *files = fuse_req_userdata(req);
	struct emu_node node;
	ssize_t n = emu_node_of(files->emu, ino, &node);

	(void)fi;
	if (n == 0) /* a piece as long as can be is one of many: nothing that long is a value */
		n = size >= WORKER_WRITE_MAX ? -EINVAL :
					       emu_write(files->emu, &node, off, buf, size, NULL);
	files->fresh.node_id = 0; /* whose length was asked for at its open(2) */
	if (n < 0)
		(void)fuse_reply_err(req, (int)-n);
	else
		(void)fuse_reply_write(req, (size_t)n);
}

static void on_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct files *files = fuse_req_userdata(req);
	size_t slot;

	if (slot_of(files, fi->fh, ino, &slot) == 0)
		release_slot(files, slot);
	(void)fuse_reply_err(req, 0);
}

/* ---- the session ------------------------------------------------------------------------------------------ */

static void on_init(void *data, struct fuse_conn_info *conn)
{
	(void)data;
	conn->max_read = WORKER_READ_MAX;
	conn->max_write = WORKER_WRITE_MAX;
	conn->max_readahead = 0;
	conn->want &= ~(unsigned int)(FUSE_CAP_SPLICE_READ | FUSE_CAP_SPLICE_WRITE |
				      FUSE_CAP_SPLICE_MOVE | FUSE_CAP_ATOMIC_O_TRUNC);
	conn->want |= conn->capable & FUSE_CAP_NO_OPENDIR_SUPPORT;
}

/* A folder needs no handle; the kernel asks once: FUSE_NO_OPENDIR_SUPPORT. */
static void on_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	(void)ino;
	(void)fi;
	(void)fuse_reply_err(req, ENOSYS);
}

/*
 * Character devices, which we have none of. libfuse's own function of this name would bring all of its high-level library into
 * the program, and dlopen(3) with it.
 */
void cuse_lowlevel_init(fuse_req_t req, fuse_ino_t ino, const void *arg);
void cuse_lowlevel_init(fuse_req_t req, fuse_ino_t ino, const void *arg)
{
	(void)ino;
	(void)arg;
	(void)fuse_reply_err(req, ENOSYS);
}

static const struct fuse_lowlevel_ops operations = {
	.init = on_init,
	.lookup = on_lookup,
	.getattr = on_getattr,
	.setattr = on_setattr,
	.open = on_open,
	.read = on_read,
	.write = on_write,
	.release = on_release,
	.opendir = on_opendir,
	.readdir = on_readdir,
	.readdirplus = on_readdirplus,
};

int files_new(struct emu *emu, struct shared *shared, struct files **ret, struct error *err)
{
	struct files *files = calloc(1, sizeof(*files));

	if (!files)
		return error_set(err, ENOMEM, "files");
	files->emu = emu;
	files->shared = shared;
	(void)clock_gettime(CLOCK_REALTIME, &files->start);
	*ret = files;
	return 0;
}

struct fuse_session *files_session(struct files *files)
{
	char name[] = "bulwark-monitor", option[] = "-omax_read=16384";
	char *argv[] = { name, option, NULL };
	struct fuse_args args = FUSE_ARGS_INIT(2, argv);

	_Static_assert(WORKER_READ_MAX == 16384, "the option says the same");
	files->fresh.text = EMU_TEXT_INIT;
	files->session = fuse_session_new(&args, &operations, sizeof(operations), files);
	fuse_opt_free_args(&args); /* what libfuse made of them */
	return files->session;
}
