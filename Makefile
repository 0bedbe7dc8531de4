# SPDX-License-Identifier: GPL-2.0-only
# sgate: `make help` lists the targets.

PREFIX ?= /usr/local
unitdir ?= $(PREFIX)/lib/systemd/system
CC = gcc
CLANG ?= clang
BPFTOOL ?= $(shell command -v bpftool || echo /usr/sbin/bpftool)
PKG_CONFIG ?= pkg-config
CLANG_FORMAT ?= clang-format
CLANG_TIDY ?= clang-tidy

# SAN=1 builds with ASan and UBSan, in a folder of its own.
ifeq ($(SAN),1)
B := build/san
SAN_B := $(B)
SANFLAGS := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
else
B := build
SAN_B = $(B)/san
endif

# Where many files are made in a row, without a -j of the user's own.
JOBS = $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(shell nproc))

ifeq ($(V),1)
Q :=
say = @:
else
Q := @
say = @printf '  %-7s %s\n'
endif

VERSION := 0.1.0
LIBS := libbpf sqlite3 jansson libmnl libsystemd libcap libmicrohttpd gnutls
WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Werror
CFLAGS ?= -O2 -g
ALL_CFLAGS := -std=gnu17 $(WARNINGS) $(CFLAGS) $(SANFLAGS) -Iinclude -Iloader -I$(B)/skel \
	$(shell $(PKG_CONFIG) --cflags $(LIBS)) -D_GNU_SOURCE -DSGATE_VERSION='"$(VERSION)"'
LDLIBS := $(shell $(PKG_CONFIG) --libs $(LIBS)) -lm
# The UAPI headers of the machine's own architecture, for a compiler that targets BPF.
BPF_CFLAGS := -std=gnu17 -g -O2 -target bpf -mcpu=v3 $(filter-out -Wmissing-prototypes,$(WARNINGS)) -Iinclude \
	-idirafter /usr/include/$(shell $(CC) -print-multiarch)

LOADER := $(filter-out loader/main.c,$(wildcard loader/*/*.c))
LOADER_O := $(LOADER:%.c=$(B)/%.o)
BPF_SKEL := $(patsubst bpf/%.bpf.c,$(B)/skel/%.skel.h,$(wildcard bpf/*.bpf.c))
UNIT_TESTS := $(patsubst %.c,$(B)/%,$(wildcard tests/unit/test_*.c))
TESTS := $(UNIT_TESTS) $(patsubst %.c,$(B)/%,$(wildcard tests/bpf/test_*.c))
TEST_LIB_O := $(patsubst %.c,$(B)/%.o,$(filter-out $(wildcard tests/*/test_*.c),$(wildcard tests/unit/*.c tests/bpf/*.c)))
BENCH_TOOLS := $(patsubst %,$(B)/tools/bench/%,peers_programs peers_traffic peers_tcp peers_load \
	control_fill control_watch modes_tap)
E2E_TOOLS := $(patsubst %.c,$(B)/%,$(wildcard tests/e2e/tools/*.c))

all: $(B)/sgate ## build the program, build/sgate

$(B)/sgate: $(B)/loader/main.o $(B)/libsgate.a
	$(say) LINK $@
	$(Q)$(CC) $(CFLAGS) $(SANFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

# Everything but main, so that tests link the same objects.
$(B)/libsgate.a: $(LOADER_O)
	$(say) AR $@
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(B)/%.o: %.c
	$(say) CC $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -Itests -MMD -MP -c -o $@ $<

# Which files a program includes is known after the first build; skeletons come before.
$(LOADER_O) $(B)/loader/main.o: | $(BPF_SKEL)
$(B)/tools/bench/peers_programs.o: | $(B)/skel/peers_programs.skel.h
$(B)/tools/bench/peers_traffic: $(B)/tools/bench/peers_flows.o

define compile_bpf
	$(say) BPF $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -MMD -MP -c -o $@ $<
endef

$(B)/bpf/%.bpf.o: bpf/%.bpf.c
	$(compile_bpf)

$(B)/tools/bench/%.bpf.o: tools/bench/%.bpf.c
	$(compile_bpf)

define make_skeleton
	$(say) SKEL $@
	$(Q)mkdir -p $(@D)
	$(Q)$(BPFTOOL) gen skeleton $< name sg_$* > $@.tmp && mv $@.tmp $@
endef

$(B)/skel/%.skel.h: $(B)/bpf/%.bpf.o
	$(make_skeleton)

$(B)/skel/%.skel.h: $(B)/tools/bench/%.bpf.o
	$(make_skeleton)

$(B)/tests/%: $(B)/tests/%.o $(TEST_LIB_O) $(B)/libsgate.a
	$(say) LINK $@
	$(Q)$(CC) $(CFLAGS) $(SANFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS) -lcmocka

# Programs of their own, which tests start.
$(B)/tests/e2e/tools/%: tests/e2e/tools/%.c
	$(say) LINK $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $<

$(B)/tools/bench/%: $(B)/tools/bench/%.o $(B)/libsgate.a
	$(say) LINK $@
	$(Q)$(CC) $(CFLAGS) $(SANFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

bench: all bench-tools ## measure everything and write docs/benchmarks.md; as root, 20 to 40 minutes
	$(Q)SGATE=$(abspath $(B)/sgate) tools/bench/run $(if $(QUICK),--quick)

bench-tools: $(BENCH_TOOLS)
tests: $(TESTS) $(E2E_TOOLS) $(BENCH_TOOLS)
unit-tests: $(UNIT_TESTS)

# Fuzzers: everything by clang with libFuzzer, ASan and UBSan. What a run finds stays in $(B)/fuzz/corpus.
FUZZERS := $(patsubst tests/fuzz/fuzz_%.c,$(B)/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_SECONDS ?= 60
FUZZ_CFLAGS := -std=gnu17 -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all \
	-fno-omit-frame-pointer -Iinclude -Iloader -I$(B)/skel $(shell $(PKG_CONFIG) --cflags $(LIBS)) -D_GNU_SOURCE \
	-DSGATE_VERSION='"$(VERSION)"'

$(B)/fuzz/%.o: %.c | $(BPF_SKEL)
	$(say) CLANG $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(FUZZ_CFLAGS) -MMD -MP -c -o $@ $<

$(B)/fuzz/libsgate.a: $(LOADER:%.c=$(B)/fuzz/%.o)
	$(say) AR $@
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(FUZZERS): $(B)/fuzz/%: $(B)/fuzz/tests/fuzz/fuzz_%.o $(B)/fuzz/libsgate.a
	$(say) LINK $@
	$(Q)$(CLANG) -fsanitize=fuzzer,address,undefined -o $@ $^ $(LDLIBS)

fuzz: $(FUZZERS) ## run each fuzzer for FUZZ_SECONDS, 60 unless given
	$(Q)for fuzzer in $(^F); do \
		mkdir -p $(B)/fuzz/corpus/$$fuzzer tests/fuzz/corpus/$$fuzzer && \
		echo "$$fuzzer: $(FUZZ_SECONDS) s" && \
		$(B)/fuzz/$$fuzzer -max_total_time=$(FUZZ_SECONDS) -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 \
			-verbosity=0 -artifact_prefix=$(B)/fuzz/ $(B)/fuzz/corpus/$$fuzzer tests/fuzz/corpus/$$fuzzer || exit 1; \
	done

demo: all ## show on network namespaces of its own what sgate does; as root
	$(Q)SGATE=$(abspath $(B)/sgate) tools/demo-run

# Builds go first and in parallel, so that no test shares the machine with a compiler.
check: ## build, lint and run every test, some with sanitizers; as root
	$(Q)+$(MAKE) --no-print-directory $(JOBS) all tests
	$(Q)+$(MAKE) --no-print-directory $(JOBS) SAN=1 B=$(SAN_B) unit-tests
	$(Q)+MAKE='$(MAKE)' tests/run $(B) $(SAN_B)

# A stamp a file: what has not changed since, with all it includes, is not looked at again.
C_FILES := $(wildcard bpf/*.[ch] include/*/*.h loader/*.[ch] loader/*/*.[ch] tests/*/*.[ch] tests/*/*/*.[ch] \
	tools/*/*.[ch])
TIDY_FLAGS = -std=gnu17 -D_GNU_SOURCE -DSGATE_VERSION='"$(VERSION)"' -Iinclude -Iloader -I$(B)/skel
MAX_LINES := 450

lint: ## check format, sizes, and what clang-tidy finds in the loader
	$(Q)+$(MAKE) --no-print-directory -k $(JOBS) lint-files
	$(Q)awk 'FNR > $(MAX_LINES) && !seen[FILENAME]++ {print FILENAME ": over $(MAX_LINES) lines: find its second job"} \
		END {exit length(seen) > 0}' $(C_FILES)
	$(Q)! grep -nE '(^|[^_[:alnum:]])(system|popen)[[:space:]]*\(' loader/*.[ch] loader/*/*.[ch]

lint-files: $(C_FILES:%=$(B)/lint/%.format) $(patsubst %.c,$(B)/lint/%.tidy,$(wildcard loader/*.c loader/*/*.c))

$(B)/lint/%.format: % .clang-format
	$(say) FORMAT $<
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG_FORMAT) --dry-run --Werror $<
	$(Q)touch $@

