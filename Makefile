# SPDX-License-Identifier: GPL-2.0-or-later
# Everything is built from here; outputs go to build/. `make help` lists the targets.

# The one place where the version stands. A release is the commit with the tag v$(VERSION).
VERSION := 0.1.0
COMMIT := $(shell git describe --always --dirty --abbrev=12 --match 'v[0-9]*' 2>/dev/null || echo unknown)

PREFIX ?= /usr/local
DESTDIR ?=
# SYSTEMD=0 leaves out the one program that needs libsystemd; then --systemd-cgroup is refused.
SYSTEMD ?= 1
FUZZ_SECONDS ?= 8
BENCH_RUNS ?= 100
CLANG ?= clang
ifeq ($(origin CC),default)
CC := gcc
endif

# SANITIZE=address,undefined builds everything a second time, in a folder of its own.
comma := ,
B := build$(if $(SANITIZE),/san-$(subst $(comma),-,$(SANITIZE)))
export B CC CLANG COMMIT FUZZ_SECONDS

# V=1 shows the commands.
Q := $(if $(filter 1,$(V)),,@)
say = $(if $(filter 1,$(V)),,@printf '  %-5s %s\n' '$(1)' '$(2)')

# ---- flags ----

WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wno-missing-field-initializers \
	$(if $(filter 0,$(WERROR)),,-Werror)

# -iquote, not -I: <seccomp.h> is libseccomp's, "seccomp.h" is ours.
our_cppflags := -D_GNU_SOURCE -iquote userspace/lib -iquote userspace/emulation -iquote runtime -iquote bpf
our_cflags := -std=gnu11 -O2 -g -fPIE -fno-common $(WARNINGS)
our_libs := -ljansson -lseccomp -lcap -lm
# Units lie where systemd says; without pkg-config's word, where it looks on every system.
UNITDIR ?= $(or $(shell pkg-config --variable=systemdsystemunitdir systemd 2>/dev/null),/usr/lib/systemd/system)
# Programs that bulwark runs lie here; its test build runs those of the folder it is built in.
libexec := $(PREFIX)/libexec/bulwark
# With all that they need: it is static, too, so that no update of a library comes between the programs and their loader.
ctl_libs := $(or $(shell pkg-config --static --libs libbpf jansson 2>/dev/null),-lbpf -lelf -lz -ljansson)
monitor_libs := -lfuse3

ifneq ($(SANITIZE),)
# Sanitizers need the dynamic C library, and do the work of the flags below better.
our_cflags += -fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer
link_static := -fsanitize=$(SANITIZE) -pie
link_dynamic := -fsanitize=$(SANITIZE) -pie
else
our_cppflags += -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
our_cflags += -fstack-protector-strong -fstack-clash-protection -ffunction-sections -fdata-sections
# One file that needs nothing of the host, and starts in half a millisecond less than a dynamic one.
link_static := -static-pie -Wl,--gc-sections -Wl,-z,relro,-z,now,-z,noexecstack
link_dynamic := -pie -Wl,-z,relro,-z,now,-z,noexecstack
endif

ifneq ($(COVERAGE),)
our_cflags += --coverage -O0
our_cppflags += -U_FORTIFY_SOURCE -DCOVERAGE
link_static := -pie --coverage
link_dynamic := -pie --coverage
endif

# The verifier is part of the compiler: one version of it, everywhere. -mcpu=v3: atomic compare and exchange.
multiarch := $(shell $(CC) -print-multiarch 2>/dev/null)
compile_bpf = $(CLANG) --target=bpf -mcpu=v3 -O2 -g -Wall -Wextra -Wno-unused-parameter $(if $(filter 0,$(WERROR)),,-Werror) \
	-D__TARGET_ARCH_$(patsubst x86_64,x86,$(patsubst aarch64,arm64,$(shell uname -m))) -I/usr/include/$(multiarch) \
	-iquote vmlinux -iquote bpf -MMD -MP

compile = $(CC) $(our_cppflags) $(CPPFLAGS) $(our_cflags) $(CFLAGS) -MMD -MP
version_flags := -DBULWARK_VERSION='"$(VERSION)"' -DBULWARK_COMMIT='"$(COMMIT)"'

# ---- what is built from what ----

