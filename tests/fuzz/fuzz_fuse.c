/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzzes what the kernel asks of a worker on behalf of a container: the handlers of files.c, through libfuse, on a connection
 * that is two functions. An input is a list of requests: a byte chooses the opcode, and what follows fills in what a
 * container chooses: names, offsets, sizes, flags, data. The frame is the kernel's: a name has an end, a WRITE has as many bytes
 * as it says; unknown opcodes are followed by anything, and zeros.
 *
 * Of each it asserts one answer of the length and number that it should have, with an errno of the kernel's range; and that an
 * open file is read as long as it said it was.
 */
#include "fuzz.h"

#include <fcntl.h>
#include <sys/uio.h>

#include "../../userspace/monitor/files.c"
#include "emu.h"

#define OPS_MAX 64 /* requests of one input */
#define NODES_MAX 512

/* ---- the host: a few lines for every file ---- */

static const char *const kernel_files[] = {
	"cpu  1 2 3 4 5 6 7 8 9 10\ncpu0 1 2 3 4 5 6 7 8 9 10\n",
	"0-3\n",
	"MemTotal: 16777216 kB\nSwapTotal: 1024 kB\n",
	"processor\t: 0\nsiblings\t: 2\n\nprocessor\t: 1\nsiblings\t: 2\n\n",
	"60\n",
	"max 100000\n",
	"some avg10=1.00 avg60=1.00 avg300=1.00 total=5\n",
	"0::/a/b\n",
};

/* In the place of read.c: no file is opened. */
const char *emu_read(struct emu *emu, int dir_fd, const char *path, bool keep)
{
	(void)emu;
	(void)keep;
	return dir_fd < 0 ?
		       NULL :
		       kernel_files[strlen(path) % (sizeof(kernel_files) / sizeof(kernel_files[0]))];
}

static void fuzz_clock(struct emu_clock *ret)
{
	static struct emu_clock now = { 1000 * EMU_NSEC_PER_SEC, 2000 * EMU_NSEC_PER_SEC };

	now.boot_ns += EMU_FRESH_NS; /* nothing is fresh */
	now.real_ns += EMU_FRESH_NS;
	*ret = now;
}

/* ---- the connection ---- */

static struct {
	struct shared *shared;
	struct emu *emu;
	struct files *files;
	struct fuse_session *session;
	uint64_t unique;
	uint32_t asked;	      /* bytes that a READ may bring */
	unsigned int answers; /* to the request that is being worked on */
	struct fuse_out_header out;
	char body[2 * WORKER_READ_MAX];
} at;

static uint64_t nodes[NODES_MAX];
static size_t n_nodes;

static void note_node(uint64_t id)
{
	for (size_t i = 0; i < n_nodes; i++)
		if (nodes[i] == id)
			return;
	if (n_nodes < NODES_MAX && id)
		nodes[n_nodes++] = id;
}

static ssize_t take_request(int fd, void *buf, size_t size, void *data)
{
	const struct fuse_in_header *in = (const void *)at.shared->request;

	(void)fd;
	(void)data;
	FUZZ_CHECK(in->len <= size);
	memcpy(buf, in, in->len);
	return in->len;
}

static ssize_t take_answer(int fd, struct iovec *iov, int count, void *data)
{
	size_t len = 0, body = 0;

	(void)fd;
	(void)data;
	FUZZ_CHECK(count >= 1 && iov[0].iov_len >= sizeof(at.out));
	memcpy(&at.out, iov[0].iov_base, sizeof(at.out));
	for (int i = 0; i < count; i++) {
		const char *from = iov[i].iov_base;
		size_t n = iov[i].iov_len, skip = i ? 0 : sizeof(at.out);

		len += n;
		FUZZ_CHECK(body + n - skip <= sizeof(at.body));
		memcpy(at.body + body, from + skip, n - skip);
		body += n - skip;
	}
	FUZZ_CHECK(at.out.len == len);
	if (!at.out.unique) /* a notification */
		return (ssize_t)len;
	FUZZ_CHECK(at.out.unique == at.unique);
	FUZZ_CHECK(at.out.error <= 0 && at.out.error > -1000);
	FUZZ_CHECK(at.out.error == 0 || body == 0);
	at.answers++;
	return (ssize_t)len;
}