$(B)/lint/%.tidy: %.c $(B)/%.o .clang-tidy
	$(say) TIDY $<
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG_TIDY) --quiet $< -- $(TIDY_FLAGS) 2>$@.err || { cat $@.err >&2; exit 1; }
	$(Q)touch $@

# A unit names the program by its path.
install: all ## install below $(DESTDIR)$(PREFIX)
	install -D -m 755 $(B)/sgate $(DESTDIR)$(PREFIX)/sbin/sgate
	install -D -m 644 tools/man/sgate.8 $(DESTDIR)$(PREFIX)/share/man/man8/sgate.8
	install -D -m 644 tools/completion/sgate.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/sgate
	install -D -m 644 tools/grafana/sgate.json $(DESTDIR)$(PREFIX)/share/sgate/grafana.json
	install -d $(DESTDIR)$(unitdir)
	sed 's,^ExecStart=[^ ]*,ExecStart=$(PREFIX)/sbin/sgate,' tools/packaging/sgate.service \
		>$(DESTDIR)$(unitdir)/sgate.service
	chmod 644 $(DESTDIR)$(unitdir)/sgate.service
	install -D -m 644 README.md $(DESTDIR)$(PREFIX)/share/doc/sgate/README.md
	install -D -m 644 docs/api.md $(DESTDIR)$(PREFIX)/share/doc/sgate/api.md
	install -D -m 644 LICENSE $(DESTDIR)$(PREFIX)/share/doc/sgate/LICENSE

clean: ## remove what was built
	rm -rf build

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):[^#]*## /\1\t/p' $(firstword $(MAKEFILE_LIST)) | expand -t 12
	@echo 'settings: V=1 shows commands, SAN=1 builds with ASan and UBSan, PREFIX, DESTDIR, unitdir'

.PHONY: all bench bench-tools tests unit-tests fuzz demo check lint lint-files install clean help
.SECONDARY:

-include $(wildcard $(B)/loader/*.d $(B)/loader/*/*.d $(B)/bpf/*.d $(B)/tests/*/*.d $(B)/tools/*/*.d \
	$(B)/fuzz/loader/*/*.d $(B)/fuzz/tests/fuzz/*.d)