lib_sources := $(wildcard userspace/lib/*.c)
emulation_sources := $(wildcard userspace/emulation/*.c)
runtime_sources := $(wildcard runtime/*.c)
systemd_sources := $(wildcard userspace/systemd/*.c)
ctl_sources := $(wildcard userspace/ctl/*.c)
monitor_sources := $(wildcard userspace/monitor/*.c)
unit_sources := $(wildcard tests/unit/test_*.c)
fuzz_sources := $(wildcard tests/fuzz/fuzz_*.c)
bench_sources := $(wildcard tests/bench/*.c)
probe_sources := $(wildcard tests/integration/probes/*.c)
vm_probe_sources := $(wildcard tests/vm/probes/*.c)
manpages := $(wildcard docs/man/*.8)
units := $(if $(filter 0,$(SYSTEMD)),,$(notdir $(wildcard userspace/units/*.service userspace/units/*.slice)))

lib_objects := $(lib_sources:userspace/lib/%.c=$B/lib/%.o)
emulation_objects := $(emulation_sources:userspace/emulation/%.c=$B/emulation/%.o)
ctl_objects := $(ctl_sources:userspace/ctl/%.c=$B/ctl/%.o)
monitor_objects := $(monitor_sources:userspace/monitor/%.c=$B/monitor/%.o)
runtime_objects := $(runtime_sources:runtime/%.c=$B/runtime/%.o)
# The second build of the same sources: its policy, state and cache live below /run/bulwark-test (runtime/paths.h).
test_objects := $(runtime_sources:runtime/%.c=$B/test/runtime/%.o)
systemd_objects := $(systemd_sources:userspace/systemd/%.c=$B/systemd/%.o)
helpers := $(if $(filter 0,$(SYSTEMD)),,$B/bulwark-systemd) $B/bulwark-monitor
unit_programs := $(unit_sources:tests/unit/%.c=$B/unit/%)
fuzz_programs := $(fuzz_sources:tests/fuzz/%.c=$B/fuzz/%)
bench_programs := $(bench_sources:tests/bench/%.c=$B/bench/%)
probe_programs := $(probe_sources:tests/integration/probes/%.c=$B/probes/%) $(vm_probe_sources:tests/vm/probes/%.c=$B/vm-probes/%)

# Only these see the version: a new commit does not compile the rest again.
versioned_sources := $(if $(runtime_sources),$(shell grep -lE 'BULWARK_(VERSION|COMMIT)' $(runtime_sources)))
versioned_objects := $B/ctl/main.o $(versioned_sources:runtime/%.c=$B/runtime/%.o) $(versioned_sources:runtime/%.c=$B/test/runtime/%.o)

# The same for where programs lie.
placed_sources := $(if $(runtime_sources),$(shell grep -lE 'PATHS_(SYSTEMD|CTL|MONITOR)' $(runtime_sources)))
placed_objects := $B/ctl/upgrade.o $(placed_sources:runtime/%.c=$B/runtime/%.o) $(placed_sources:runtime/%.c=$B/test/runtime/%.o)
place_flags = -DBULWARK_LIBEXEC='"$(if $(filter $B/test/%,$@),$(abspath $B),$(libexec))"' \
	-DBULWARK_SBIN='"$(if $(filter $B/test/%,$@),$(abspath $B),$(PREFIX)/sbin)"'

.DELETE_ON_ERROR:
.SUFFIXES:
.PHONY: all unit-programs fuzz-programs bench-programs probes check check-root check-vm test test-full format lint bench fuzz coverage \
	install uninstall clean help FORCE

all: $B/bulwark $B/test/bulwark $B/bulwarkctl $(helpers)

$B/bulwark: $(runtime_objects) $B/libbulwark.a $B/stamp-link
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $(link_static) -o $@ $(filter %.o %.a,$^) $(our_libs)

$B/test/bulwark: $B/test/runtime/main.o $B/test/libruntime.a $B/libbulwark.a $B/stamp-link
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $(link_static) -o $@ $(filter %.o %.a,$^) $(our_libs)

# Dynamic: what it says to systemd takes systemd's library, which the static programs do without.
$B/bulwark-systemd: $(systemd_objects) $B/libbulwark.a $B/stamp-link
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $(link_dynamic) -o $@ $(filter %.o %.a,$^) -lsystemd

# Static, too: it is started with every container.
$B/bulwark-monitor: $(monitor_objects) $B/libemulation.a $B/libbulwark.a $B/stamp-link
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $(link_static) -o $@ $(filter %.o %.a,$^) $(monitor_libs)

# The same, with workers that turn against their keeper, or are of no use: monitor.bats, upgrade.bats.
hostile_programs := $B/hostile/bulwark-monitor $B/hostile/quitter $B/hostile/sleeper
$B/hostile/bulwark-monitor: $B/hostile/worker.o
$B/hostile/quitter: $B/hostile/quitter.o
$B/hostile/sleeper: $B/hostile/sleeper.o
$(hostile_programs): $(monitor_objects) $B/libemulation.a $B/libbulwark.a $B/stamp-link
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $(link_static) -Wl,--wrap=worker_main -o $@ $(filter %.o %.a,$^) $(monitor_libs)

$B/hostile/%.o: tests/integration/hostile/%.c $B/stamp-compile
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D) && $(compile) -iquote userspace/monitor -c -o $@ $<

$B/bulwarkctl: $(ctl_objects) $B/libbulwark.a $B/stamp-link
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $(link_static) -o $@ $(filter %.o %.a,$^) $(ctl_libs)

# The next version of bulwarkctl, with one hook more: bpf_ctl.bats. Of the library, one file knows the hooks.
newer_objects := $(ctl_sources:userspace/ctl/%.c=$B/newer/%.o) $B/newer/lsm.o

$B/newer/bulwarkctl: $(newer_objects) $B/libbulwark.a $B/stamp-link
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $(link_static) -o $@ $(filter %.o %.a,$^) $(ctl_libs)

compile_newer = mkdir -p $(@D) && $(compile) -include tests/vm/newer/later.h -DBULWARK_VERSION='"$(VERSION).newer"' \
	-DBULWARK_COMMIT='"newer"' -DLSM_OBJECT_FILE='"$B/newer/bulwark.bpf.o"' -c -o $@ $<

$B/newer/%.o: userspace/ctl/%.c $B/stamp-compile
	$(call say,CC,$@)
	$(Q)$(compile_newer)

$B/newer/lsm.o: userspace/lib/lsm.c $B/stamp-compile
	$(call say,CC,$@)
	$(Q)$(compile_newer)

$B/newer/object.o: $B/newer/bulwark.bpf.o

$B/newer/%.bpf.o: tests/vm/newer/%.bpf.c $B/stamp-bpf
	$(call say,BPF,$@)
	$(Q)mkdir -p $(@D) && $(compile_bpf) -c -o $@ $< && llvm-strip -g $@

$B/unit/%: $B/unit/%.o $B/test/libruntime.a $B/libemulation.a $B/libbulwark.a $B/stamp-link
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $(link_dynamic) -o $@ $(filter %.o %.a,$^) -lcmocka $(our_libs)

$B/fuzz/%: $B/fuzz/%.o $B/test/libruntime.a $B/libemulation.a $B/libbulwark.a $B/stamp-link
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $(link_dynamic) -fsanitize=fuzzer -o $@ $(filter %.o %.a,$^) $(our_libs) $(fuzz_libs)

$B/fuzz/fuzz_fuse: fuzz_libs = $(monitor_libs)

archive = rm -f $@ && ar rcsD $@ $(filter %.o,$^)

$B/libbulwark.a: $(lib_objects) $B/stamp-lib
	$(call say,AR,$@)
	$(Q)$(archive)

# What a container reads in /proc and /sys: for bulwark-monitor.
$B/libemulation.a: $(emulation_objects) $B/stamp-emulation
	$(call say,AR,$@)
	$(Q)$(archive)

$B/test/libruntime.a: $(filter-out %/main.o,$(test_objects)) $B/stamp-runtime
	$(call say,AR,$@)
	$(Q)$(archive)

$B/lib/%.o: userspace/lib/%.c $B/stamp-compile
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D) && $(compile) -c -o $@ $<

$B/emulation/%.o: userspace/emulation/%.c $B/stamp-compile
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D) && $(compile) -c -o $@ $<

$B/monitor/%.o: userspace/monitor/%.c $B/stamp-compile
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D) && $(compile) -c -o $@ $<

$B/systemd/%.o: userspace/systemd/%.c $B/stamp-compile
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D) && $(compile) -c -o $@ $<

$B/ctl/%.o: userspace/ctl/%.c $B/stamp-compile
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D) && $(compile) $(if $(filter $@,$(versioned_objects)),$(version_flags)) \
		$(if $(filter $@,$(placed_objects)),$(place_flags)) -DLSM_OBJECT_FILE='"$B/bpf/bulwark.bpf.o"' -c -o $@ $<

# It carries the programs.
$B/ctl/object.o: $B/bpf/bulwark.bpf.o

# Stripped of what only a debugger reads; BTF stays.
$B/bpf/%.bpf.o: bpf/%.bpf.c $B/stamp-bpf
	$(call say,BPF,$@)
	$(Q)mkdir -p $(@D) && $(compile_bpf) -c -o $@ $< && llvm-strip -g $@

$B/runtime/%.o: runtime/%.c $B/stamp-compile
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D) && $(compile) $(if $(filter $@,$(versioned_objects)),$(version_flags)) \
		$(if $(filter $@,$(placed_objects)),$(place_flags)) -c -o $@ $<

$B/test/runtime/%.o: runtime/%.c $B/stamp-compile
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D) && $(compile) -DBULWARK_TEST_BUILD \
		$(if $(filter $@,$(versioned_objects)),$(version_flags)) \
		$(if $(filter $@,$(placed_objects)),$(place_flags)) -c -o $@ $<

$B/unit/%.o: tests/unit/%.c $B/stamp-compile
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D) && $(compile) -DBULWARK_TEST_BUILD -c -o $@ $<

$B/fuzz/%.o: tests/fuzz/%.c $B/stamp-compile
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D) && $(compile) -DBULWARK_TEST_BUILD -c -o $@ $<

# What measures others has nothing of ours in it, and starts as fast as can be.
$B/bench/%: tests/bench/%.c $B/stamp-compile $B/stamp-link
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D) && $(compile) $(LDFLAGS) $(link_static) -o $@ $<

# It makes the maps of our BPF object, by libbpf.
$B/bench/maps: tests/bench/maps.c $B/bpf/bulwark.bpf.o $B/stamp-compile $B/stamp-link
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D) && $(compile) $(LDFLAGS) $(link_static) -o $@ $< $(ctl_libs)

# What attacks from inside a container has only itself; no flag of ours makes it other than what an attacker would build.
$B/probes/%: tests/integration/probes/%.c
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D) && $(CC) -std=gnu11 -D_GNU_SOURCE -O2 $(WARNINGS) -static -o $@ $<

# What puts itself into a container by hand, and attacks from there. It knows the maps, so it has our library.
$B/vm-probes/%: tests/vm/probes/%.c $B/libbulwark.a $B/stamp-compile
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D) && $(compile) $(LDFLAGS) -static -o $@ $< $B/libbulwark.a

$(versioned_objects): $B/stamp-version
$(placed_objects): $B/stamp-place

# A stamp changes when its text does, and with it all that was made from that text: flags, and lists of files (an archive
# must lose the object of a file that was removed).
$B/stamp-compile: text = $(shell $(CC) --version | head -n 1) $(compile)
$B/stamp-bpf: text = $(shell $(CLANG) --version 2>/dev/null | head -n 1) $(compile_bpf)
$B/stamp-link: text = $(CFLAGS) $(LDFLAGS) $(link_static) $(link_dynamic) $(our_libs) $(ctl_libs) $(monitor_libs) $(monitor_sources) $(runtime_sources) $(ctl_sources)
$B/stamp-version: text = $(version_flags)
$B/stamp-place: text = $(libexec) $(abspath $B)
$B/stamp-lib: text = $(lib_sources)
$B/stamp-emulation: text = $(emulation_sources)
$B/stamp-runtime: text = $(runtime_sources)
quote = '$(subst ','\'',$(1))'
$B/stamp-%: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' $(call quote,$(text)) | cmp -s - $@ || printf '%s\n' $(call quote,$(text)) >$@
FORCE:

-include $(wildcard $B/lib/*.d $B/emulation/*.d $B/systemd/*.d $B/runtime/*.d $B/test/runtime/*.d $B/unit/*.d $B/fuzz/*.d \
	$B/bench/*.d $B/ctl/*.d $B/bpf/*.d $B/vm-probes/*.d $B/monitor/*.d $B/hostile/*.d $B/newer/*.d)
.SECONDARY: # keep the objects of tests: they are not rubbish between two builds

# ---- tests: scripts/run-tests says what a tier is ----

unit-programs: $(unit_programs)
fuzz-programs: $(fuzz_programs)
bench-programs: $(bench_programs)
probes: $(probe_programs) $(hostile_programs) $B/newer/bulwarkctl

check:
	@scripts/run-tests unit

check-root:
	@scripts/run-tests root

check-vm:
	@scripts/run-tests vm

TIERS = all
test:
	@scripts/setup test
	@scripts/run-tests $(TIERS)

test-full:
	@scripts/setup test
	@scripts/run-tests full

fuzz:
	@scripts/run-tests fuzz

bench:
	@BENCH_RUNS=$(BENCH_RUNS) scripts/run-tests bench

coverage:
	@$(MAKE) --no-print-directory B=build/coverage COVERAGE=1 unit-programs
	@scripts/coverage build/coverage

# ---- the look of the code ----

c_files = $(wildcard userspace/*/*.[ch] runtime/*.[ch] bpf/*.[ch] tests/*/*.[ch] tests/*/*/*.[ch])