/* The body is in place. Return: the answer's errno, 0 when it is none. */
static int ask(uint32_t opcode, uint64_t node, size_t body)
{
	struct fuse_in_header *in = (void *)at.shared->request;
	struct fuse_buf buf = { 0 };

	*in = (struct fuse_in_header){ .len = (uint32_t)(sizeof(*in) + body),
				       .opcode = opcode,
				       .unique = at.unique += 2,
				       .nodeid = node,
				       .pid = 5 };
	at.shared->attempts = 1;
	at.answers = 0;
	at.out = (struct fuse_out_header){ 0 };
	FUZZ_CHECK(fuse_session_receive_buf(at.session, &buf) == (int)in->len);
	fuse_session_process_buf(at.session, &buf);
	free(buf.mem);
	FUZZ_CHECK(at.answers == (opcode == FUSE_FORGET || opcode == FUSE_BATCH_FORGET ||
						  opcode == FUSE_INTERRUPT ?
					  0 :
					  1));
	return -at.out.error;
}

static void *body_of(size_t size)
{
	char *body = at.shared->request + sizeof(struct fuse_in_header);

	memset(body, 0, size);
	return body;
}

static void begin(void)
{
	static const struct fuse_custom_io io = { .read = take_request, .writev = take_answer };
	struct emu_sources sources = EMU_SOURCES_INIT;
	static struct emu_sources kept;
	struct error err = ERROR_INIT;
	struct fuse_init_in *init;

	sources.proc_fd = sources.sys_fd = 1000000; /* numbers of no descriptor */
	sources.cgroup_fd[EMU_CGROUP_V2] = 1000000;
	strcpy(sources.cgroup_path[EMU_CGROUP_V2], "/a/b");
	kept = sources;
	at.shared = aligned_alloc(4096, (sizeof(*at.shared) + 4095) & ~4095UL);
	FUZZ_CHECK(at.shared);
	memset(at.shared, 0, sizeof(*at.shared));
	FUZZ_CHECK(emu_new(&kept, at.shared->state, true, NULL, &at.emu, &err) == 0);
	at.emu->clock = fuzz_clock;
	FUZZ_CHECK(files_new(at.emu, at.shared, &at.files, &err) == 0);
	at.session = files_session(at.files);
	FUZZ_CHECK(at.session &&
		   fuse_session_custom_io(at.session, &io, open("/dev/null", O_RDWR)) == 0);
	init = body_of(sizeof(*init));
	*init = (struct fuse_init_in){ .major = 7,
				       .minor = 38,
				       .max_readahead = 4096,
				       .flags = FUSE_DO_READDIRPLUS | FUSE_NO_OPENDIR_SUPPORT |
						FUSE_BIG_WRITES | FUSE_MAX_PAGES };
	FUZZ_CHECK(ask(FUSE_INIT, 0, sizeof(*init)) == 0);
	note_node(EMU_ROOT_ID);
	for (const char *const *path = emu_mounts(); *path; path++) {
		struct emu_node node;

		if (emu_find(at.emu, *path, &node) == 0)
			note_node(node.id);
	}
}

/* ---- what a container chooses ---- */

struct input {
	const uint8_t *data;
	size_t size;
};

static uint64_t take(struct input *in, size_t n)
{
	uint64_t value = 0;

	for (size_t i = 0; i < n && in->size; i++, in->data++, in->size--)
		value |= (uint64_t)*in->data << (8 * i);
	return value;
}

static void take_bytes(struct input *in, void *to, size_t n)
{
	n = n < in->size ? n : in->size;
	memcpy(to, in->data, n);
	in->data += n;
	in->size -= n;
}

/* One that there is, mostly; the kernel asks for no other, but a container can have it ask late. */
static uint64_t take_node(struct input *in)
{
	uint8_t which = (uint8_t)take(in, 1);

	return which == 255 ? take(in, 8) : nodes[(which | take(in, 1) << 8) % n_nodes];
}

static void do_lookup(struct input *in, uint64_t node)
{
	size_t len = take(in, 1) % 64;
	char *name = body_of(len + 1);
	const struct fuse_entry_out *entry = (const void *)at.body;

	take_bytes(in, name, len);
	if (ask(FUSE_LOOKUP, node, strlen(name) + 1) == 0)
		note_node(entry->nodeid);
}

static void do_open(struct input *in, uint64_t node)
{
	struct fuse_open_in *arg = body_of(sizeof(*arg));
	const struct fuse_open_out *out = (const void *)at.body;
	struct fuse_read_in *read_arg;
	uint64_t fh;

	arg->flags = (uint32_t)take(in, 3);
	if (ask(FUSE_OPEN, node, sizeof(*arg)) != 0)
		return;
	fh = out->fh;
	FUZZ_CHECK(fh < SHARED_HANDLES_MAX && at.shared->handles[fh].node_id == node);
	read_arg = body_of(sizeof(*read_arg));
	*read_arg =
		(struct fuse_read_in){ .fh = fh, .size = 4096, .read_flags = FUSE_READ_LOCKOWNER };
	if (ask(FUSE_READ, node, sizeof(*read_arg)) == 0)
		FUZZ_CHECK(at.out.len - sizeof(at.out) <= at.shared->handles[fh].len);
}

