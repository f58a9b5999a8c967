# Two targets do everything on a fresh Debian with python3, git and make, run as root:
#   make demo   build the lab, break it, diagnose it, compare with the truth, take it away
#   make test   install what the tests need and run them all
# The others: venv dev apt lint types check pure netns differential bench drawn golden clean

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Debian keeps nft, iptables and ip where an ordinary user's PATH does not look.
export PATH := $(PATH):/usr/local/sbin:/usr/sbin:/sbin
# A start without .pyc files takes several times as long, and it is the start that counts here.
unexport PYTHONDONTWRITEBYTECODE

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.ONESHELL:
.SILENT:
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: demo test venv dev apt lint types check pure netns differential bench drawn golden clean

# One stamp for what is installed, one for the code: an edit costs no download.
SETTINGS := $(shell cat setup.cfg pyproject.toml | sha256sum | cut -c1-16)
CODE := $(shell find edgediag README.md LICENSE -type f ! -name '*.pyc' -print0 2>/dev/null \
	| sort -z | xargs -0 sha256sum | cat - setup.cfg | sha256sum | cut -c1-16)
LIBRARIES_STAMP := $(VENV)/.libraries-$(SETTINGS)
DEV_STAMP := $(VENV)/.dev-$(SETTINGS)
CODE_STAMP := $(VENV)/.code-$(CODE)

# Four kinds of packet and some sixteen of each for each: 100,000 packets in half an hour.
DIFFERENTIAL_SETS ?= 1600

# Stories to draw, and the seed that they follow from.
DRAWN ?= 100
SEED ?= 1

# Debian package and the command it brings.
DEMO_PACKAGES := nftables:nft iproute2:ip openssl:openssl
TEST_PACKAGES := $(DEMO_PACKAGES) iptables:iptables arptables:arptables-legacy ipset:ipset \
	tshark:tshark tcpdump:tcpdump traceroute:traceroute mandoc:mandoc procps:sysctl util-linux:unshare \
	iputils-ping:ping iputils-arping:arping netcat-openbsd:nc bind9-dnsutils:dig curl:curl \
	hping3:hping3 ike-scan:ike-scan ethtool:ethtool conntrack:conntrack

# $(call absent,PACKAGES): those of the packages whose command is not there.
absent = $(strip $(foreach pair,$(1),$(shell \
	PATH='$(PATH)' command -v $(lastword $(subst :, ,$(pair))) >/dev/null 2>&1 \
	|| echo $(firstword $(subst :, ,$(pair))))))

# $(call install,PACKAGES): say what comes, then let apt-get bring it.
define install
	if [ -n "$(strip $(1))" ]; then
	  command -v apt-get >/dev/null || { echo "cannot install $(strip $(1)): there is no apt-get here; install them by hand" >&2; exit 1; }
	  echo "installing Debian packages: $(strip $(1))"
	  export DEBIAN_FRONTEND=noninteractive
	  apt-get update -qq
	  apt-get install -qq -y --no-install-recommends $(1) >/dev/null
	fi
endef

# $(call setting,NAME): the lines of one list in setup.cfg.
setting = sed -n '/^$(1) =$$/,/^[^ ]*$$/{/^    /s/^    /  /p}' setup.cfg

demo:
	if [ "$$(id -u)" != 0 ]; then
	  echo "make demo needs root, because it builds network namespaces; run: sudo make demo" >&2
	  exit 1
	fi
	$(call install,$(call absent,$(DEMO_PACKAGES)))
	$(MAKE) --no-print-directory venv
	$(BIN)/python -m edgediag.lab.demo

test: apt check pure netns

venv: $(CODE_STAMP)

dev: $(DEV_STAMP) $(CODE_STAMP)

apt:
	missing="$(call absent,$(TEST_PACKAGES))"
	if [ -n "$$missing" ] && [ "$$(id -u)" != 0 ]; then
	  echo "not root: these Debian packages stay missing and their tests are skipped: $$missing"
	elif [ -n "$$missing" ]; then
	  $(call install,$$missing)
	fi
	if [ "$$(id -u)" != 0 ]; then
	  echo "not root: the tests that need network namespaces (netns) are skipped"
	else
	  # Unpacked, not installed: what is installed would be started. It needs no library.
	  $(PYTHON) -m edgediag.lab.daemons.fetch
	fi