format:
	$(Q)clang-format -i $(c_files)

lint:
	@scripts/lint $(our_cppflags) -std=gnu11

# ---- install ----

install: $B/bulwark $B/bulwarkctl $(helpers)
	install -D -m 0755 $B/bulwark $(DESTDIR)$(PREFIX)/sbin/bulwark
	install -D -m 0755 $B/bulwarkctl $(DESTDIR)$(PREFIX)/sbin/bulwarkctl
	install -d $(DESTDIR)$(libexec)
	install -m 0755 $(helpers) $(DESTDIR)$(libexec)/
	$(if $(manpages),install -d $(DESTDIR)$(PREFIX)/share/man/man8)
	$(if $(manpages),install -m 0644 $(manpages) $(DESTDIR)$(PREFIX)/share/man/man8/)
	$(if $(units),install -d $(DESTDIR)$(UNITDIR))
	set -e; umask 022; for unit in $(units); do \
		sed 's|@SBIN@|$(PREFIX)/sbin|g' userspace/units/$$unit >$(DESTDIR)$(UNITDIR)/$$unit; done

uninstall:
	rm -f $(DESTDIR)$(PREFIX)/sbin/bulwark $(DESTDIR)$(PREFIX)/sbin/bulwarkctl $(DESTDIR)$(libexec)/bulwark-systemd $(DESTDIR)$(libexec)/bulwark-monitor
	rmdir $(DESTDIR)$(libexec) 2>/dev/null || true
	$(if $(manpages),rm -f $(addprefix $(DESTDIR)$(PREFIX)/share/man/man8/,$(notdir $(manpages))))
	$(if $(units),rm -f $(addprefix $(DESTDIR)$(UNITDIR)/,$(units)))

