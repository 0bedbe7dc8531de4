# SPDX-License-Identifier: GPL-2.0-only
# sgate: `make help` lists the targets.

PREFIX ?= /usr/local
CC = gcc
CLANG ?= clang
BPFTOOL ?= $(shell command -v bpftool || echo /usr/sbin/bpftool)
PKG_CONFIG ?= pkg-config
PYTHON ?= /usr/bin/python3

# SAN=1 builds with ASan and UBSan, in a folder of its own.
ifeq ($(SAN),1)
B := build/san
SANFLAGS := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
else
B := build
endif

ifeq ($(V),1)
Q :=
say = @:
else
Q := @
say = @printf '  %-7s %s\n'
endif

VERSION := 0.1.0
LIBS := libbpf sqlite3 jansson libmnl
WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Werror
CFLAGS ?= -O2 -g
ALL_CFLAGS := -std=gnu17 $(WARNINGS) $(CFLAGS) $(SANFLAGS) -Iinclude -Iloader -I$(B)/skel \
	$(shell $(PKG_CONFIG) --cflags $(LIBS)) -D_GNU_SOURCE -DSGATE_VERSION='"$(VERSION)"'
LDLIBS := $(shell $(PKG_CONFIG) --libs $(LIBS))
# The UAPI headers of the machine's own architecture, for a compiler that targets BPF.
BPF_CFLAGS := -std=gnu17 -g -O2 -target bpf -mcpu=v3 $(filter-out -Wmissing-prototypes,$(WARNINGS)) -Iinclude \
	-idirafter /usr/include/$(shell $(CC) -print-multiarch)

LOADER := $(filter-out loader/main.c,$(wildcard loader/*/*.c))
LOADER_O := $(LOADER:%.c=$(B)/%.o)
BPF_SKEL := $(patsubst bpf/%.bpf.c,$(B)/skel/%.skel.h,$(wildcard bpf/*.bpf.c))
TESTS := $(patsubst %.c,$(B)/%,$(wildcard tests/unit/test_*.c tests/bpf/test_*.c))
TEST_LIB_O := $(patsubst %.c,$(B)/%.o,$(filter-out $(wildcard tests/*/test_*.c),$(wildcard tests/unit/*.c tests/bpf/*.c)))
E2E_TOOLS := $(patsubst %.c,$(B)/%,$(wildcard tests/e2e/tools/*.c))

all: $(B)/sgate

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

$(B)/bpf/%.bpf.o: bpf/%.bpf.c
	$(say) BPF $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -MMD -MP -c -o $@ $<

$(B)/skel/%.skel.h: $(B)/bpf/%.bpf.o
	$(say) SKEL $@
	$(Q)mkdir -p $(@D)
	$(Q)$(BPFTOOL) gen skeleton $< name sg_$* > $@.tmp && mv $@.tmp $@

$(B)/tests/%: $(B)/tests/%.o $(TEST_LIB_O) $(B)/libsgate.a
	$(say) LINK $@
	$(Q)$(CC) $(CFLAGS) $(SANFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS) -lcmocka

# Programs of their own, which tests start.
$(B)/tests/e2e/tools/%: tests/e2e/tools/%.c
	$(say) LINK $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $<

tests: $(TESTS) $(E2E_TOOLS)

clean:
	rm -rf build

.PHONY: all tests clean
.SECONDARY:

-include $(wildcard $(B)/loader/*.d $(B)/loader/*/*.d $(B)/bpf/*.d $(B)/tests/*/*.d)
