# migrator: schema migrations inside the PostgreSQL server.
#
#   make && sudo make install        build and install (PG_CONFIG chooses the server)
#   LINK_DIR=/usr/local/bin          install: and a link there to migrator-push, for the PATH; uninstall removes it
#   make installcheck                regress and isolation tests against a running server; those that want the library of the
#                                    tests only after make -C test/modules/migrator_probe install
#   make prove_installcheck          TAP tests, each with clusters of its own
#   make dist                        the archive for PGXN, of what is committed; needs git and nothing of PostgreSQL
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

PROBE = $(if $(wildcard $(pkglibdir)/migrator_probe.so),,$(shell grep -l migrator_probe test/sql/*.sql))
REGRESS = $(sort $(patsubst test/sql/%.sql,%,$(filter-out $(PROBE),$(wildcard test/sql/*.sql))))
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
ifeq ($(wildcard $(PGXS))$(filter dist,$(MAKECMDGOALS)),)
$(error the development files of PostgreSQL are missing: PG_CONFIG=$(PG_CONFIG) names none (Debian: postgresql-server-dev-15 or another major version))
endif
-include $(PGXS)

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

# PGXS forgets that scripts are installed without their folder, and knows no manual pages. A link in LINK_DIR is ours if it
# leads to that script.
LINK_DIR ?=
.PHONY: install-more uninstall-more
install: install-more
install-more: installdirs
	$(MKDIR_P) '$(DESTDIR)$(mandir)/man1'
	$(INSTALL_DATA) $(srcdir)/man/migrator-push.1 '$(DESTDIR)$(mandir)/man1/'
ifneq ($(LINK_DIR),)
	$(MKDIR_P) '$(DESTDIR)$(LINK_DIR)'
	ln -sf '$(bindir)/migrator-push' '$(DESTDIR)$(LINK_DIR)/migrator-push'
endif
uninstall: uninstall-more
uninstall-more:
	rm -f '$(DESTDIR)$(bindir)/migrator-push' '$(DESTDIR)$(mandir)/man1/migrator-push.1'
	@for dir in $(if $(LINK_DIR),'$(LINK_DIR)',/usr/local/bin); do \
	  if [ "$$(readlink "$(DESTDIR)$$dir/migrator-push")" = '$(bindir)/migrator-push' ]; then \
	    rm -f "$(DESTDIR)$$dir/migrator-push"; \
	  fi; \
	done

DIST = migrator-$(shell sed -n "s/^default_version *= *'\(.*\)'/\1/p" migrator.control)
.PHONY: dist
dist:
	@git ls-files --error-unmatch Makefile >/dev/null 2>&1 || \
	  { echo 'make dist packs what git has: this is no clone of the repository' >&2; exit 1; }
	@git diff --quiet HEAD || echo 'make dist: changes that are not committed are not in it' >&2
	git archive --format=zip --prefix=$(DIST)/ -o $(DIST).zip HEAD