check: lint types

lint: dev
	$(BIN)/flake8 edgediag tests
	$(BIN)/isort --check-only edgediag tests
	echo "lint: clean"

types: dev
	$(BIN)/mypy

# Without any network where that is possible: in a namespace of its own, as root or as a user.
pure: dev
	offline=
	if unshare -n true 2>/dev/null; then
	  offline="unshare -n"
	elif unshare -rn true 2>/dev/null; then
	  offline="unshare -rn"
	else
	  echo "unshare is refused: the pure tests run with the network in reach"
	fi
	$$offline $(BIN)/python -m pytest -q -n 2 -m "not golden and not netns"

netns: dev
	$(BIN)/python -m pytest -q -n 3 -m "golden or netns" \
	  --ignore tests/lab/test_lab_truths.py --ignore tests/lab/test_lab_drawn_truths.py
	# A lab waits most of its time for what does not answer: six share two cores well.
	$(BIN)/python -m pytest -q -n 6 -m netns tests/lab/test_lab_truths.py tests/lab/test_lab_drawn_truths.py

# What explain says beside the kernel's own trace and counters: half an hour.
differential: dev
	EDGEDIAG_DIFFERENTIAL_SETS=$(DIFFERENTIAL_SETS) EDGEDIAG_DIFFERENTIAL_PACKETS=200 \
	  $(BIN)/python -m pytest -q -rP -n 2 tests/net/test_net_walk_differential.py \
	  tests/net/test_net_walk_legacy.py tests/net/test_net_walk_rulesets.py \
	  tests/net/test_net_walk_resolution_differential.py

# How long explain takes beside the tools that print the same tables: three minutes.
bench: dev
	$(BIN)/python tests/bench/scale.py

# Stories that nobody chose, some four seconds each: another seed draws others.
drawn: dev
	$(BIN)/python -m tests.bench.drawn --seed $(SEED) --count $(DRAWN)

# Record the golden cases anew; review every verdict that changes.
golden: dev
	$(BIN)/python tests/golden/record.py

$(VENV)/bin/python:
	if ! $(PYTHON) -c 'import ensurepip, venv' 2>/dev/null; then
	  if [ "$$(id -u)" != 0 ]; then
	    echo "$(PYTHON) cannot make an environment; install python3-venv or run as root" >&2
	    exit 1
	  fi
	  $(call install,python3-venv)
	fi
	rm -rf $(VENV)
	echo "making $(VENV) with $$($(PYTHON) --version)"
	$(PYTHON) -m venv $(VENV)

$(LIBRARIES_STAMP): $(VENV)/bin/python
	echo "installing into $(VENV), with what each of them needs:"
	$(call setting,install_requires)
	$(BIN)/python -m pip install --quiet setuptools wheel .
	rm -rf build
	rm -f $(VENV)/.libraries-* $(VENV)/.code-*
	touch $@ $(CODE_STAMP)

# Without build isolation and dependencies this takes two seconds and no network.
$(CODE_STAMP): $(LIBRARIES_STAMP)
	if [ ! -e $@ ]; then
	  echo "installing edgediag into $(VENV)"
	  rm -rf build
	  $(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --force-reinstall .
	  rm -rf build
	  rm -f $(VENV)/.code-*
	fi
	touch $@

$(DEV_STAMP): $(LIBRARIES_STAMP)
	echo "installing into $(VENV), with what each of them needs:"
	$(call setting,dev)
	$(BIN)/python -m pip install --quiet '.[dev]'
	rm -rf build
	rm -f $(VENV)/.dev-*
	touch $@

clean:
	rm -rf $(VENV) build *.egg-info .mypy_cache .pytest_cache .hypothesis
	find edgediag tests -name __pycache__ -type d -prune -exec rm -rf {} +