static void do_read(struct input *in, uint64_t node, uint32_t opcode)
{
	struct fuse_read_in *arg = body_of(sizeof(*arg));

	*arg = (struct fuse_read_in){ .fh = take(in, 2),
				      .offset = take(in, 1) & 1 ? take(in, 8) : take(in, 2),
				      .size = (uint32_t)take(in, 3) % (WORKER_READ_MAX + 1),
				      .read_flags = (uint32_t)take(in, 1) };
	at.asked = arg->size;
	if (ask(opcode, node, sizeof(*arg)) == 0)
		FUZZ_CHECK(at.out.len - sizeof(at.out) <= at.asked);
}

static void do_write(struct input *in, uint64_t node)
{
	struct fuse_write_in *arg;
	size_t size = take(in, 1) & 1 ? take(in, 2) % (WORKER_WRITE_MAX + 1) : take(in, 1) % 64;
	const struct fuse_write_out *out = (const void *)at.body;

	arg = body_of(sizeof(*arg) + size);
	*arg = (struct fuse_write_in){ .fh = take(in, 2),
				       .offset = take(in, 1) & 1 ? take(in, 8) : 0,
				       .size = (uint32_t)size };
	take_bytes(in, arg + 1, size);
	if (ask(FUSE_WRITE, node, sizeof(*arg) + size) == 0)
		FUZZ_CHECK(out->size <= size);
}

static void do_release(uint64_t node, uint64_t fh)
{
	struct fuse_release_in *arg = body_of(sizeof(*arg));

	arg->fh = fh;
	(void)ask(FUSE_RELEASE, node, sizeof(*arg));
}

/* INIT and DESTROY are the kernel's own; what has two names or needs a device is not libfuse's to read past its end. */
static void do_other(struct input *in, uint64_t node)
{
	uint32_t opcode = (uint32_t)take(in, 1);
	size_t size = 256 + take(in, 1);

	if (opcode == FUSE_INIT || opcode == FUSE_DESTROY || opcode == FUSE_FORGET ||
	    opcode == FUSE_BATCH_FORGET || opcode == FUSE_INTERRUPT ||
	    opcode == FUSE_NOTIFY_REPLY || opcode >= CUSE_INIT || opcode == FUSE_WRITE ||
	    opcode == FUSE_READ || opcode == FUSE_READDIR || opcode == FUSE_READDIRPLUS)
		return;
	take_bytes(in, body_of(size), size - 128);
	(void)ask(opcode, node, size);
}

static void do_one(struct input *in)
{
	uint8_t what = (uint8_t)take(in, 1);
	uint64_t node = take_node(in);

	switch (what % 9) {
	case 0:
		do_lookup(in, node);
		break;
	case 1:
		do_open(in, node);
		break;
	case 2:
		do_read(in, node, FUSE_READ);
		break;
	case 3:
		do_write(in, node);
		break;
	case 4:
		do_release(node, take(in, 2));
		break;
	case 5:
		do_read(in, node, FUSE_READDIR);
		break;
	case 6:
		do_read(in, node, FUSE_READDIRPLUS);
		break;
	case 7:
		take_bytes(in, body_of(sizeof(struct fuse_setattr_in)),
			   sizeof(struct fuse_setattr_in));
		(void)ask(FUSE_SETATTR, node, sizeof(struct fuse_setattr_in));
		break;
	default:
		do_other(in, node);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };

	if (!at.shared)
		begin();
	for (int i = 0; i < OPS_MAX && in.size; i++)
		do_one(&in);
	/* the kernel closes what is open; and no input knows of another */
	for (uint64_t i = 0; i < SHARED_HANDLES_MAX && at.files->text_bytes; i++)
		if (at.shared->handles[i].unique)
			do_release(at.shared->handles[i].node_id, i);
	for (uint64_t i = 0; i < 64; i++)
		if (at.shared->handles[i].unique)
			do_release(at.shared->handles[i].node_id, i);
	FUZZ_CHECK(at.files->text_bytes == 0);
	at.files->next = 0;
	at.shared->spliced = 0;
	memset(at.shared->state, 0, 4096);
	return 0;
}
