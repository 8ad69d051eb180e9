# migrator: schema migrations inside the PostgreSQL server.
#
#   make && sudo make install        build and install (PG_CONFIG chooses the server)
#   LINK_DIR=/usr/local/bin          install: and a link there to migrator-push, for the PATH; uninstall removes it
#   make installcheck                regress and isolation tests against a running server; some want the library of the tests:
#                                    make -C test/modules/migrator_probe install
#   make prove_installcheck          TAP tests, each with clusters of its own
#   DEV=1                            warnings are errors
#   COVERAGE=1                       build for gcov

EXTENSION = migrator
MODULE_big = migrator
DATA = $(wildcard sql/migrator--*.sql)
SCRIPTS = bin/migrator-push

# All of src/: which module may know which is drawn in src/README.md.
OBJS = $(patsubst %.c,%.o,$(sort $(wildcard src/*/*.c)))

PG_CONFIG ?= pg_config
PG_CPPFLAGS = -I$(srcdir)/src
PG_CFLAGS = -Wall -Wextra -Wno-unused-parameter -Wno-sign-compare -Wno-missing-field-initializers -Wno-clobbered
# PGXS does this from 16 on, see src/base/compat.h
PG_CFLAGS += -fvisibility=hidden
SHLIB_LINK = -lcrypto -larchive -lz

ifdef DEV
PG_CFLAGS += -Werror
endif
ifdef COVERAGE
PG_CFLAGS += --coverage -O0
SHLIB_LINK += --coverage
EXTRA_CLEAN += src/*/*.gcno src/*/*.gcda
endif

REGRESS = $(sort $(patsubst test/sql/%.sql,%,$(wildcard test/sql/*.sql)))
REGRESS_OPTS = --inputdir=test --load-extension=migrator
ISOLATION = $(sort $(patsubst test/specs/%.spec,%,$(wildcard test/specs/*.spec)))
# Expected output is looked for below the output directory first: both kinds keep it in expected/.
ISOLATION_OPTS = --inputdir=test --outputdir=. --load-extension=migrator

# The TAP tests have a target of their own: installcheck needs a running server, they start theirs.
PROVE_TESTS ?= test/t/*.pl
EXTRA_CLEAN += tmp_check results

# No clang needed: bitcode only serves inlining by the JIT, which calls none of our functions in a loop.
override with_llvm = no

PGXS := $(shell $(PG_CONFIG) --pgxs)
ifeq ($(wildcard $(PGXS)),)
$(error the development files of PostgreSQL are missing: PG_CONFIG=$(PG_CONFIG) names none (Debian: postgresql-server-dev-15 or another major version))
endif
include $(PGXS)

# The compiler is asked, for it may look elsewhere than we would; one header after the other only when one is missing.
.PHONY: headers
headers:
	@printf '#include <%s>\n' openssl/evp.h archive.h zlib.h | $(CC) $(CPPFLAGS) -E - >/dev/null 2>&1 && \
	  test -e '$(includedir_server)/postgres.h' || { \
	  test -e '$(includedir_server)/postgres.h' || \
	    echo 'missing: postgres.h, of PostgreSQL $(MAJORVERSION) (Debian: postgresql-server-dev-$(MAJORVERSION))' >&2; \
	  for needed in openssl/evp.h:OpenSSL:libssl-dev archive.h:libarchive:libarchive-dev zlib.h:zlib:zlib1g-dev; do \
	    header=$${needed%%:*} package=$${needed##*:} library=$${needed#*:}; \
	    printf '#include <%s>\n' $$header | $(CC) $(CPPFLAGS) -E - >/dev/null 2>&1 || \
	      echo "missing: $$header, of $${library%:*} (Debian: $$package)" >&2; \
	  done; exit 1; }
$(OBJS): | headers

# PGXS knows no header dependencies; a stale object would be wrong without a word.
$(OBJS): $(wildcard src/*/*.h)

.PHONY: prove_installcheck
prove_installcheck:
	$(prove_installcheck)

# PGXS forgets that scripts are installed without their folder. A link in LINK_DIR is ours if it leads to that script.
LINK_DIR ?=
.PHONY: install-link uninstall-script
install: install-link
install-link: installdirs
ifneq ($(LINK_DIR),)
	$(MKDIR_P) '$(DESTDIR)$(LINK_DIR)'
	ln -sf '$(bindir)/migrator-push' '$(DESTDIR)$(LINK_DIR)/migrator-push'
endif
uninstall: uninstall-script
uninstall-script:
	rm -f '$(DESTDIR)$(bindir)/migrator-push'
	@for dir in $(if $(LINK_DIR),'$(LINK_DIR)',/usr/local/bin); do \
	  if [ "$$(readlink "$(DESTDIR)$$dir/migrator-push")" = '$(bindir)/migrator-push' ]; then \
	    rm -f "$(DESTDIR)$$dir/migrator-push"; \
	  fi; \
	done