clean:
	rm -rf build

help:
	@printf '%s\n' \
	'make             build/bulwark, build/bulwarkctl, build/bulwark-systemd, and build/test/bulwark for the tests' \
	'make check       unit tests; no root' \
	'make check-root  integration tests on this machine; root' \
	'make check-vm    those tagged vm, in QEMU guests: Linux 6.1 and 6.12, cgroup v2; root' \
	'make test        installs missing test tools and runs every tier; root' \
	'make test-full   the same, with long runs; root, hours' \
	'make lint        clang-format, clang-tidy, cppcheck, shellcheck, scripts/check-style; fuzz targets compile' \
	'make format      settle the whitespace of all C files' \
	'make fuzz        each fuzz target for FUZZ_SECONDS=$(FUZZ_SECONDS)' \
	'make bench       bulwark beside runc and crun, BENCH_RUNS=$(BENCH_RUNS): build/bench.tsv and charts; root' \
	'make coverage    lines that the unit tests reach' \
	'make install     to DESTDIR= and PREFIX=$(PREFIX), which is compiled in; also uninstall' \
	'make clean       remove build/' \
	'' \
	'Options: V=1 shows commands; SANITIZE=address,undefined; STRICT=1 makes a skipped test a failure;' \
	'SYSTEMD=0 leaves bulwark-systemd out; WERROR=0 keeps warnings from being errors;' \
	'CFLAGS=, CPPFLAGS=, LDFLAGS= are added to ours; CC= is the compiler.'
