#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# debian - owns how scripts get at Debian's archive beyond the machine's own release, without a change to its settings.
# To be sourced.

# Prints the address of the archive of Debian that this machine's apt uses.
debian_mirror()
{
	local mirror
	mirror=$(debian_known_mirror)
	if [ -z "$mirror" ] && [ "$(id -u)" -eq 0 ]; then
		apt-get -qq update </dev/null >&2 # apt names only what it has lists of
		mirror=$(debian_known_mirror)
	fi
	if [ -z "$mirror" ]; then
		echo "debian: apt on this machine has no source of Debian's archive" >&2
		return 1
	fi
	printf '%s\n' "$mirror"
}

debian_known_mirror()
{
	# shellcheck disable=SC2016 # apt-get expands
	apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' 2>/dev/null |
		awk '$2 ~ /^[a-z]+$/ && $1 ~ /\/debian\/?$/ { print $1; exit }'
}

# debian_source SUITE: a line of sources.list(5)
debian_source()
{
	local mirror
	mirror=$(debian_mirror) || return 1
	printf 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s %s main\n' "$mirror" "$1"
}

# debian_apt FOLDER COMMAND...: apt-get or apt-cache with lists of its own in FOLDER, whose sources.list it reads.
debian_apt()
{
	local folder=$1 command=$2
	shift 2
	mkdir -p "$folder/lists/partial"
	"$command" -qq -o Dir::Etc::sourcelist="$folder/sources.list" -o Dir::Etc::sourceparts=/dev/null \
		-o Dir::Etc::preferences=/dev/null -o Dir::Etc::preferencesparts=/dev/null \
		-o Dir::State::lists="$folder/lists" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= \
		-o Acquire::Languages=none -o Acquire::Retries=3 \
		-o Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled=false \
		-o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false "$@" </dev/null
}
